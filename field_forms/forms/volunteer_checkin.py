"""Volunteer check-in: I am here, I rest, I leave. A code, no name, no number, no position."""

from field_forms.forms.parts import (
    ANY_DIGIT,
    Form,
    Taxonomy,
    asked,
    centre,
    choice,
    group,
    refused,
    row,
    times,
)


def form(_: Taxonomy) -> Form:
    """The form; centres and open tasks come as lists of the server."""
    questions = [
        row(
            "text",
            "volunteer",
            "کد داوطلبی شما",
            "Your volunteer code",
            (
                "همان کد که از مرکز گرفته‌اید. رقم فارسی هم درست است. نام ننویسید.",
                "The code that your centre gave you. Digits of any keyboard will do. No names.",
            ),
            constraint=f"regex(., '^ *[A-Za-z{ANY_DIGIT}][A-Za-z{ANY_DIGIT}_ -]{{1,39}}$')",
            hamyar="checkin",
            **refused("تنها حرف لاتین، رقم و خط تیره.", "Only Latin letters, digits and hyphens."),
            **asked("کد خود را بنویسید.", "Write your code."),
        ),
        row(
            "select_one checkin_state",
            "state",
            "اکنون چه می‌کنید؟",
            "What do you do now?",
            default="active",
            hamyar="checkin.state",
            **asked("یکی را برگزینید.", "Choose one."),
        ),
        centre(
            "در کدام مرکز؟",
            "At which centre?",
            ("اگر جای دیگری هستید، خالی بگذارید.", "Leave empty if elsewhere."),
            required=False,
        )
        | {"relevant": "${state} = 'active'"},
        row(
            "select_one_from_file tasks.csv",
            "task",
            "روی کدام کار هستید؟",
            "Which task are you on?",
            ("اگر هنوز کاری ندارید، خالی بگذارید.", "Leave empty if you have none yet."),
            relevant="${state} = 'active'",
            appearance="minimal autocomplete",
            hamyar="task",
        ),
        row(
            "dateTime",
            "until",
            "تا کی؟",
            "Until when?",
            ("اگر نمی‌دانید، خالی بگذارید.", "Leave empty if you do not know."),
            hamyar="checkin.until",
        ),
    ]
    return Form(
        form_id="volunteer_checkin",
        version="2026112201",
        title_fa="حضور داوطلب",
        title_en="Volunteer check-in",
        survey=[*times(), *group("presence", "حضور", "Presence", questions, appearance="")],
        choices=[
            choice("checkin_state", "active", "آماده یا سر کارم", "Ready or at work"),
            choice("checkin_state", "resting", "استراحت می‌کنم", "Resting"),
            choice("checkin_state", "away", "می‌روم", "Leaving"),
        ],
    )
