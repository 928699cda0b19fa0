"""What people say to proposals of reading anew: take one or all that are alike, or leave them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.emergencies.routes import within
from server.kernel.db import Conn
from server.kernel.errors import Problem, bad_request, not_found
from server.kernel.events import NewEvent, emit
from server.reports import amending_queries
from server.reports import rereading_queries as queries
from server.reports.amending import weave_anew
from server.reports.amending_rules import changed, labels
from server.reports.weaving import OnNeeds

PERMISSION: Final = "report.reread"
AT_ONCE_MOST: Final = 25
AT_ONCE_S: Final = 5.0
"""Of all that are alike so many are taken by one request, each in its own transaction, so that the chain weaves on."""


@dataclass(frozen=True, slots=True)
class Alike:
    """All open proposals with one difference, within an emergency or all that the reader may see."""

    difference: str
    emergency: UUID | None = None


def running(current: Mapping[str, Any] | None) -> Problem:
    """409: one reading of all reports at a time."""
    return Problem(
        409,
        "reread.running",
        "All reports are being read anew already.",
        "همهٔ گزارش‌ها هم‌اکنون از نو خوانده می‌شود.",
        extra={"current": dict(current) if current else None},
    )


def decided() -> Problem:
    """409: it was taken or left before, or something else has become of the report."""
    return Problem(409, "proposal.over", "This proposal is no longer open.", "این پیشنهاد دیگر باز نیست.")


def held() -> Problem:
    """409: meanwhile a person has decided about its records, or somebody is on the way."""
    return Problem(
        409,
        "proposal.held",
        "A person has decided about this meanwhile, or somebody is on the way: correct the report by hand.",
        "در این میان کسی درباره‌اش تصمیم گرفته یا در راه است: گزارش را دستی اصلاح کنید.",
    )


async def start(conn: Conn, principal: Principal, emergency: UUID | None, since: datetime | None) -> dict[str, Any]:
    """Begin to read all reports anew; 409 while one runs."""
    bound = within(principal, PERMISSION)
    if bound is not None and emergency not in bound:
        raise bad_request("words.elsewhere", "Say for which of your emergencies.", "بگویید برای کدام عملیات شماست.")
    made = await queries.start(conn, {"emergency_id": emergency, "since": since, "asked_by": principal.actor})
    if made is None:
        rows = [r for r in await queries.page(conn, 20, bound) if r["state"] == "running"]
        raise running(reread(rows[0]) if rows else None)
    await emit(conn, NewEvent("reread.changed", "reread", made, emergency, principal.actor, data={"state": "running"}))
    row = await queries.one(conn, made)
    if row is None:
        raise not_found("reread")
    return reread(row)


async def stop(conn: Conn, principal: Principal, reread_id: UUID) -> dict[str, Any]:
    """End one; twice is once."""
    row = await queries.one(conn, reread_id)
    bound = within(principal, PERMISSION)
    if row is None or (bound is not None and row["emergency_id"] not in bound):
        raise not_found("reread")
    ended = await queries.stop(conn, reread_id)
    await emit(
        conn,
        NewEvent(
            "reread.changed", "reread", reread_id, row["emergency_id"], principal.actor, data={"state": "stopped"}
        ),
    )
    return reread(ended or row)


def reread(row: Mapping[str, Any]) -> dict[str, Any]:
    """How far a reading of all reports has come."""
    keys = ("id", "state", "since", "asked_at", "ended_at", "total", "seen", "differing", "kept", "failed")
    return {**{k: row[k] for k in keys}, "emergency": row["emergency_id"]}


def item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A proposal with what is read now and what would be, in the fields that can be corrected."""
    return {
        "id": row["id"],
        "report": row["report_id"],
        "receipt": row["receipt"],
        "emergency": row["emergency_id"],
        "difference": row["difference"],
        "from": row["before"],
        "to": labels(row["after"]),
        "state": row["state"],
        "made_at": row["made_at"],
        "decided_at": row["decided_at"],
    }


def bounds(principal: Principal, emergency: UUID | None) -> dict[str, Any]:
    """What a reader's lists are limited to."""
    return {"within": within(principal, PERMISSION), "emergency": emergency}


async def take(conn: Conn, ctx: Context, principal: Principal, proposal_id: UUID, on_needs: Sequence[OnNeeds]) -> None:
    """The proposed reading holds from now on; the report is woven anew. Twice is once."""
    row = await _open(conn, principal, proposal_id, "taken")
    if row is None:
        return
    report = await amending_queries.take(conn, row["report_id"])
    standing = await amending_queries.current(conn, row["report_id"])
    if report is None or standing is None or standing["id"] != row["from_reading_id"]:
        raise decided()
    if await queries.decided(conn, [row["report_id"]]):
        raise held()
    await amending_queries.put_reading(conn, row["report_id"], row["after"], row["rules_version"])
    await weave_anew(conn, ctx, report, standing["reading"], row["after"], on_needs, principal.actor)
    await queries.decide(conn, proposal_id, "taken", principal.actor)
    data = {"fields": changed(standing["reading"], row["after"]), "proposal": str(proposal_id)}
    await emit(
        conn, NewEvent("report.reread", "report", row["report_id"], report["emergency_id"], principal.actor, data=data)
    )


async def leave(conn: Conn, principal: Principal, proposal_id: UUID) -> None:
    """The reading stays as it is. Twice is once."""
    if await _open(conn, principal, proposal_id, "left") is not None:
        await queries.decide(conn, proposal_id, "left", principal.actor)


async def _open(conn: Conn, principal: Principal, proposal_id: UUID, wanted: str) -> DictRow | None:
    """An open proposal within the reader's bounds; None when it is as wanted already. Raises 404, 409."""
    row = await queries.proposal(conn, proposal_id)
    bound = within(principal, PERMISSION)
    if row is None or (bound is not None and row["emergency_id"] not in bound):
        raise not_found("proposal")
    if row["state"] == wanted:
        return None
    if row["state"] != "open":
        raise decided()
    return row


async def take_alike(ctx: Context, principal: Principal, alike: Alike, on_needs: Sequence[OnNeeds]) -> dict[str, int]:
    """Take some of those that are alike: how many were taken, could not be, and are left. Asked again until none is."""
    filters = {**bounds(principal, alike.emergency), "difference": alike.difference, "state": "open", "after": None}
    async with ctx.db.tx() as conn:
        rows = await queries.proposals(conn, {**filters, "limit": AT_ONCE_MOST + 1})
    begun, taken, refused = time.monotonic(), 0, 0
    for row in rows[:AT_ONCE_MOST]:
        if time.monotonic() - begun > AT_ONCE_S:
            break
        try:
            async with ctx.db.tx() as conn:
                await take(conn, ctx, principal, row["id"], on_needs)
            taken += 1
        except Problem as problem:
            if problem.code not in {"proposal.over", "proposal.held"}:
                raise
            refused += 1
            async with ctx.db.tx() as conn:
                await queries.decide(conn, row["id"], "over", "system")
    async with ctx.db.tx() as conn:
        left = sum(g["n"] for g in await queries.groups(conn, filters, 1000) if g["difference"] == alike.difference)
    return {"taken": taken, "refused": refused, "left_over": left}
