"""Distribution: what one registered household was given, signed for."""

from field_forms.forms.parts import (
    Form,
    Taxonomy,
    amount,
    asked,
    centre,
    group,
    household,
    item,
    repeat,
    row,
    times,
    unit,
)


def form(_: Taxonomy) -> Form:
    """The form; items, centres and households come as lists of the server."""
    who = [
        centre("کالا از کدام مرکز است؟", "From which centre are the goods?"),
        household(
            "کدام خانوار؟",
            "Which household?",
            (
                "شمارهٔ کارت را بنویسید. اگر ثبت نشده است، نخست فرم «ثبت خانوار» را پر کنید.",
                "Type the number of the card. If they are not registered, fill in 'Household registration' first.",
            ),
            **asked("خانوار را برگزینید.", "Choose the household."),
        ),
        row(
            "calculate",
            "household_people",
            calculation="instance('households')/root/item[name = ${household}]/people",
        ),
        row(
            "note",
            "household_note",
            "این خانوار ${household_people} نفرند.",
            "They are ${household_people} people.",
            relevant="string-length(${household_people}) > 0",
        ),
    ]
    signed = [
        row(
            "image",
            "signature",
            "امضای گیرنده",
            "Signature of the receiver",
            ("نشانه یا ضربدر هم بس است. عکس نگیرید.", "A mark or a cross is enough. Take no photograph."),
            appearance="signature",
            parameters="max-pixels=600",
            hamyar="signature",
            **asked("گیرنده نشانی بگذارد.", "Let the receiver leave a mark."),
        ),
        row(
            "text",
            "note",
            "چیزی کم یا خراب بود؟",
            "Was anything missing or spoilt?",
            ("نام و شمارهٔ کسی را ننویسید.", "No names or numbers of persons."),
            appearance="multiline",
            hamyar="text",
        ),
    ]
    goods = [item(), unit(), amount("چه اندازه داده شد؟", "How much was given?")]
    return Form(
        form_id="distribution",
        version="2026112301",
        title_fa="توزیع کالا",
        title_en="Distribution",
        survey=[
            *times(),
            *group("receiver", "به چه کسانی؟", "To whom?", who),
            *repeat("goods", "کالا", "Goods", goods, appearance="field-list", hamyar="movement distribution"),
            *group("receipt", "رسید", "Receipt", signed, appearance=""),
        ],
    )
