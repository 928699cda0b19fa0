"""The queue "which to check next" as a person works it: the list, "I do not know", and a question to the sender."""

import contextlib
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.incidents import service as incidents
from server.incidents.listing import visible
from server.kernel import cursor
from server.kernel.db import Conn
from server.kernel.errors import bad_request
from server.kernel.events import NewEvent, emit
from server.kernel.geo import Box
from server.messaging.models import HIGH
from server.messaging.numbers import normal_number, phone_number
from server.messaging.outbox import Draft, put
from server.needs import service as needs
from server.reports import answer_rules, verifying_queries
from server.reports import check_errors as errors
from server.reports import checking_queries as queries
from server.reports.checking import ASKS
from server.reports.checking_words import WHY
from server.reports.intake import TABLE as REPORTS
from server.reports.joining import Kind

SKIPPED_S: Final = 1800.0
QUESTION: Final = "check.ask"


async def listed(
    conn: Conn,
    principal: Principal,
    *,
    emergency: UUID | None = None,
    centre: UUID | None = None,
    box: Box | None = None,
    page: str | None = None,
    limit: int = 20,
) -> dict[str, Any]:
    """A page of the queue, most worth first, without what this person has set aside."""
    rows = await queries.page(
        conn,
        actor=principal.actor,
        limit=limit + 1,
        within=visible(principal, "report.list", emergency),
        centre=centre,
        box=box,
        after=_after(page),
    )
    last = rows[limit - 1] if len(rows) > limit else None
    return {
        "items": [_item(row) for row in rows[:limit] if row["code"] and row["verification"] != "confirmed"],
        "next": cursor.encode(repr(last["score"]), last["subject_id"]) if last else None,
    }


def _after(page: str | None) -> tuple[float, UUID] | None:
    found = cursor.text(page)
    if found is None:
        return None
    try:
        return float(found[0]), found[1]
    except ValueError:
        raise bad_request("cursor.invalid", "This cursor is not one of ours.", "این نشانگر صفحه شناخته نشد.") from None


def _item(row: DictRow) -> dict[str, Any]:
    asks = row["asks"] or "is_it_so"
    return {
        "type": row["kind"],
        "id": str(row["subject_id"]),
        "code": row["code"],
        "emergency": str(row["emergency_id"]),
        "centre": str(row["centre_id"]) if row["centre_id"] else None,
        "category": row["category"],
        "verification": row["verification"],
        "urgency": row["urgency"],
        "status": row["status"],
        "place": incidents.place_names(row),
        "geometry": incidents.geometry(row),
        "accuracy_m": row["accuracy_m"],
        "people": row["people"],
        "voices": row["corroboration"],
        "reports": row["reports"],
        "report": str(row["newest"]) if row["newest"] else None,
        "last_reported_at": row["last_reported_at"].isoformat(),
        "score": row["score"],
        "reasons": [
            {**why, "fa": WHY[why["code"]][0], "en": WHY[why["code"]][1]}
            for why in row["reasons"]
            if why["code"] in WHY
        ],
        "asks": {"code": asks, "fa": ASKS[asks][0], "en": ASKS[asks][1]},
        "version": row["version"],
    }


async def _within(conn: Conn, kind: Kind, subject_id: UUID, principal: Principal, permission: str) -> DictRow:
    one = needs.one if kind == "need" else incidents.one
    return await one(conn, subject_id, visible(principal, permission))


async def skip(conn: Conn, kind: Kind, subject_id: UUID, principal: Principal) -> dict[str, Any]:
    """Not sure: offer it to others, and to this person again after half an hour."""
    await _within(conn, kind, subject_id, principal, "report.see")
    until = await queries.skip(conn, subject_id, principal.actor, SKIPPED_S)
    return {"type": kind, "id": str(subject_id), "until": until.isoformat()}


async def ask(
    conn: Conn, ctx: Context, kind: Kind, subject_id: UUID, principal: Principal, report_id: UUID | None
) -> dict[str, Any]:
    """Text the sender of a record's newest report (or of `report_id`): how is it now, where, how many? Once a report.

    Raises 409 when nobody can be asked or all have been.
    """
    await _within(conn, kind, subject_id, principal, "message.write")
    rows = await verifying_queries.askable(conn, kind, subject_id, report_id)
    usable = [(row, number) for row in rows if (number := _number(ctx, row))]
    if not usable:
        raise errors.nobody_to_ask()
    fresh = [(row, number) for row, number in usable if not row["asked"]]
    if not fresh:
        raise errors.asked_before()
    row, number = fresh[0]
    draft = Draft(
        "notice",
        number,
        template=QUESTION,
        params={"code": row["receipt"]},
        lang=answer_rules.answered_in(row["lang"] or "", ctx.settings.language),
        priority=HIGH,
        dedupe_key=f"check:{row['id']}",
        report_id=row["id"],
        emergency_id=row["emergency_id"],
    )
    (made,) = await put(conn, ctx, [draft])
    if made is None:
        raise errors.asked_before()
    await emit(
        conn,
        NewEvent(
            "message.written",
            "message",
            made,
            row["emergency_id"],
            principal.actor,
            data={"report": str(row["id"]), kind: str(subject_id)},
        ),
    )
    # Whoever has asked waits for the answer.
    until = await queries.skip(conn, subject_id, principal.actor, SKIPPED_S)
    return {"message": str(made), "report": str(row["id"]), "until": until.isoformat()}


def _number(ctx: Context, row: DictRow) -> str | None:
    """A sender's number where it can be texted; it never leaves this process but sealed."""
    plain = None
    with contextlib.suppress(SealedError):
        plain = ctx.sealing.of(REPORTS, row["id"], row["data_key_wrapped"]).open("sender_sealed", row["sender_sealed"])
    number = normal_number((plain or b"").decode("utf-8", "replace"), ctx.settings.country)
    return number if phone_number(number, ctx.settings.country) and answer_rules.is_person(number) else None
