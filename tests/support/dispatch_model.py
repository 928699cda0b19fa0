"""What dispatch promises, on a page: tasks, leases and offers as plain Python, without a database or a clock.

It is written anew from `docs/dispatch.md`, not from the code: where the two differ, one of them is wrong.
"""

from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final
from uuid import UUID

HELD: Final = frozenset({"claimed", "accepted", "en_route", "escalated"})
CLOSED: Final = frozenset({"done", "failed", "cancelled"})
ENDED: Final = {"release": "released", "complete": "completed", "fail": "failed"}
WOMEN: Final = (True, False, True, False)
"""Who is a woman, by number. Person 0 leads the team of 0 and 1."""
TEAM: Final = (0, 1)


@dataclass
class Task:
    """One task. `women`: a woman has to be among those who go; `crew`: so many go."""

    id: UUID
    women: bool = False
    crew: int = 1
    state: str = "queued"
    fence: int = 0
    holder: int | None = None
    team: bool = False
    leases: dict[int, tuple[int, str | None]] = field(default_factory=dict)
    """fence → who, and how it ended (None: it lives)."""
    evidence: set[tuple[int, str, bool]] = field(default_factory=set)
    """(fence, verb, late)."""

    @property
    def held(self) -> bool:
        return self.state in HELD

    def give(self, person: int, state: str, *, team: bool) -> None:
        """A new holder under a higher fence; whoever had it has it no more."""
        self.fence += 1
        self.state, self.holder, self.team = state, person, team
        self.leases[self.fence] = (person, None)

    def end(self, why: str) -> None:
        """The live lease, if there is one, ends."""
        who, ended = self.leases.get(self.fence, (0, "none"))
        if ended is None:
            self.leases[self.fence] = (who, why)

    def free(self) -> None:
        """Back to its queue."""
        self.state, self.holder, self.team = "queued", None, False


@dataclass
class Offer:
    """A question to somebody. `fence`: the giver's, in a hand-over."""

    id: UUID
    task: Task
    person: int
    fence: int | None = None
    team: bool = False
    answer: str | None = None
    late: bool = False

    @property
    def stands(self) -> bool:
        """Whether it can be taken still."""
        if self.answer is not None or self.late:
            return False
        return self.task.held and self.task.fence == self.fence if self.fence else self.task.state == "queued"

    def close(self) -> None:
        """What the watch makes of one that does not stand."""
        if self.answer is not None or self.stands:
            return
        task = self.task
        if (task.held and task.fence == self.fence) if self.fence else task.state == "queued":
            self.answer = "expired"
        elif task.held and task.holder == self.person:
            self.answer = "accepted"
        else:
            self.answer = "too_late" if task.held and not self.fence else "withdrawn"


@dataclass
class Model:
    """The whole of it."""

    tasks: list[Task] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    resting: set[int] = field(default_factory=set)

    def unfit(self, person: int) -> str | None:
        """Why nothing is given to her."""
        return "volunteer.rests" if person in self.resting else None

    def suffices(self, task: Task, person: int, *, team: bool) -> str | None:
        """Why she (with her team, if it goes) is not enough for a task; None when she is."""
        going = [p for p in TEAM if p not in self.resting] if team else [person]
        women = any(WOMEN[p] for p in going)
        if task.crew > len(going) or (task.crew > 1 and task.women and not women):
            return "task.team_required"
        return "task.woman_required" if task.women and not women else None

    def may_claim(self, person: int, *, team: bool) -> str | None:
        """Why she may claim nothing."""
        if why := self.unfit(person):
            return why
        return "team.not_leading" if team and person != TEAM[0] else None

    def next_for(self, person: int, n: int, *, team: bool) -> list[Task]:
        """The best that she gets of the queue, in its order."""
        return [t for t in self.tasks if t.state == "queued" and self.suffices(t, person, team=team) is None][:n]

    def why_not(self, task: Task, person: int, *, team: bool) -> str | None:
        """Why she does not get this very task, that somebody else may have; None when she does."""
        if task.state != "queued":
            return "task.state" if task.state in CLOSED else "task.taken"
        return self.suffices(task, person, team=team)

    def why_not_from_her(self, task: Task, person: int) -> str | None:
        """Why a colleague cannot take it over."""
        if why := self.unfit(person):
            return why
        if task.women and task.crew == 1 and not WOMEN[person]:
            return "task.woman_required"
        if task.crew > 1:
            return self.suffices(task, person, team=True) if person == TEAM[0] else "task.team_required"
        return None

    def others_are_late(self, offer: Offer) -> None:
        """Somebody has it: whoever else was asked is told so."""
        for other in self.offers:
            if other.task is offer.task and other is not offer and other.answer is None:
                other.answer = "too_late"

    def watch(self) -> None:
        """The watch over offers goes by."""
        for offer in self.offers:
            offer.close()


def once(there: Any) -> Any:
    """Do nothing until `there` are some. Not a precondition: what is drawn must not hang on whom the matching asks."""

    def wrap(do: Any) -> Any:
        return wraps(do)(lambda self, **drawn: do(self, **drawn) if there(self) else None)

    return wrap
