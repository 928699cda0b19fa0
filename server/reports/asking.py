"""Joins that the chain is unsure of: a person joins the two or keeps them apart, and is not asked the same again."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.incidents import errors
from server.incidents.listing import visible
from server.kernel import cursor
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit_many
from server.kernel.ids import uuid7
from server.reports import asking_queries as queries
from server.reports import chain_queries, links
from server.reports.deciding import Asked
from server.reports.joining import Kind

_KINDS: tuple[Kind, ...] = ("need", "incident")


def decided_otherwise() -> Problem:
    """409: somebody was faster and decided the other way."""
    return Problem(
        409,
        "join.decided",
        "Somebody has already decided this the other way.",
        "کسی پیش‌تر دربارهٔ این دو، جور دیگری تصمیم گرفته است.",
    )


def rows_of(asked: Iterable[Asked]) -> list[dict[str, Any]]:
    """Rows of `join_proposals` for what a batch was unsure of."""
    return [
        {
            "id": uuid7(),
            "emergency_id": a.subject.emergency_id,
            "kind": a.subject.kind,
            "subject_id": a.subject.id,
            "other_id": a.other,
            "report_id": a.report.id,
            "score": a.verdict.score,
            "reasons": [list(reason) for reason in a.verdict.reasons],
            "alike": a.alike,
        }
        for a in asked
    ]


async def listed(
    conn: Conn, principal: Principal, emergency: UUID | None, kinds: Sequence[Kind], page: str | None, limit: int
) -> dict[str, Any]:
    """Open questions that the principal may see: {"items", "next"}."""
    within = visible(principal, "report.list", emergency)
    rows = await queries.listed(conn, within, kinds or _KINDS, cursor.moment(page), limit + 1)
    more = cursor.encode(rows[limit - 1]["made_at"], rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"items": [item(row) for row in rows[:limit]], "next": more}


def item(row: DictRow) -> dict[str, Any]:
    """A question as answered: both records in short, and why it is asked."""
    return {
        "id": str(row["id"]),
        "type": row["kind"],
        "emergency": str(row["emergency_id"]),
        "record": row["one"],
        "other": row["other"],
        "report": str(row["report_id"]),
        "score": row["score"],
        "reasons": [{"code": code, "points": points} for code, points in row["reasons"]],
        "state": row["state"],
        "at": row["made_at"].isoformat(),
        "decided_by": row["decided_by"],
        "decided_at": row["decided_at"].isoformat() if row["decided_at"] else None,
    }


async def answer(
    conn: Conn, ctx: Context, principal: Principal, proposal_id: UUID, *, joined: bool
) -> tuple[dict[str, Any], list[UUID]]:
    """Join the two records or keep them apart, and with them what the same report asks of the same other one.

    Returns the question as it stands now and the needs that changed. The same answer again has no effect; the other
    one raises 409 `join.decided`, as does joining what has been closed meanwhile (`merge.not_alike`).
    """
    seen = await queries.one(conn, proposal_id)
    if seen is None or not _may(principal, seen):
        raise not_found("join proposal")
    # As the chain does it: the emergency first, then rows.
    await chain_queries.lock_emergencies(conn, [seen["emergency_id"]])
    row = await queries.lock(conn, proposal_id)
    wanted = "joined" if joined else "apart"
    changed: list[UUID] = []
    if row and row["state"] == "open":
        rows = [row, *(q for q in await queries.siblings(conn, proposal_id) if _may(principal, q))]
        await queries.settle(conn, [r["id"] for r in rows], wanted, principal.actor)
        changed = await _join(conn, ctx, rows, principal.actor) if joined else await _apart(conn, rows, principal.actor)
    elif row and row["state"] != wanted:
        raise decided_otherwise()
    shown = await queries.one(conn, proposal_id)
    return item(shown or seen), changed


def _may(principal: Principal, row: DictRow) -> bool:
    return principal.may(f"{row['kind']}.edit", emergency_id=row["emergency_id"])


async def _join(conn: Conn, ctx: Context, rows: Sequence[DictRow], actor: str) -> list[UUID]:
    """Merge each pair; the older record stays, unless somebody is already on the way for the other."""
    changed: list[UUID] = []
    for n, row in enumerate(rows):
        kind: Kind = row["kind"]
        locked = await links.lock(conn, kind, [row["subject_id"], row["other_id"]])
        if not all(r["status"] in links.LIVE for r in locked.values()):
            if n:  # what is asked beside it may have been settled elsewhere
                continue
            raise errors.not_alike()
        into, other = row["other_id"], row["subject_id"]
        if locked[other]["status"] == "tasked" and locked[into]["status"] != "tasked":
            into, other = other, into
        await links.merge(conn, ctx, links.Subject(kind, into), other, actor)
        if kind == "need":
            changed += [into, other]
    return changed


async def _apart(conn: Conn, rows: Sequence[DictRow], actor: str) -> list[UUID]:
    await emit_many(
        conn,
        [
            NewEvent(
                f"{r['kind']}.changed",
                r["kind"],
                r["subject_id"],
                r["emergency_id"],
                actor,
                data={"kept_apart": str(r["other_id"])},
            )
            for r in rows
        ],
    )
    return []
