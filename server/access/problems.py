"""What several slices refuse for one reason of access."""

from server.kernel.errors import Problem


def sealing_closed() -> Problem:
    """503: the key that opens sealed columns lies elsewhere (`SealedError`)."""
    return Problem(
        503,
        "sealing.closed",
        "The key that opens this is not on this machine.",
        "کلید گشودن این داده روی این دستگاه نیست.",
    )
