"""What dispatch refuses, in words a person can act on."""

from typing import Any

from server.kernel.errors import CONSTRAINTS, Problem


def lease_lost(**extra: Any) -> Problem:
    """409: the fence is old; the task is no longer the caller's."""
    return Problem(
        409,
        "lease.lost",
        "This task is no longer yours: the claim ran out or it was given to someone else.",
        "این مأموریت دیگر با شما نیست: زمان آن گذشت یا به دیگری سپرده شد.",
        extra=extra,
    )


def wrong_state(state: str) -> Problem:
    """409: the table of states has no such move from here."""
    return Problem(
        409,
        "task.state",
        "This cannot be done with the task as it stands.",
        "با وضع کنونی مأموریت این کار شدنی نیست.",
        extra={"state": state},
    )


def claim_cap(held: int, cap: int) -> Problem:
    """409: accept or give back first."""
    return Problem(
        409,
        "claim.cap",
        f"You already hold {held} tasks; accept or release them before you take more.",
        f"شما {held} مأموریتٔ نپذیرفته دارید؛ پیش از گرفتن مأموریتٔ تازه آن‌ها را بپذیرید یا برگردانید.",
        extra={"held": held, "cap": cap},
    )


def key_reused() -> Problem:
    """422: the key stands for another request."""
    return Problem(
        422,
        "idempotency.reused",
        "This Idempotency-Key was sent with another request.",
        "این Idempotency-Key پیش‌تر با درخواست دیگری فرستاده شده است.",
    )


def not_this_volunteer() -> Problem:
    """403: a volunteer claims for themselves; a dispatcher for the people of their centre."""
    return Problem(
        403,
        "claim.other_volunteer",
        "You may not claim for this volunteer.",
        "شما نمی‌توانید برای این داوطلب مأموریت بگیرید.",
    )


def volunteer_away(status: str) -> Problem:
    """409: resting and absent people are not sent."""
    return Problem(
        409,
        "volunteer.not_active",
        "This volunteer is resting or away.",
        "این داوطلب در استراحت یا غایب است.",
        extra={"status": status},
    )


CONSTRAINTS["uq_tasks_open_need_kind"] = lambda: Problem(
    409,
    "task.open_twin",
    "Another open task of this kind serves the same need.",
    "مأموریتٔ باز دیگری از همین گونه برای این نیاز هست.",
)


def woman_required() -> Problem:
    """409: women are served by women."""
    return Problem(409, "task.woman_required", "This task is for a woman volunteer.", "این مأموریت برای داوطلب زن است.")
