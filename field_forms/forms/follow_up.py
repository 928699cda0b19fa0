"""Follow-up visit: was the need met, partly or not, what is still missing, and why."""

from field_forms.forms.parts import (
    ANY_DIGIT,
    Form,
    Row,
    Taxonomy,
    asked,
    choice,
    group,
    household,
    number,
    refused,
    row,
    taxonomy_choices,
    times,
)

UNLISTED = "string-length(${need}) = 0"
UNCODED = f"{UNLISTED} and string-length(${{need_code}}) = 0"


def _which() -> list[Row]:
    return [
        row(
            "select_one_from_file needs.csv",
            "need",
            "پیگیری کدام نیاز است؟",
            "Which need do you follow up?",
            (
                "بخشی از کد یا نام جا را بنویسید. اگر در فهرست نیست، خالی بگذارید.",
                "Type a part of its code or place. Leave empty if it is not in the list.",
            ),
            appearance="minimal autocomplete",
            hamyar="followup",
        ),
        row(
            "text",
            "need_code",
            "کد نیاز",
            "Code of the need",
            (
                "کدی که با N آغاز می‌شود. اگر نمی‌دانید، خالی بگذارید.",
                "The code that begins with N. Leave empty if you do not know it.",
            ),
            relevant=UNLISTED,
            constraint=f"regex(., '^ *[Nn][ -]*[A-Za-z{ANY_DIGIT}]{{4,12}} *$')",
            hamyar="followup",
            **refused(
                "کد با N آغاز می‌شود؛ پس از آن تنها حرف لاتین و رقم.",
                "The code begins with N; then only letters and digits.",
            ),
        ),
        household(
            "کدام خانوار؟",
            "Which household?",
            ("شمارهٔ کارت را بنویسید.", "Type the number of the card."),
            relevant=UNCODED,
            **asked("نیاز یا خانوار را برگزینید.", "Choose the need or the household."),
        ),
        row(
            "select_one need",
            "category",
            "چه نیازی داشتند؟",
            "What did they need?",
            relevant=UNCODED,
            hamyar="followup.category",
            **asked("نیاز را برگزینید.", "Choose the need."),
        ),
    ]


def _result() -> list[Row]:
    unmet = "${result} = 'partly' or ${result} = 'not'"
    return [
        row(
            "select_one followup_result",
            "result",
            "آیا کمک رسید و بس بود؟",
            "Did the help come, and was it enough?",
            hamyar="followup.result",
            **asked("یکی را برگزینید.", "Choose one."),
        ),
        number(
            "missing",
            "چه اندازه هنوز کم است؟",
            "How much is still missing?",
            "followup.missing",
            1_000_000,
            (
                "با همان واحد درخواست. اگر نمی‌دانید، خالی بگذارید.",
                "In the unit of the request. Leave empty if you do not know.",
            ),
            relevant=unmet,
        ),
        row(
            "select_multiple reason",
            "reasons",
            "چرا؟",
            "Why?",
            ("همه را که درست است برگزینید.", "Choose all that are true."),
            relevant=unmet,
            hamyar="followup.reason",
        ),
        row(
            "text",
            "note",
            "خودشان چه می‌گویند؟",
            "What do they say themselves?",
            ("نام و شمارهٔ کسی را ننویسید.", "No names or numbers of persons."),
            appearance="multiline",
            hamyar="text",
        ),
    ]


def form(taxonomy: Taxonomy) -> Form:
    """The form, in step with the taxonomy; needs and households come as lists of the server."""
    return Form(
        form_id="follow_up",
        version="2026112201",
        title_fa="پیگیری",
        title_en="Follow-up visit",
        survey=[
            *times(),
            *group("which", "کدام نیاز؟", "Which need?", _which(), appearance=""),
            *group("outcome", "چه شد؟", "What became of it?", _result()),
        ],
        choices=[
            choice("followup_result", "met", "رسید و بس بود", "It came and was enough"),
            choice("followup_result", "partly", "رسید ولی بس نبود", "It came, but was not enough"),
            choice("followup_result", "not", "نرسید", "It did not come"),
            choice("reason", "too_little", "کم بود", "Too little"),
            choice("reason", "wrong_kind", "چیزی نبود که لازم داشتند", "Not what they needed"),
            choice("reason", "spoilt", "خراب یا کهنه بود", "Spoilt or expired"),
            choice("reason", "too_late", "دیر رسید", "Too late"),
            choice("reason", "not_reached", "راه بسته یا جا ناپیدا بود", "Way blocked, or place not found"),
            choice("reason", "moved", "جای دیگری رفته‌اند", "They have moved"),
            choice("reason", "new_need", "نیاز تازه‌ای پیدا شده", "A new need has come up"),
            *taxonomy_choices(taxonomy, "need"),
        ],
    )
