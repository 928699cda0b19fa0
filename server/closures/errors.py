"""What can go wrong with closures, in both languages."""

from server.kernel.errors import CONSTRAINTS, Problem


def bad_geometry(code: str) -> Problem:
    """422: no shape on the earth that anybody could be stopped by."""
    return Problem(
        422,
        "closure.geometry",
        f"This geometry cannot be used: {code}.",
        f"این هندسه پذیرفتنی نیست: {code}.",
        fields=[{"field": "geometry", "code": code, "message": code}],
    )


def wrong_incident() -> Problem:
    """422: the incident is of another emergency, or of none."""
    return Problem(
        422,
        "closure.incident",
        "The incident is unknown or belongs to another emergency.",
        "این حادثه شناخته نیست یا از بحران دیگری است.",
    )


CONSTRAINTS["uq_closures_incident_id"] = lambda: Problem(
    409, "closure.incident_taken", "This incident has a closure already.", "این حادثه پیش‌تر یک بسته‌بودن راه دارد."
)
CONSTRAINTS["fk_closures_emergency_id"] = lambda: Problem(
    422, "closure.emergency", "No such emergency.", "چنین بحرانی نیست."
)
