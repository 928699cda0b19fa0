"""Stock count: what really lies in a store, item by item; zero is an answer too."""

from field_forms.forms.parts import Form, Taxonomy, amount, centre, item, repeat, row, times, unit


def form(_: Taxonomy) -> Form:
    """The form; items and centres come as lists of the server."""
    counted = [
        item(),
        unit(),
        amount("چند تا در انبار است؟", "How much is there?", least=0),
    ]
    return Form(
        form_id="stock_count",
        version="2026112301",
        title_fa="شمارش انبار",
        title_en="Stock count",
        survey=[
            *times(),
            centre("کدام انبار را می‌شمارید؟", "Which store do you count?"),
            row(
                "note",
                "how",
                "هر کالا را یک بار و همه‌اش را با هم بشمارید. اگر چیزی نمانده، صفر بنویسید.",
                "Count each item once, all of it together. If nothing is left, write zero.",
            ),
            *repeat("counted", "کالا", "Item", counted, appearance="field-list", hamyar="movement count"),
            row(
                "text",
                "note",
                "چیزی خراب یا نزدیک به تاریخ بود؟",
                "Was anything spoilt, or soon to expire?",
                appearance="multiline",
                hamyar="text",
            ),
        ],
    )
