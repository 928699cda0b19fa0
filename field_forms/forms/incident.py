"""Incident: something happened; what, how urgent, where, and how many people it concerns."""

from field_forms.forms.parts import (
    NO_NAMES,
    Form,
    Taxonomy,
    asked,
    group,
    note_and_photo,
    number,
    place_name,
    position,
    row,
    taxonomy_choices,
    times,
    urgencies,
)


def form(taxonomy: Taxonomy) -> Form:
    """The form, in step with the taxonomy."""
    what = [
        row(
            "select_multiple incident",
            "what_happened",
            "چه شده است؟",
            "What happened?",
            (
                "هر چه را می‌بینید یا از کسی مطمئن شنیده‌اید برگزینید.",
                "Choose all that you see, or know from somebody sure.",
            ),
            hamyar="incident.category",
            **asked("دست‌کم یکی را برگزینید.", "Choose at least one."),
        ),
        row(
            "select_one urgency",
            "urgency",
            "چقدر فوری است؟",
            "How urgent is it?",
            hamyar="urgency",
            **asked(
                "فوریت را برگزینید تا کمک به‌ترتیب درست برسد.",
                "Choose the urgency, so that help goes out in the right order.",
            ),
        ),
        number(
            "people",
            "چند نفر درگیرند؟",
            "How many people are concerned?",
            "people",
            1_000_000,
            (
                "شمار تقریبی بس است؛ اگر نمی‌دانید خالی بگذارید.",
                "An estimate is enough; leave empty if you do not know.",
            ),
        ),
    ]
    where = [
        position(
            "جای دقیق رویداد",
            "Exact position of the happening",
            (
                "اگر در محل نیستید یا مکان‌یاب کار نمی‌کند، بگذرید و نام جا را بنویسید.",
                "If you are not there, or there is no fix, skip it and write the name of the place.",
            ),
        ),
        place_name("نام شهر، روستا، محله یا نشانهٔ نزدیک", "Town, village, quarter or a landmark near it", NO_NAMES),
    ]
    return Form(
        form_id="incident",
        version="2026112201",
        title_fa="گزارش رویداد",
        title_en="Incident",
        survey=[
            *times(),
            *group("situation", "چه شده است؟", "What happened?", what),
            *group("where", "کجا؟", "Where?", where, appearance=""),
            *note_and_photo(),
        ],
        choices=[*taxonomy_choices(taxonomy, "incident"), *urgencies()],
    )
