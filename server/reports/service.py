"""Use cases of reports: taking one in by API, showing one, giving one its emergency, looking at what was set aside."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.emergencies import service as emergencies
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.reports import amending_queries, amending_rules, parts, queries, spool_queries
from server.reports.content import notes_of, text_of
from server.reports.errors import assigned_elsewhere, bad_key
from server.reports.form_answers import CHANNEL, SAYS, with_forms
from server.reports.intake import Accepted, Incoming, accept
from server.reports.schemas import PostedReport, feature, reading_answer

KEY_CHARS: Final = 1000


async def take(conn: Conn, ctx: Context, principal: Principal, posted: PostedReport, key: str | None) -> Accepted:
    """Keep a report that came by `POST /api/reports`. Without a key every post is a new report."""
    if key is not None and len(key) > KEY_CHARS:
        raise bad_key()
    emergency = await emergencies.resolve(conn, principal.emergency_id, posted.emergency)
    item = Incoming(
        posted.channel,
        f"api:{principal.id}",
        key or str(uuid7()),
        posted.text,
        posted.sender,
        content_type="text/plain; charset=utf-8",
        meta={"told": posted.told} if posted.told else {},
        lon=posted.lon,
        lat=posted.lat,
        occurred_at=posted.occurred_at,
        emergency_id=emergency,
    )
    return (await accept(conn, ctx, [item], actor=principal.actor))[0]


def may_see(principal: Principal, permission: str, row: DictRow) -> bool:
    """Whether the reader's bounds hold the report. Reports in triage belong to readers bound to no emergency."""
    emergency = row["emergency_id"]
    return any(
        scope.emergency_id in {None, emergency}
        for scope in principal.scopes_for(permission)
        if scope.emergency_id is None or emergency is not None
    )


async def seen(conn: Conn, principal: Principal, permission: str, report_id: UUID) -> DictRow:
    """A report within the reader's bounds, else 404. An id that the spool promised leads to the report that stands."""
    row = await queries.report(conn, report_id)
    if row is None and (standing := await spool_queries.standing(conn, report_id)):
        row = await queries.report(conn, standing)
    if row is None or not may_see(principal, permission, row):
        raise not_found("report")
    return row


async def show(conn: Conn, ctx: Context, principal: Principal, report_id: UUID) -> dict[str, Any]:
    """One report; with its words and sender for who may open it, which goes on record as `report.opened`."""
    row = await seen(conn, principal, "report.read", report_id)
    shown = feature(row)
    properties = shown["properties"]
    properties["conflicts_with"] = await queries.others_of_identity(conn, row) if row["conflict"] else []
    properties["links"] = [
        {"type": link["type"], "id": link["id"]} for link in await queries.live_links(conn, row["id"])
    ]
    if may_see(principal, "report.open", row):
        properties |= opened(ctx, (await with_forms(conn, [row]))[0])
        if parts.FLAG in row["flags"]:
            properties["whole"] = await parts.whole_of(conn, ctx, row["id"])
        await emit(conn, NewEvent("report.opened", "report", row["id"], row["emergency_id"], principal.actor))
    return shown


def opened(ctx: Context, row: DictRow) -> dict[str, Any]:
    """A report's words, sender, exact point and claims; `form`: a form's answers in words by language.

    Without the opening key: `sealed`, and nothing else.
    """
    try:
        record = ctx.sealing.of("reports", row["id"], row["data_key_wrapped"])
        body = record.open("body_sealed", row["body_sealed"]) or b""
        sender = record.open("sender_sealed", row["sender_sealed"])
        exact = record.open("geom_exact_sealed", row["geom_exact_sealed"])
        meta = record.open("meta_sealed", row["meta_sealed"])
    except SealedError:
        return {"text": None, "sender": None, "sealed": True}
    more = _meta(meta)
    said = _form(row, body, more)
    return {
        "text": text_of(body, row["content_type"]) if said is None else said["text"],
        "form": said and said["summary"],
        "sender": _text(sender),
        "content_type": row["content_type"],
        "bytes": len(body),
        "exact": orjson.loads(exact) if exact else None,
        "meta": more,
    }


def _form(row: Mapping[str, Any], body: bytes, meta: Any) -> dict[str, Any] | None:
    """What a form of ours says: a summary in each language, and as its text the typed notes, which alone are read."""
    if row["channel"] != CHANNEL:
        return None
    answers: Any = row[SAYS].shown(body) if SAYS in row else None
    if answers is None and isinstance(meta, dict):
        answers = meta.get("answers")
    if not isinstance(answers, Mapping) or not isinstance(answers.get("summary"), dict):
        return None
    return {"summary": answers["summary"], "text": notes_of(answers)}


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


def _meta(data: bytes | None) -> Any:
    """What else came with it, lone surrogates replaced so that it can be answered as JSON."""
    if data is None:
        return {}
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return {"raw": text_of(data, "text/plain")}


async def reading(conn: Conn, principal: Principal, report_id: UUID) -> tuple[dict[str, Any], int]:
    """How a report was understood, as far as it is, and the version of that reading."""
    row = await seen(conn, principal, "report.read", report_id)
    lead = await parts.lead_of(conn, row["id"]) if parts.FLAG in row["flags"] else None
    said, version = await answer(conn, lead or row["id"])
    said |= {"id": row["id"], "state": row["read_state"]}
    return (said | {"part_of": lead} if lead else said), version


async def answer(conn: Conn, report_id: UUID) -> tuple[dict[str, Any], int]:
    """A report's reading as it is answered: `by` whom, and its version, under which it may be corrected."""
    row = await amending_queries.state(conn, report_id)
    if row is None:
        raise not_found("report")
    said = reading_answer(report_id, row["read_state"], row["reading"], await queries.live_links(conn, report_id))
    said["by"] = amending_rules.made_by(row["rules_version"], row["reading"])
    said["version"] = row["version"]
    return said, row["version"]


async def assign(conn: Conn, principal: Principal, report_id: UUID, asked: str) -> dict[str, Any]:
    """Give a report in triage its emergency. Again with the same one: no effect; with another: 409."""
    emergency = await emergencies.find(conn, asked)
    if not principal.may("report.assign", emergency_id=emergency):
        raise emergencies.elsewhere()
    row = await queries.lock_report(conn, report_id)
    if row is None:
        raise not_found("report")
    if row["emergency_id"] not in {None, emergency}:
        raise assigned_elsewhere()
    if row["emergency_id"] is None:
        await queries.assign(conn, report_id, emergency)
        await emit(conn, NewEvent("report.assigned", "report", report_id, emergency, principal.actor))
    row = await queries.report(conn, report_id)
    if row is None:
        raise not_found("report")
    return feature(row)


async def show_set_aside(conn: Conn, ctx: Context, principal: Principal, aside_id: UUID) -> dict[str, Any]:
    """What was set aside, whole; on record like the opening of a report."""
    row = await queries.set_aside_one(conn, aside_id)
    if row is None:
        raise not_found("record")
    try:
        payload = ctx.sealing.of("set_aside", row["id"], row["data_key_wrapped"]).open(
            "payload_sealed", row["payload_sealed"]
        )
    except SealedError:
        payload = None
    await emit(conn, NewEvent("report.opened", "report", aside_id, None, principal.actor, data={"set_aside": True}))
    return {**aside_item(row), "payload": None if payload is None else text_of(payload, "text/plain")}


def aside_item(row: DictRow) -> dict[str, Any]:
    """A line of the list of what was set aside."""
    en, fa = REASONS.get(row["reason"], (row["reason"], row["reason"]))
    return {
        "id": row["id"],
        "source": row["source"],
        "row": row["row_number"],
        "reason": row["reason"],
        "reason_en": en,
        "reason_fa": fa,
        "created_at": row["created_at"],
        "resolved_at": row["resolved_at"],
    }


REASONS: Final = {
    "no_text": ("There is no text in this row.", "در این ردیف متنی نیست."),
    "no_object": ("This is no GeoJSON feature.", "این یک عارضهٔ GeoJSON نیست."),
    "refused": ("The database refused this row.", "پایگاه داده این ردیف را نپذیرفت."),
    "files_beyond": ("More files than one form may bring.", "پرونده‌هایی بیش از آنچه یک فرم می‌تواند بیاورد."),
    "damaged": ("Damaged on the disk of waiting messages.", "روی دیسک پیام‌های در انتظار آسیب دیده است."),
}
"""Why input was set aside, in both languages."""


async def resolve_set_aside(conn: Conn, principal: Principal, aside_id: UUID) -> None:
    """Somebody has looked at it. A second time changes nothing."""
    if not await queries.resolve_set_aside(conn, aside_id, principal.id if principal.kind == "session" else None):
        raise not_found("record")
