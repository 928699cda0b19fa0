"""What is refused about teams, in words a person can act on."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from server.dispatch.fitting import Entry
from server.dispatch.reasons import in_words, say
from server.dispatch.team_rules import PEOPLE_LEAST, PEOPLE_MOST
from server.kernel.errors import CONSTRAINTS, Problem


def size(people: int) -> Problem:
    """422: one alone is no team."""
    return Problem(
        422,
        "team.size",
        f"A team has {PEOPLE_LEAST} to {PEOPLE_MOST} people.",
        f"گروه از {PEOPLE_LEAST} تا {PEOPLE_MOST} نفر است.",
        extra={"people": people},
    )


def unfit(why: Mapping[UUID, Sequence[Entry]]) -> Problem:
    """409: some of them cannot go now; `people` says who and why."""
    return Problem(
        409,
        "team.unfit",
        "Some of these volunteers cannot join a team now.",
        "برخی از این داوطلبان اکنون نمی‌توانند به گروه بپیوندند.",
        extra={"people": [{"volunteer": str(i), "why": in_words(codes)} for i, codes in why.items()]},
    )


def not_enough(lacks: Sequence[Entry]) -> Problem:
    """409: the team does not suffice for the task; `lacks` says what is missing."""
    english = "; ".join(say(entry, "en") for entry in lacks)
    persian = "؛ ".join(say(entry, "fa") for entry in lacks)
    return Problem(
        409,
        "team.not_enough",
        f"The team does not suffice for the task: {english}.",
        f"گروه برای این مأموریت بس نیست: {persian}.",
        extra={"lacks": in_words(lacks)},
    )


def holds(tasks: int) -> Problem:
    """409: first the task, then the change."""
    return Problem(
        409,
        "team.holds",
        "The team holds a task: finish it, give it back or give it to somebody else first.",
        "گروه مأموریتی در دست دارد: نخست آن را به پایان برسانید، برگردانید یا به دیگری بسپارید.",
        extra={"tasks": tasks},
    )


def stood_down() -> Problem:
    """409: it is together no more."""
    return Problem(409, "team.stood_down", "This team was stood down.", "این گروه دیگر برپا نیست.")


CONSTRAINTS["uq_team_members_live"] = lambda: Problem(
    409,
    "team.member_taken",
    "Somebody has just joined another team.",
    "یکی از این افراد همین حالا به گروه دیگری پیوست.",
)
