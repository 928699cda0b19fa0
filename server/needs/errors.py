"""What can go wrong with needs, in both languages."""

from server.kernel.errors import Problem


def not_exact() -> Problem:
    """404: nobody told an exact place."""
    return Problem(
        404,
        "need.not_exact",
        "Nobody has told an exact place for this need.",
        "برای این نیاز مکان دقیقی گفته نشده است.",
    )
