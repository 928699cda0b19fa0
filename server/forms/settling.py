"""Carrying out what forms say, each submission once and in its own transaction, in the order in which they came.

A submission is settled in the transaction that does what it says, so that a process killed at any moment leaves all of
it or nothing. Edits take back what the earlier ones did; whatever is refused waits for a person and holds up nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg.rows import DictRow

from field_forms.mapping import FormReport, to_report
from field_forms.openrosa import Instance, InstanceRefused, parse_instance
from server.access.context import Context
from server.forms import effect_edits, effect_queries, stored, versions
from server.forms.effects import Job, principal_of
from server.forms.versions import Version
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.events import NewEvent, emit
from server.kernel.redis import Bell, ring
from server.reports import chain_queries
from server.reports.weaving import OnNeeds

log = structlog.get_logger("settling")
BATCH: Final = 100
ATTEMPTS_MOST: Final = 3
PATIENCE_S: Final = 30.0
"""So long a submission that the chain has not read yet holds back those that came after it."""
WAIT_S: Final = 0.5
BELL: Final = "queues"
_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('forms.settling', 0)) AS ok"
Read = tuple[Instance, FormReport]
OnEntities = Callable[[Conn, Context, Mapping[str, Any], Version, Instance, str], Awaitable[Sequence[Sequence[str]]]]
"""Applies the changes of entities that a submission asks for, in its transaction; (path, code) of what was wrong."""


class Hooks(NamedTuple):
    """What follows from what forms say: of needs that changed their tasks, of registrations the entities."""

    on_needs: Sequence[OnNeeds] = ()
    on_entities: OnEntities | None = None


async def run(ctx: Context, on_needs: Sequence[OnNeeds] = (), on_entities: OnEntities | None = None) -> None:
    """Settle submissions as they come until cancelled. Any number may run; one at a time works."""
    bell = Bell(ctx.redis, BELL)
    try:
        while True:
            if not await step(ctx, on_needs, on_entities):
                await bell.wait(WAIT_S)
    finally:
        await bell.close()


async def step(
    ctx: Context, on_needs: Sequence[OnNeeds] = (), on_entities: OnEntities | None = None, limit: int = BATCH
) -> int:
    """One batch: how many submissions were settled. 0: nothing to do, another process does it, or no key is here."""
    if not ctx.sealing.can_read:
        return 0
    hooks = Hooks(on_needs, on_entities)
    async with ctx.db.tx() as guard:
        row = await (await guard.execute(_LOCK)).fetchone()
        if not row or not row["ok"]:
            return 0
        found = await effect_queries.waiting(guard, PATIENCE_S, limit)
        ready = found[: next((n for n, s in enumerate(found) if not s["read"]), len(found))]
        if not ready:
            return 0
        known = await versions.load_all(guard, [s["version_id"] for s in ready if s["version_id"]])
        idle = [s for s in ready if not _does_anything(s, known)]
        busy = [s for s in ready if _does_anything(s, known)]
        bodies = await effect_queries.bodies(guard, [s["opened_report_id"] or s["report_id"] for s in busy])
        read = await asyncio.to_thread(_read_all, ctx, busy, known, bodies)
        settled = await _settle_idle(ctx, idle)
        # The guard only keeps others away and is read from no more: each submission commits by itself.
        for submission in busy:
            settled += await _one(ctx, submission, read.get(submission["id"]), known, hooks)
    if settled:
        await ring(ctx.redis, "events")
        await ring(ctx.redis, "queues")
    return settled


def _does_anything(submission: DictRow, known: Mapping[UUID, Version]) -> bool:
    version = known.get(submission["version_id"])
    return bool(submission["edited"] or (version is not None and version.settles))


def _read_all(
    ctx: Context, submissions: Sequence[DictRow], known: Mapping[UUID, Version], bodies: Mapping[UUID, DictRow]
) -> dict[UUID, Read | Exception]:
    """Open and read a batch; whatever one of them breaks, the others are read."""
    found: dict[UUID, Read | Exception] = {}
    for submission in submissions:
        version = known.get(submission["version_id"])
        try:
            xml = stored.opened(ctx, bodies[submission["opened_report_id"] or submission["report_id"]])
            instance = parse_instance(xml)
            found[submission["id"]] = (
                instance,
                to_report(instance, version.bindings, summary=False) if version else FormReport(),
            )
        except Exception as error:  # noqa: BLE001 - as said above
            found[submission["id"]] = error
    return found


async def _settle_idle(ctx: Context, submissions: Sequence[DictRow]) -> int:
    if submissions:
        async with ctx.db.tx() as conn:
            of = {
                reason: [s["id"] for s in submissions if (s["version_id"] is None) == (reason is not None)]
                for reason in (None, "form.unknown")
            }
            for reason, ids in of.items():
                if ids:
                    await effect_queries.settle(conn, ids, reason)
    return len(submissions)


async def _one(
    ctx: Context,
    submission: DictRow,
    read: Read | Exception | None,
    known: Mapping[UUID, Version],
    hooks: Hooks,
) -> int:
    """Settle one submission; 0 when it has to be tried again."""
    if isinstance(read, InstanceRefused) or (read is None):
        return await _settle_idle_as(ctx, submission["id"], getattr(read, "code", "form.unreadable"))
    later: list[Any] = []
    try:
        answers = _readable(read)
        async with ctx.db.tx() as conn:
            row = await effect_queries.take(conn, submission["id"])
            if row is None or row["settled_at"] is not None:
                return 1
            later = await _carry_out(conn, ctx, row, answers, known.get(row["version_id"]), hooks)
    except Exception as error:
        if _is_server_trouble(error):
            raise
        code = error.code if isinstance(error, Problem) else type(error).__name__
        log.warning("submission.unsettled", submission=str(submission["id"]), code=code)
        return await _again(ctx, submission, code)
    for act in later:
        await act()
    return 1


async def _again(ctx: Context, submission: DictRow, code: str) -> int:
    """One more vain attempt; 1 when it was the last, so that a person has to look."""
    async with ctx.db.tx() as conn:
        aside = await effect_queries.failed(conn, submission["id"], code, ATTEMPTS_MOST)
        if aside:
            await _tell_refused(conn, submission, {"code": code})
        return int(aside)


async def _tell_refused(conn: Conn, submission: DictRow, data: Mapping[str, Any]) -> None:
    event = NewEvent(
        "submission.refused",
        "submission",
        submission["id"],
        submission["at_emergency"],
        submission["sent_by"],
        submission["centre_id"],
        data,
    )
    await emit(conn, event)


def _readable(read: Read | Exception) -> Read:
    if isinstance(read, Exception):
        raise read
    return read


async def _settle_idle_as(ctx: Context, submission_id: UUID, reason: str) -> int:
    async with ctx.db.tx() as conn:
        await effect_queries.settle(conn, [submission_id], reason)
    return 1


async def _carry_out(
    conn: Conn,
    ctx: Context,
    row: DictRow,
    read: Read,
    version: Version | None,
    hooks: Hooks,
) -> list[Any]:
    """Do what a locked submission says and settle it; what is to be done after the commit."""
    instance, report = read
    problems = [list(p) for p in report.problems]
    job, members = await job_of(conn, ctx, row, report, row["sent_by"], hooks.on_needs)
    if row["current"]:
        await effect_edits.carry_out(job, members)
        # An edit may also take a registration back.
        if hooks.on_entities and version and (report.entities or members) and not row["clash"]:
            known = {**row, "emergency_id": row["at_emergency"]}
            problems += [list(p) for p in await hooks.on_entities(conn, ctx, known, version, instance, job.actor)]
            await effect_edits.keep_entities(job)
    else:
        await effect_edits.catch_up(job, members)
    await follow(job)
    reason = None if row["current"] else "superseded"
    await effect_queries.settle(conn, [row["id"]], reason, problems)
    if job.refused:
        await _tell_refused(conn, row, {"refused": job.refused})
    return job.later


async def job_of(
    conn: Conn, ctx: Context, row: DictRow, report: FormReport, actor: str, on_needs: Sequence[OnNeeds]
) -> tuple[Job, list[DictRow]]:
    """A locked submission as a job, and the other edits of it; their reports and the emergency are locked."""
    members = await effect_queries.family(conn, row) if row["edited"] and not row["clash"] else []
    # As the chain locks: reports, then the emergency, then its records.
    if members:
        await effect_queries.lock_reports(conn, [m["report_id"] for m in members])
    if row["at_emergency"] is not None:
        await chain_queries.lock_emergencies(conn, [row["at_emergency"]])
    who = await principal_of(conn, row["sent_by"])
    said_at = min([row["received_at"], *(m["received_at"] for m in members)])
    return Job(conn, ctx, row, report, actor, who, said_at, on_needs), members


async def follow(job: Job) -> None:
    """Let tasks follow the needs that changed."""
    changed = list(dict.fromkeys(job.needs))
    for hook in job.on_needs if changed else ():
        await hook(job.conn, job.ctx, changed)


def _is_server_trouble(error: Exception) -> bool:
    """Whether the database, not the submission, is at fault: then it is tried again, as often as it takes."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate[:2] in {"08", "40", "53", "55", "57", "58"}
