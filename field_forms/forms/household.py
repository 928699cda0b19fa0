"""Household registration: consent first, then as little as helping takes.

No name, no number, no address. A household is known by a number that the phone makes and that is written on a card
which the family keeps; on every phone the list shows that number, the place and how many they are. Who belongs to a
vulnerable group is counted, never named, and stays off the phones' list but for infants, whose food is apart.
"""

from field_forms.forms.parts import (
    EN,
    FA,
    Form,
    Row,
    Taxonomy,
    asked,
    choice,
    group,
    number,
    row,
    taxonomy_choices,
    times,
)

AGREED = "${consent} = 'yes'"


def _consent() -> list[Row]:
    return group(
        "asking",
        "اجازه",
        "Consent",
        [
            row(
                "note",
                "explanation",
                "برای خانواده بخوانید: ما نام و شماره نمی‌پرسیم. تنها می‌نویسیم چند نفرید، کجایید و چه کسانی"
                " مراقبت ویژه می‌خواهند، تا کمک به‌اندازه برسد. می‌توانید نپذیرید؛ در هر حال کمک می‌گیرید.",
                "Read to the family: we ask for no name and no number. We only write down how many you are, where you"
                " are and who needs special care, so that the right amount of help comes. You may say no; you get"
                " help anyway.",
            ),
            row(
                "select_one yes_no",
                "consent",
                "آیا بزرگ‌سالی از خانواده پذیرفت؟",
                "Did an adult of the family agree?",
                hamyar="consent",
                **asked(
                    "بی‌اجازه ثبت نمی‌شود؛ بله یا نه را برگزینید.", "Nothing is kept without consent: choose yes or no."
                ),
            ),
            row(
                "note",
                "refused",
                "چیزی ثبت نمی‌شود. فرم را به پایان ببرید و کمک را بدهید.",
                "Nothing is registered. Finish the form, and give the help.",
                relevant="${consent} = 'no'",
            ),
        ],
    )


def _part(name: str, fa: str, en: str, word: str, save_to: str = "") -> Row:
    """A number of people out of all of the household."""
    made = number(name, fa, en, f"count {word}", 60, save_to=save_to)
    made["constraint"] = ". >= 0 and . <= ${people}"
    made[f"constraint_message::{FA}"] = "این شمار نمی‌تواند منفی یا بیش از شمار همهٔ افراد خانوار باشد."
    made[f"constraint_message::{EN}"] = "This number cannot be negative or above the number of all in the household."
    return made


def _household() -> list[Row]:
    people = number("people", "چند نفرند؟", "How many are they?", "people", 60, save_to="people")
    people |= {"constraint": ". >= 1 and . <= 60"} | asked("شمار افراد را بنویسید.", "Write how many they are.")
    return group(
        "household",
        "خانوار",
        "Household",
        [
            # Two random fours: among a thousand households, two share a number in one case of a hundred and sixty.
            row(
                "calculate",
                "card",
                calculation="once(concat(int(1000 + random() * 9000), '-', int(1000 + random() * 9000)))",
                save_to="card",
            ),
            row(
                "note",
                "card_note",
                "این شماره را روی کارت بنویسید و به خانواده بدهید: ${card}",
                "Write this number on a card and give it to the family: ${card}",
            ),
            row(
                "text",
                "place_name",
                "اکنون کجا هستند؟ (نام روستا، محله یا سرپناه)",
                "Where are they now? (village, quarter or shelter)",
                ("نشانی خانه و نام کسی را ننویسید.", "No home address and no names."),
                save_to="place",
                hamyar="place",
                **asked("نام جا را بنویسید تا کمک پیدایشان کند.", "Write the place, so that help finds them."),
            ),
            people,
        ],
        relevant=AGREED,
    )


def _special() -> list[Row]:
    return group(
        "special",
        "چه کسانی مراقبت ویژه می‌خواهند؟",
        "Who needs special care?",
        [
            row(
                "note",
                "special_note",
                "تنها شمار را بنویسید؛ اگر نیست یا نمی‌دانید، خالی بگذارید.",
                "Numbers only; leave empty if there are none, or you do not know.",
            ),
            _part("women", "زنان", "Women", "women"),
            _part("children", "کودکان دو تا هفده سال", "Children from 2 to 17", "child"),
            _part("infants", "نوزادان زیر دو سال", "Infants under 2", "infant", save_to="infants"),
            _part("elderly", "سالمندان", "Elderly people", "elderly"),
            _part("pregnant", "زنان باردار", "Pregnant women", "pregnant"),
            _part("disabled", "افراد دارای معلولیت", "People with a disability", "disabled"),
            row(
                "select_multiple condition",
                "conditions",
                "آیا در خانوار هست؟",
                "Is there in the household?",
                hamyar="vulnerable",
            ),
        ],
        relevant=AGREED,
    )


def _lacking() -> list[Row]:
    return group(
        "lacking",
        "چه لازم دارند؟",
        "What do they need?",
        [
            row(
                "select_multiple need",
                "needs",
                "اکنون چه کم دارند؟",
                "What do they lack now?",
                ("اگر چیزی کم ندارند، خالی بگذارید.", "Leave empty if they lack nothing."),
                hamyar="need.category",
            )
        ],
        relevant=AGREED,
    )


def form(taxonomy: Taxonomy) -> Form:
    """The form, in step with the taxonomy."""
    return Form(
        form_id="household",
        version="2026112201",
        title_fa="ثبت خانوار",
        title_en="Household registration",
        survey=[*times(), *_consent(), *_household(), *_special(), *_lacking()],
        choices=[
            choice("yes_no", "yes", "بله، پذیرفت", "Yes, agreed"),
            choice("yes_no", "no", "نه", "No"),
            choice(
                "condition", "chronic_illness", "بیمار نیازمند داروی همیشگی", "Somebody who needs medicine all the time"
            ),
            choice("condition", "woman_headed", "سرپرستی زن", "Headed by a woman"),
            *taxonomy_choices(taxonomy, "need"),
        ],
        entities=[
            {
                "list_name": "households",
                "label": "concat(${card}, ' | ', ${place_name}, ' | ', ${people})",
                "create_if": AGREED,
            }
        ],
    )
