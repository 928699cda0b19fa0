"""Reports on which a life may hang, watched until somebody has looked: after five minutes a page, a sound and a text.

The chain puts a watch on each; whoever opens it, decides about its record, takes its task or presses "seen" ends it
(`seen`, from the events); the worker's loop escalates what is due. Any number of loops may run: one works at a time.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.kernel.redis import ring
from server.kernel.tasks import in_turns
from server.messaging import duty
from server.messaging.alarms import end_alarm, raise_alarm
from server.messaging.models import LIFE
from server.messaging.outbox import BELL, Draft, put, to_hash
from server.reports import rumours, service
from server.reports import watch_queries as queries
from server.reports.hearing import Heard

log = structlog.get_logger("watches")
EVERY_S: Final = 1.0
BATCH: Final = 500
AGAIN_S: Final = 120.0
"""One text to a coordinator in this time, with the count of all that nobody has looked at."""
ALARM: Final = "life.unseen"
TRIAGE: Final = "triage"
"""The alarm's subject for reports that have no emergency yet."""
UNWATCHED: Final = frozenset({"import", "feed"})
"""Old messages out of a file, and machines: nobody waits at the other end for somebody to look."""


async def watch(conn: Conn, ctx: Context, heard: Sequence[Heard]) -> list[UUID]:
    """Put a watch on every report of a batch that was read as `life`; one that is watched already stays as it is.

    What only repeats a refuted rumour calls nobody.
    """
    life = [h for h in heard if h.urgency == "life" and h.channel not in UNWATCHED]
    repeated = await rumours.quiet(conn, [h.report_id for h in life])
    life = [h for h in life if h.report_id not in repeated]
    if life:
        await queries.add(conn, [(h.report_id, h.emergency_id, h.at) for h in life], ctx.settings.life_s)
    return []


async def run(ctx: Context) -> None:
    """Escalate until cancelled."""
    await in_turns("watches", partial(turn, ctx), batch=BATCH, every_s=EVERY_S)


async def turn(ctx: Context) -> int:
    """Escalate one batch of what is due, and end the alarms of what has been seen; how many were escalated."""
    async with ctx.db.tx() as conn:
        if not await queries.alone(conn):
            return 0
        due = await queries.escalate(conn, BATCH)
        if due:
            await emit_many(
                conn, [NewEvent("report.escalated", "report", row["report_id"], row["emergency_id"]) for row in due]
            )
        await _tell_pages(conn, {_subject(row) for row in due})
        told = await _tell_people(conn, ctx, due) if due else 0
    if told:
        await ring(ctx.redis, BELL)
    return len(due)


def _subject(row: DictRow) -> str:
    return str(row["emergency_id"] or TRIAGE)


async def _tell_pages(conn: Conn, fresh: set[str]) -> None:
    """One alarm an emergency while anything escalated is unseen, with the count; rung again when more comes."""
    waiting = {_subject(row): row for row in await queries.unseen(conn)}
    for subject, row in waiting.items():
        raised = await raise_alarm(
            conn,
            ALARM,
            subject,
            emergency_id=row["emergency_id"],
            data={"count": row["n"], "report": str(row["first"])},
        )
        if not raised and subject in fresh:
            await queries.ring_again(conn, ALARM, subject)
    for subject in await queries.standing(conn, ALARM):
        if subject not in waiting:
            await end_alarm(conn, ALARM, subject)


async def _tell_people(conn: Conn, ctx: Context, due: Sequence[DictRow]) -> int:
    """A text to everybody on duty for these emergencies: at once, or joined to the one that waits."""
    counts = {row["emergency_id"]: row for row in await queries.unseen(conn)}
    wanted: dict[str, tuple[str, list[DictRow]]] = {}
    for emergency in {row["emergency_id"] for row in due}:
        for number, lang in await duty.on_duty(conn, ctx, emergency):
            if emergency in counts:
                wanted.setdefault(number, (lang, []))[1].append(counts[emergency])
    hashes = {to_hash(ctx.sealing, number): number for number in wanted}
    last = {hashes[bytes(row["to_hash"])]: row for row in await queries.last_texts(conn, list(hashes))}
    drafts = []
    for number, (lang, rows) in wanted.items():
        params: dict[str, Any] = {
            "count": sum(r["n"] for r in rows),
            "code": min(rows, key=lambda r: r["since"])["code"],
        }
        before = last.get(number)
        if before and before["state"] == "queued":
            await queries.renew(conn, before["id"], params)
            continue
        drafts.append(
            Draft(
                "alarm",
                number,
                template="alarm.life",
                params=params,
                lang=lang,
                priority=LIFE,
                report_id=rows[0]["first"],
                emergency_id=rows[0]["emergency_id"],
                delay_s=max(0.0, AGAIN_S - before["age_s"]) if before else 0.0,
            )
        )
    await put(conn, ctx, drafts)
    return len(drafts)


async def seen(conn: Conn, report_ids: Sequence[UUID], actor: str) -> int:
    """Somebody has looked at these reports; how many were still watched."""
    return await queries.mark_seen(conn, list(report_ids), actor) if report_ids else 0


async def unseen(conn: Conn, report_id: UUID, since: datetime, grace_s: float) -> None:
    """The look of then is taken back: what it ended is watched again, with `grace_s` seconds left at least."""
    await queries.watch_again(conn, report_id, since, grace_s)


async def see(conn: Conn, principal: Principal, report_id: UUID) -> dict[str, Any]:
    """A person says that she has looked; on record like the opening of it. Twice is once."""
    row = await service.seen(conn, principal, "report.see", report_id)
    if await seen(conn, [report_id], principal.actor):
        await emit_many(conn, [NewEvent("report.seen", "report", report_id, row["emergency_id"], principal.actor)])
    return {"id": report_id, "seen": True}
