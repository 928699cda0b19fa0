"""What a submission does beside its report: one thing after another, each kept as done, or as refused for a person."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from field_forms.mapping import FormReport
from server.access.context import Context
from server.access.principal import Principal, Scope
from server.forms import effect_queries as queries
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.ids import uuid7
from server.reports.weaving import OnNeeds


@dataclass(slots=True)
class Job:
    """One submission at work in one transaction.

    `who`: whoever sent it, None when nobody is known by that name; `by_hand`: a person of the house tries a refused
    effect again, and answers for it. `said_at`: of the first of its edits. `needs`: those that changed, `refused`: how
    many things were. `later`: what is done once all of it is committed.
    """

    conn: Conn
    ctx: Context
    submission: DictRow
    report: FormReport
    actor: str
    who: Principal | None
    said_at: datetime
    on_needs: Sequence[OnNeeds] = ()
    by_hand: bool = False
    earlier: Sequence[DictRow] = ()
    needs: list[UUID] = field(default_factory=list)
    refused: int = 0
    later: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def emergency(self) -> UUID | None:
        """The emergency of its report."""
        found: UUID | None = self.submission["at_emergency"]
        return found

    @property
    def report_id(self) -> UUID:
        """The report that speaks for it."""
        found: UUID = self.submission["opened_report_id"] or self.submission["report_id"]
        return found

    def key(self, kind: str, nth: int) -> str:
        """The natural key of one thing that it does."""
        return f"form:{self.submission['id']}:{kind}:{nth}"

    def the_emergency(self) -> UUID:
        """Its emergency; a 422 problem while it waits for one."""
        if self.emergency is None:
            raise Problem(
                422,
                "emergency.unknown",
                "The report has no emergency yet; give it one, then try again.",
                "گزارش هنوز به عملیاتی داده نشده است؛ نخست عملیات آن را تعیین کنید و دوباره بکوشید.",
            )
        return self.emergency


@dataclass(frozen=True, slots=True)
class Done:
    """What one thing led to; `data` names codes and numbers, never persons."""

    subject_type: str | None = None
    subject_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


Carry = Callable[[Job, int, Any], Awaitable[Done]]
"""Carries out the nth thing of a kind. Raises the `Problem` that a person has to look at."""
Reverse = Callable[[Job, DictRow], Awaitable[None]]
"""Takes back what an earlier edit did (a row of `submission_effects`). Raises as `Carry`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of effect: where a form's report says such things, how one is carried out and taken back."""

    name: str
    things: Callable[[FormReport], Sequence[Any]]
    carry: Carry
    reverse: Reverse


_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}\Z")


def plain(code: str | None) -> str | None:
    """A code as it may stand in the open: whatever else somebody typed in its place may be anybody's name."""
    return code if code is None or _PLAIN.match(code) else "?"


UNDO: Final = "undo"
"""The kind of an effect that is the taking back of another one, where that was refused."""


async def principal_of(conn: Conn, actor: str) -> Principal | None:
    """Whoever sent a form, as they are now; a revoked token still says who it was."""
    scopes = tuple(
        Scope(r["role"], r["centre_id"], r["emergency_id"], r["volunteer_id"])
        for r in await queries.sender(conn, actor)
    )
    kind, _, text = actor.partition(":")
    return Principal("session" if kind == "session" else "token", UUID(text), scopes) if scopes else None


async def attempt(job: Job, step: Callable[[], Awaitable[Done]]) -> Done | Problem:
    """Carry one thing out in a savepoint: what is refused leaves nothing behind."""
    try:
        async with job.conn.transaction():
            return await step()
    except Problem as refused:
        return refused


async def keep(job: Job, kind: str, nth: int, outcome: Done | Problem, more: Mapping[str, Any] | None = None) -> None:
    """Write down what became of one thing."""
    job.refused += isinstance(outcome, Problem)
    done = outcome if isinstance(outcome, Done) else Done(data=_told(outcome))
    await queries.put_effect(
        job.conn,
        {
            "id": uuid7(),
            "submission_id": job.submission["id"],
            "kind": kind,
            "nth": nth,
            "subject_type": done.subject_type,
            "subject_id": done.subject_id,
            "state": "done" if isinstance(outcome, Done) else "refused",
            "reason": None if isinstance(outcome, Done) else outcome.code,
            "data": {**done.data, **(more or {})},
        },
    )


def _told(problem: Problem) -> dict[str, Any]:
    """What a person is told of a refusal, in both languages."""
    return {**problem.extra, "en": problem.en, "fa": problem.fa}
