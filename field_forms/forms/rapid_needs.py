"""Rapid needs: what happened, how urgent, where, who, what is needed and how much."""

from collections.abc import Sequence

from field_forms.forms.parts import (
    EN,
    FA,
    Form,
    Row,
    Taxonomy,
    choice,
    messages,
    number,
    row,
    taxonomy_choices,
    urgencies,
)

VERSION = "2026112201"

# Need code → unit of its amount, and the words for it. A need without an entry is not counted.
UNITS: dict[str, tuple[str, str, str]] = {
    "search_rescue": ("person", "چند نفر؟", "how many people?"),
    "evacuation": ("person", "چند نفر؟", "how many people?"),
    "medical_care": ("person", "چند نفر؟", "how many people?"),
    "medicine": ("person", "برای چند نفر؟", "for how many people?"),
    "water": ("litre", "چند لیتر؟", "how many litres?"),
    "food": ("pack", "چند بسته؟", "how many packs?"),
    "infant_care": ("person", "برای چند نوزاد؟", "for how many infants?"),
    "hygiene": ("pack", "چند بسته؟", "how many packs?"),
    "shelter": ("tent", "چند چادر؟", "how many tents?"),
    "bedding": ("piece", "چند تخته؟", "how many pieces?"),
    "heating": ("piece", "چند دستگاه؟", "how many heaters?"),
    "clothing": ("set", "چند دست؟", "how many sets?"),
    "power": ("piece", "چند دستگاه؟", "how many lamps or generators?"),
    "machinery": ("piece", "چند دستگاه؟", "how many machines?"),
    "transport": ("vehicle", "چند خودرو؟", "how many vehicles?"),
    "psychosocial": ("person", "برای چند نفر؟", "for how many people?"),
    "protection": ("person", "برای چند نفر؟", "for how many people?"),
    "money": ("household", "برای چند خانوار؟", "for how many families?"),
    "volunteers": ("person", "چند نفر؟", "how many people?"),
}


def _part(name: str, fa: str, en: str, word: str, hint: tuple[str, str] = ("", "")) -> Row:
    """A number of people out of all: never more than everybody, when everybody was counted."""
    row = number(name, fa, en, f"count {word}", 100_000, hint)
    row["constraint"] = ". >= 0 and . <= 100000 and (string-length(${people}) = 0 or . <= ${people})"
    row[f"constraint_message::{FA}"] = "این شمار نمی‌تواند منفی یا بیش از شمار همهٔ افراد باشد."
    row[f"constraint_message::{EN}"] = "This number cannot be negative or above the number of all people."
    return row


def _situation() -> list[Row]:
    return [
        row("start", "start"),
        row("end", "end"),
        row("begin group", "situation", "چه شده است؟", "What happened?", appearance="field-list"),
        row(
            "select_multiple incident",
            "what_happened",
            "اکنون در محل چه پیش آمده است؟",
            "What is happening there now?",
            ("هر چه را می‌بینید یا شنیده‌اید برگزینید؛ اگر تنها کمبود است، خالی بگذارید.",
             "Choose all that you see or were told; leave empty if something is only lacking."),
            hamyar="incident.category",
        ),
        row(
            "select_one urgency",
            "urgency",
            "چقدر فوری است؟",
            "How urgent is it?",
            required="yes",
            hamyar="urgency",
        )
        | messages("فوریت را برگزینید تا کمک به‌ترتیب درست برسد.",
                 "Choose the urgency, so that help goes out in the right order."),
        row("end group", "situation"),
    ]  # fmt: skip


def _where() -> list[Row]:
    return [
        row("begin group", "where", "کجا؟", "Where?"),
        row(
            "geopoint",
            "location",
            "جای دقیق رویداد",
            "Exact position of the happening",
            ("اگر در محل نیستید یا مکان‌یاب کار نمی‌کند، بگذرید و نام جا را بنویسید.",
             "If you are not there, or there is no fix, skip it and write the name of the place."),
            hamyar="location",
        ),
        row(
            "text",
            "place_name",
            "نام شهر، روستا، محله یا نشانهٔ نزدیک",
            "Town, village, quarter or a landmark near it",
            ("نام و نشانی خانهٔ اشخاص را ننویسید.", "Do not write names or home addresses of persons."),
            required="string-length(${location}) = 0",
            hamyar="place",
        )
        | messages("بدون مختصات، نام جا لازم است.", "Without a position, the name of the place is needed."),
        row("end group", "where"),
    ]  # fmt: skip


def _people() -> list[Row]:
    return [
        row("begin group", "affected", "چه کسانی؟", "Who?", appearance="field-list"),
        row("note", "affected_note", "شمار تقریبی بس است؛ آنچه را نمی‌دانید خالی بگذارید.",
             "An estimate is enough; leave empty what you do not know."),
        number("people", "شمار همهٔ افراد آسیب‌دیده", "All people affected", "people", 1_000_000),
        number("households", "شمار خانوارها", "Families", "households", 200_000),
        _part("women", "زنان", "Women", "women"),
        _part("children", "کودکان دو تا هفده سال", "Children from 2 to 17", "child"),
        _part("infants", "نوزادان زیر دو سال", "Infants under 2", "infant"),
        _part("elderly", "سالمندان", "Elderly people", "elderly"),
        _part("pregnant", "زنان باردار", "Pregnant women", "pregnant"),
        _part("disabled", "افراد دارای معلولیت", "People with a disability", "disabled",
              ("هر که بی‌کمک نمی‌تواند راه برود نیز.", "Anyone who cannot walk without help too.")),
        row("select_multiple condition", "conditions", "آیا در میان آنان هست؟", "Is there among them?",
             hamyar="vulnerable"),
        row("end group", "affected"),
    ]  # fmt: skip


def _needs(needs: Sequence[Row]) -> list[Row]:
    rows = [
        row("begin group", "lacking", "چه لازم است؟", "What is needed?", appearance="field-list"),
        row(
            "select_multiple need",
            "needs",
            "چه چیز کم است یا خواسته‌اند؟",
            "What do they lack or ask for?",
            required="string-length(${what_happened}) = 0",
            hamyar="need.category",
        )
        | messages("دست‌کم یک رویداد یا یک نیاز را برگزینید.", "Choose at least one happening or one need."),
        row("end group", "lacking"),
        row("begin group", "amounts", "چه اندازه؟", "How much?", relevant="string-length(${needs}) > 0",
             appearance="field-list"),
        row("note", "amounts_note", "اگر اندازه را نمی‌دانید، خالی بگذارید.",
             "Leave empty what you cannot tell."),
    ]  # fmt: skip
    for need in needs:
        if need["code"] in UNITS:
            unit, fa, en = UNITS[need["code"]]
            name, role = f"amount_{need['code']}", f"need.quantity {need['code']} {unit}"
            made = number(name, f"{need['label_fa']}: {fa}", f"{need['label_en']}: {en}", role, 1_000_000)
            rows.append(made | {"relevant": f"selected(${{needs}}, '{need['code']}')"})
    return [*rows, row("end group", "amounts")]


def _more() -> list[Row]:
    return [
        row("begin group", "more", "بیشتر", "More", appearance="field-list"),
        row(
            "text",
            "note",
            "هر چه دیگر که باید بدانیم",
            "Anything else that we should know",
            ("راه رسیدن، خطرها، داروی ویژه. نام و شماره ننویسید.",
             "The way there, dangers, a special medicine. No names or numbers."),
            appearance="multiline",
            hamyar="text",
        ),
        row(
            "image",
            "photo",
            "عکس (اختیاری)",
            "Photo (optional)",
            ("از چهرهٔ کسی عکس نگیرید؛ راه، پل، ساختمان یا آب را نشان دهید.",
             "No faces, please: show the road, the bridge, the building or the water."),
            parameters="max-pixels=1280",
            hamyar="photo",
        ),
        row("end group", "more"),
    ]  # fmt: skip


def _choices(taxonomy: Taxonomy) -> list[Row]:
    return [
        *taxonomy_choices(taxonomy, "incident"),
        *taxonomy_choices(taxonomy, "need"),
        *urgencies(),
        choice(
            "condition",
            "chronic_illness",
            "بیمار نیازمند داروی همیشگی",
            "Somebody who needs medicine all the time",
        ),
        choice("condition", "woman_headed", "خانوار به سرپرستی زن", "A family headed by a woman"),
    ]


def form(taxonomy: Taxonomy) -> Form:
    """The form, in step with the taxonomy."""
    needs = [entry for entry in taxonomy if entry["kind"] == "need"]
    return Form(
        form_id="rapid_needs",
        version=VERSION,
        title_fa="نیازهای فوری",
        title_en="Rapid needs",
        survey=[*_situation(), *_where(), *_people(), *_needs(needs), *_more()],
        choices=_choices(taxonomy),
    )
