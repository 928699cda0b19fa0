"""What can go wrong with checks and verification, in both languages."""

from server.kernel.errors import Problem


def reason_does_not_fit(reason: str) -> Problem:
    """422: the reason is none for that state."""
    return Problem(
        422,
        "verify.reason",
        "This reason does not fit that state.",
        "این دلیل با آن وضعیت نمی‌خواند.",
        fields=[{"field": "reason", "code": "does_not_fit", "message": reason}],
    )


def nothing_to_undo() -> Problem:
    """409: nobody has said anything that stands."""
    return Problem(409, "verify.nothing", "There is nothing left to take back.", "چیزی برای پس‌گرفتن نمانده است.")


def nobody_to_ask() -> Problem:
    """409: no report behind it came from a telephone."""
    return Problem(
        409,
        "check.no_sender",
        "None of its reports has a sender that can be texted.",
        "هیچ‌یک از گزارش‌هایش فرستنده‌ای برای پیامک ندارد.",
    )


def asked_before() -> Problem:
    """409: each report's sender is asked once."""
    return Problem(
        409,
        "check.asked",
        "The senders of its reports have been asked already.",
        "پیش از این از فرستنده‌های این گزارش‌ها پرسیده شده است.",
    )
