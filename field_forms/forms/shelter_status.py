"""Shelter status: open, full or closed, how many are in it, how many more fit, and what is lacking."""

from field_forms.forms.parts import (
    Form,
    Row,
    Taxonomy,
    asked,
    choice,
    group,
    note_and_photo,
    number,
    place_name,
    position,
    row,
    taxonomy_choices,
    times,
)

LACKING = ("water", "food", "infant_care", "hygiene", "bedding", "heating", "clothing", "power", "medicine")
LACKING_MORE = ("medical_care", "psychosocial", "protection", "volunteers")
UNLISTED = "string-length(${shelter}) = 0"


def _which() -> list[Row]:
    named = place_name(
        "نام سرپناه و جای آن",
        "Name of the shelter, and where it is",
        ("نمونه: دبستان روستا، سالن ورزش", "Example: village school, sports hall"),
        UNLISTED,
    ) | asked("سرپناه را از فهرست برگزینید یا نامش را بنویسید.", "Choose the shelter, or write its name.")
    return [
        row(
            "select_one_from_file shelters.csv",
            "shelter",
            "کدام سرپناه؟",
            "Which shelter?",
            ("اگر در فهرست نیست، خالی بگذارید.", "Leave empty if it is not in the list."),
            appearance="minimal autocomplete",
            hamyar="shelter",
        ),
        named | {"required": UNLISTED, "relevant": UNLISTED},
        position(
            "جای سرپناه",
            "Position of the shelter",
            ("اگر مکان‌یاب کار نمی‌کند، بگذرید.", "Skip it if there is no fix."),
            relevant=UNLISTED,
        ),
    ]


def form(taxonomy: Taxonomy) -> Form:
    """The form, in step with the taxonomy; shelters come as a list of the server."""
    unknown = ("اگر نمی‌دانید، خالی بگذارید.", "Leave empty if you do not know.")
    state = [
        row(
            "select_one shelter_state",
            "state",
            "اکنون جا هست؟",
            "Is there room now?",
            hamyar="shelter.state",
            **asked("وضع سرپناه را برگزینید.", "Choose how the shelter is."),
        ),
        number(
            "people", "اکنون چند نفر در آن هستند؟", "How many people are in it now?", "shelter.people", 100_000, unknown
        ),
        number(
            "capacity",
            "روی‌هم چند نفر جا دارد؟",
            "How many people does it hold in all?",
            "shelter.capacity",
            100_000,
            unknown,
        ),
        row(
            "select_multiple need",
            "needs",
            "چه چیز کم است؟",
            "What is lacking?",
            ("اگر چیزی کم نیست، خالی بگذارید.", "Leave empty if nothing is."),
            relevant="${state} != 'closed'",
            hamyar="need.category",
        ),
    ]
    return Form(
        form_id="shelter_status",
        version="2026112201",
        title_fa="وضع سرپناه",
        title_en="Shelter status",
        survey=[
            *times(),
            *group("which", "کدام سرپناه؟", "Which shelter?", _which(), appearance=""),
            *group("now", "اکنون", "Now", state),
            *note_and_photo(),
        ],
        choices=[
            choice("shelter_state", "open", "باز است و جا دارد", "Open, with room"),
            choice("shelter_state", "full", "باز است ولی پر", "Open, but full"),
            choice("shelter_state", "closed", "بسته یا ناایمن است", "Closed or unsafe"),
            *taxonomy_choices(taxonomy, "need", (*LACKING, *LACKING_MORE)),
        ],
    )
