"""The need behind a task in numbers, and the words behind it for those who go there. Every reading is
audited.
"""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.access.problems import sealing_closed
from server.access.sealing import SealedError
from server.dispatch import queries, rules, scope, views
from server.dispatch.voice_queries import exact_point, need_summary, reports_behind, voice_ids
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.events import NewEvent, emit_many
from server.needs.service import opened_point
from server.reports import parts
from server.reports.content import text_of


def may_open(who: Principal, row: DictRow) -> bool:
    """Coordinators, and the team that holds the task alone."""
    return scope.is_holder(who, row) or who.may(
        "report.open", centre_id=row["centre_id"], emergency_id=row["emergency_id"]
    )


async def detail(conn: Conn, who: Principal, row: DictRow) -> dict[str, Any]:
    """`cause` (the need without words), `moves` open to the reader, and for those who may `voices` and
    `leases`.
    """
    found: dict[str, Any] = {"cause": await need_summary(conn, row["need_id"]) if row["need_id"] else None}
    if may_open(who, row):
        found["voices"] = [str(i) for i in await voice_ids(conn, row["need_id"], row["incident_id"])]
    if who.may("volunteer.read", centre_id=row["centre_id"]):
        found["leases"] = [
            {
                "fence": x["fence"],
                "volunteer": str(x["volunteer_id"]),
                "end": x["end_reason"],
                "claimed_at": views.moment(x["claimed_at"]),
                "ended_at": views.moment(x["ended_at"]),
            }
            for x in await queries.leases_of(conn, row["id"])
        ]
    if scope.is_holder(who, row) or who.may("task.reassign", centre_id=row["centre_id"]):
        found["moves"] = sorted(
            {m.verb for m in rules.MOVES if m.source == row["state"] and m.by in {"holder", "dispatcher", "volunteer"}}
        )
    return found


async def open_voices(conn: Conn, ctx: Context, who: Principal, row: DictRow) -> dict[str, Any]:
    """`items` [{report, text, received_at, channel}], oldest first, and the `exact` point if one was told.

    Each is put down: `report.opened`, `need.located_exactly`.
    """
    if not may_open(who, row):
        raise Problem(
            403,
            "voices.closed",
            "These words are for coordinators and the team that holds the task.",
            "این سخنان تنها برای هماهنگ‌کنندگان و تیم دارندهٔ مأموریت است.",
        )
    reports = await reports_behind(conn, row["need_id"], row["incident_id"])
    try:
        opened = [_voice(ctx, report) for report in reports]
        for voice, report in zip(opened, reports, strict=True):
            # One part leads a message of many: who goes there needs all its words.
            if parts.FLAG in report["flags"] and (whole := await parts.whole_of(conn, ctx, report["id"])):
                voice["text"] = whole["text"]
        exact = await _exact(conn, ctx, row["need_id"])
    except SealedError:
        raise sealing_closed() from None
    seen = [("report.opened", "report", report["id"]) for report in reports]
    if exact:
        seen.append(("need.located_exactly", "need", row["need_id"]))
    await emit_many(
        conn,
        [
            NewEvent(
                verb,
                kind,
                subject,
                row["emergency_id"],
                who.actor,
                row["centre_id"],
                {"task": str(row["id"])},
            )
            for verb, kind, subject in seen
        ],
    )
    return {"items": opened, "exact": exact, "next": None}


def _voice(ctx: Context, report: DictRow) -> dict[str, Any]:
    record = ctx.sealing.of("reports", report["id"], bytes(report["data_key_wrapped"]))
    body = record.open("body_sealed", bytes(report["body_sealed"])) or b""
    return {
        "report": str(report["id"]),
        "text": text_of(body, report["content_type"]),
        "channel": report["channel"],
        "received_at": views.moment(report["received_at"]),
    }


async def _exact(conn: Conn, ctx: Context, need_id: UUID | None) -> dict[str, float] | None:
    sealed = await exact_point(conn, need_id) if need_id else None
    if need_id is None or sealed is None or sealed["geom_exact_sealed"] is None:
        return None
    point = opened_point(ctx, need_id, sealed["data_key_wrapped"], sealed["geom_exact_sealed"])
    return {"lon": point[0], "lat": point[1]} if point else None
