"""Problems of reports."""

from server.kernel.errors import Problem


def not_json() -> Problem:
    """400: the body is no JSON object."""
    return Problem(400, "report.not_json", "The body must be one JSON object.", "بدنهٔ درخواست باید یک شیء JSON باشد.")


def invalid(fields: list[dict[str, str]]) -> Problem:
    """422: fields that are missing or of the wrong type."""
    return Problem(
        422,
        "report.invalid",
        "Some fields of the report are missing or wrong.",
        "برخی از خانه‌های گزارش خالی یا نادرست است.",
        fields=fields,
    )


def bad_key() -> Problem:
    """400: an Idempotency-Key that is too long."""
    return Problem(
        400,
        "report.key_too_long",
        "An Idempotency-Key has at most 1000 signs.",
        "کلید Idempotency-Key بیش از ۱۰۰۰ نویسه نمی‌شود.",
    )


def assigned_elsewhere() -> Problem:
    """409: the report already belongs to another emergency."""
    return Problem(
        409,
        "report.assigned",
        "The report already belongs to another emergency.",
        "این گزارش از پیش به عملیات دیگری سپرده شده است.",
    )
