"""What dispatch refuses, in words a person can act on."""

from collections.abc import Sequence
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


def not_now() -> Problem:
    """409: she cannot take it; why is her own affair and her centre's."""
    return Problem(
        409,
        "hand_over.not_now",
        "She cannot take it over now. Ask somebody else.",
        "اکنون نمی‌تواند تحویل بگیرد. از دیگری بخواهید.",
    )


def not_vetted() -> Problem:
    """409: her centre has not looked at her registration yet, or has refused it."""
    return Problem(
        409,
        "volunteer.not_vetted",
        "A centre has to confirm this volunteer before tasks are given to them.",
        "پیش از سپردن مأموریت، مرکز باید این داوطلب را تأیید کند.",
    )


def taken() -> Problem:
    """409: somebody was quicker."""
    return Problem(
        409,
        "task.taken",
        "Somebody has just taken this task; thank you for wanting to. Others are waiting.",
        "همین حالا کس دیگری این مأموریت را پذیرفت. سپاس که خواستید؛ مأموریت‌های دیگری در انتظارند.",
    )


def women_first() -> Problem:
    """409: for some minutes it is offered to women alone."""
    return Problem(
        409,
        "task.women_first",
        "For the first minutes this task is kept for women volunteers.",
        "این مأموریت در دقیقه‌های نخست برای داوطلبان زن نگه داشته می‌شود.",
    )


def team_required(people: int, women: int) -> Problem:
    """409: nobody does this alone."""
    return Problem(
        409,
        "task.team_required",
        f"This task takes a team of {people}, {women} of them women.",
        f"این مأموریت گروهی {people} نفره می‌خواهد که {women} نفرشان زن باشند.",
        extra={"people": people, "women": women},
    )


def skills_lacking(codes: Sequence[str]) -> Problem:
    """409: it takes skills that are not there."""
    return Problem(
        409,
        "task.skills",
        "This task takes skills that are not named with you.",
        "این مأموریت مهارت‌هایی می‌خواهد که برای شما ثبت نشده است.",
        extra={"lacking": list(codes)},
    )


def not_leading() -> Problem:
    """409: a team's task is held by its leader, and only by a team that still is one."""
    return Problem(
        409,
        "team.not_leading",
        "A team's task is taken by its leader, while the team is together.",
        "مأموریت گروه را سرگروه می‌پذیرد، تا وقتی گروه برپاست.",
    )


def offer_too_late(**extra: Any) -> Problem:
    """409: somebody else said yes first, or it is no longer anybody's."""
    return Problem(
        409,
        "offer.too_late",
        "Thank you for wanting to. Somebody else was first, or it is no longer needed; others are waiting.",
        "سپاس که خواستید. دیگری زودتر پذیرفت یا دیگر نیازی نیست؛ مأموریت‌های دیگری در انتظارند.",
        extra=extra,
    )


def offer_answered(answer: str) -> Problem:
    """409: another answer stands."""
    return Problem(
        409,
        "offer.answered",
        "This offer was answered already.",
        "به این پیشنهاد پیش‌تر پاسخ داده شده است.",
        extra={"answer": answer},
    )


def not_open(state: str) -> Problem:
    """409: only what waits in a queue is offered."""
    return Problem(
        409,
        "offer.not_open",
        "Only a task that waits in its queue can be offered.",
        "تنها مأموریتی که در صف است پیشنهاد می‌شود.",
        extra={"state": state},
    )


def same_person() -> Problem:
    """409: one does not hand over to oneself."""
    return Problem(
        409,
        "hand_over.same_person",
        "This volunteer holds the task already.",
        "این مأموریت هم‌اکنون با همین داوطلب است.",
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
