"""`/api/messages`: what was sent and what became of it; and the doors by which gateways report delivery."""

from typing import Annotated, Final, Literal
from urllib.parse import parse_qs
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from psycopg.rows import DictRow

from server.access.context import Context, context
from server.access.guard import allow, forbidden, public
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.http import json_response, read_body
from server.messaging import message_queries as queries
from server.messaging import rules
from server.messaging.adapters import kannel, twilio
from server.messaging.beats import beat
from server.messaging.delivering import is_signed, reported_by_id
from server.messaging.sending_queries import now

router = APIRouter(tags=["messaging"])
Services = Annotated[Context, Depends(context)]
Reader = Annotated[Principal, allow("message.read")]
Reported = Annotated[None, public("the address is signed for one message, and tells nothing")]
SUMMARY_HOURS: Final = 24
_FORM_BYTES: Final = 20_000
State = Literal["queued", "sending", "sent", "delivered", "failed", "unsure", "dropped"]
Kind = Literal["receipt", "answer", "task", "alarm", "notice", "note"]


def _within(principal: Principal) -> list[UUID] | None:
    scopes = principal.scopes_for("message.read")
    return None if any(s.emergency_id is None for s in scopes) else [s.emergency_id for s in scopes if s.emergency_id]


def _shown(row: DictRow) -> dict[str, object]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "template": row["template"],
        "lang": row["lang"],
        "priority": row["priority"],
        "state": row["state"],
        "reason": row["reason"],
        "attempts": row["attempts"],
        "segments": row["segments"],
        "emergency": row["emergency_id"],
        "report": row["report_id"],
        "task": row["task_id"],
        "gateway": row["gateway_id"],
        "created": row["created_at"],
        "not_before": row["not_before"],
        "expires": row["expires_at"],
        "sent": row["sent_at"],
        "delivered": row["delivered_at"],
    }


@router.get("/api/messages")
async def list_messages(  # noqa: PLR0913 - one argument a filter
    principal: Reader,
    tx: Tx,
    *,
    emergency: UUID | None = None,
    state: State | None = None,
    kind: Kind | None = None,
    report: UUID | None = None,
    task: UUID | None = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Messages, newest first: states, kinds and codes, nobody's number and nobody's words."""
    filters = {
        "within": _within(principal),
        "emergency": emergency,
        "state": state,
        "kind": kind,
        "report": report,
        "task": task,
        "before": cursor,
        "limit": limit + 1,
    }
    rows = await queries.page(tx, filters)
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return json_response({"items": [_shown(row) for row in rows[:limit]], "next": more})


@router.get("/api/messages/summary")
async def summary(principal: Reader, tx: Tx, ctx: Services) -> Response:
    """What a page shows at the top: states of the last day, what waits and why, today's segments against the caps."""
    within, zone = _within(principal), ZoneInfo(ctx.settings.timezone)
    local = (await now(tx)).astimezone(zone)
    states: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for row in await queries.counts(tx, within, SUMMARY_HOURS):
        states[row["state"]] = states.get(row["state"], 0) + row["n"]
        if row["state"] == "queued" and row["reason"]:
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["n"]
    waits = await queries.waiting(tx, within)
    gateways = await queries.days(tx, local.date())
    quiet = rules.quiet_end(local, ctx.settings.quiet_hours)
    return json_response(
        {
            "hours": SUMMARY_HOURS,
            "states": states,
            "waiting": {"messages": waits["n"], "oldest_s": waits["oldest_s"], "reasons": reasons},
            "day": local.date(),
            "segments": sum(g["segments"] for g in gateways),
            "cap": ctx.settings.daily_segments,
            "quiet": {"hours": ctx.settings.quiet_hours, "until": quiet},
            "drill": ctx.settings.drill,
            "gateways": gateways,
        }
    )


@router.get("/intake/sms/kannel/dlr")
async def kannel_report(_: Reported, request: Request, tx: Tx, ctx: Services) -> Response:
    """Kannel's delivery report: `id`, `sig` and `state` = `%d`. Empty, or its text could be sent on."""
    await _reported(request, tx, ctx, kannel.REPORTS.get(request.query_params.get("state", "")))
    return Response(media_type="text/plain")


@router.post("/intake/sms/twilio/dlr")
async def twilio_report(_: Reported, request: Request, tx: Tx, ctx: Services) -> Response:
    """A status callback: `id` and `sig` in the address, `MessageStatus` in the form."""
    form = parse_qs((await read_body(request, _FORM_BYTES)).decode("utf-8", "replace"))
    await _reported(request, tx, ctx, twilio.REPORTS.get(form.get("MessageStatus", [""])[0].lower()))
    return Response(status_code=204)


async def _reported(request: Request, tx: Tx, ctx: Context, state: str | None) -> None:
    try:
        message_id = UUID(request.query_params.get("id", ""))
    except ValueError:
        raise forbidden() from None
    if not is_signed(ctx.sealing, message_id, request.query_params.get("sig", "")):
        raise forbidden()
    if state and (gateway_id := await reported_by_id(tx, message_id, state)):
        beat(gateway_id, "in")
