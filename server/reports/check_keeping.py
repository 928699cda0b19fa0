"""Keeps the queue of checks in step with the records: marked by events, made anew by a loop of the worker.

The sealer's projection only marks what a batch of events touched; the loop reads facts and writes what they are worth,
at its own pace: a record with two hundred new voices in a second is looked at once. Whatever drifts by time alone has
its next moment in `due_at`, so nothing is ever walked through as a whole.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from psycopg.rows import DictRow

from server.access.context import Context
from server.incidents.rules import CLOSURE_KINDS
from server.kernel.db import Conn
from server.kernel.events import SealedEvent
from server.kernel.tasks import in_turns
from server.needs.rules import affected
from server.places.queries import nearest_centres
from server.reports import checking_queries as queries
from server.reports.checking import Facts, hours_to_next, most_within, spread_of, worth
from server.reports.joining import Kind

log = structlog.get_logger("checks")
EVERY_S: Final = 0.5
BATCH: Final = 200
NEW_DETAILS: Final = "new_details"
_KINDS: Final[tuple[Kind, ...]] = ("need", "incident")
_SILENT: Final = frozenset({"need.located_exactly"})
"""Events of a record that change nothing about it."""


async def project(conn: Conn, events: Sequence[SealedEvent]) -> None:
    """Mark the records that a batch of events touched, by themselves or by their tasks."""
    touched = {(e.subject_id, e.subject_type) for e in events if e.subject_type in _KINDS and e.verb not in _SILENT}
    tasks = {e.subject_id for e in events if e.subject_type == "task"}
    await queries.mark(conn, [*touched, *await queries.causes(conn, sorted(tasks))])


async def run(ctx: Context) -> None:
    """Make anew what is due until cancelled."""
    await in_turns("checks", partial(turn, ctx), batch=BATCH, every_s=EVERY_S)


async def turn(ctx: Context) -> int:
    """Make one batch of what is due anew; how many. Any number of loops may run."""
    async with ctx.db.tx() as conn:
        rows = await queries.due(conn, BATCH)
        flags = {row["subject_id"]: row["flags"] for row in rows}
        kept: list[dict[str, Any]] = []
        for kind in _KINDS:
            found = await queries.facts(conn, kind, [r["subject_id"] for r in rows if r["kind"] == kind])
            refuted = [r["subject_id"] for r in found if r["verification"] == "refuted"]
            since = await queries.since_refuted(conn, kind, refuted)
            for row in found:
                doubters = most_within(since.get(row["subject_id"], ()))
                kept.append(_valued(row, doubters, new_details=NEW_DETAILS in flags[row["subject_id"]]))
        kept = [row for row in kept if row["score"] > 0]
        points = [(r["lon"], r["lat"]) if r["lon"] is not None else None for r in kept]
        for row, centre in zip(kept, await nearest_centres(conn, points), strict=True):
            row["centre_id"] = centre
        await queries.keep(conn, kept)
        await queries.drop(conn, sorted({r["subject_id"] for r in rows} - {r["id"] for r in kept}))
    return len(rows)


def facts_of(row: DictRow, doubters: int = 0, *, new_details: bool = False) -> Facts:
    """The facts of a row of `checking_queries.facts`."""
    return Facts(
        urgency=row["urgency"],
        people=affected(row["people"], row["households"]),
        groups=len(row["vulnerable"]),
        verification=row["verification"],
        voices=row["corroboration"],
        known=row["known"],
        channels=tuple(row["channels"] or ()),
        silent_h=row["silent_h"],
        spread=spread_of(row["counts"] or ()),
        impossible=row["impossible"],
        storm=row["storm"],
        near_refuted=row["near_refuted"],
        located=row["located"],
        queued=row["queued"],
        held=row["held"],
        needs=row["needs"],
        closes=row["category"] in CLOSURE_KINDS,
        doubters=doubters,
        new_details=new_details,
    )


def _valued(row: DictRow, doubters: int, *, new_details: bool) -> dict[str, Any]:
    facts = facts_of(row, doubters, new_details=new_details)
    value, wait_h = worth(facts), hours_to_next(max(0.0, row["silent_h"]))
    return {
        "id": row["subject_id"],
        "emergency_id": row["emergency_id"],
        "score": value.value,
        "reasons": list(value.reasons),
        "asks": value.asks,
        "people": facts.people,
        "lon": row["lon"],
        "lat": row["lat"],
        "due_s": wait_h * 3600 + 1 if wait_h is not None and row["verification"] != "refuted" else None,
    }


async def forget(conn: Conn, ids: Sequence[UUID]) -> None:
    """Take records that a person has just answered out of the queue; their event brings back what still belongs."""
    await queries.drop(conn, ids)
