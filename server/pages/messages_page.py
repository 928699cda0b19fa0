"""`/messages`: gateways with their pulse, who is on duty, what is being sent and what failed."""

from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Response

from server.access.context import Context, context
from server.access.principal import Principal
from server.emergencies.routes import within
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.messaging import duty, gateway_queries, message_queries, rules
from server.messaging import duty_queries as duties
from server.messaging.gateway_schemas import shown
from server.messaging.gateways import gateway_of
from server.messaging.message_routes import SUMMARY_HOURS
from server.messaging.sending_queries import now
from server.pages.gate import View, page_for
from server.pages.parts import living, look, reader

router = APIRouter(include_in_schema=False)
TROUBLES: Final = ("unsure", "failed")
"""What asks for a person: nobody knows whether it went out; it did not."""
LISTED: Final = 20
STATES: Final = ("queued", "sending", "sent", "delivered", "failed", "unsure", "dropped")


@router.get("/messages")
async def messages_page(
    view: Annotated[View, page_for("gateway.read")], tx: Tx, ctx: Annotated[Context, Depends(context)]
) -> Response:
    """The page, or its living part."""
    who = reader(view)
    outbox = await _outbox(tx, ctx, who)
    used = {row["id"]: row for row in outbox["days"]}
    rows = await gateway_queries.with_beats(tx)
    roster = await duties.listed(tx, within=within(who, "duty.read"), emergency=None, over=False)
    return living(
        view,
        "messages",
        look=await look(tx, who, None, "emergency.read"),
        gateways=[
            {**shown(gateway_of(ctx, row), row), "used": used.get(row["id"])}
            for row in rows
            if row["emergency_id"] is None or who.may("gateway.read", emergency_id=row["emergency_id"])
        ],
        duties=[duty.shown(ctx, row, who) for row in roster],
        outbox=outbox,
        states=STATES,
        may_edit=bool(who.scopes_for("gateway.edit")),
        may_roster=bool(who.scopes_for("duty.edit")),
        may_write=bool(who.scopes_for("message.write")),
    )


async def _outbox(conn: Conn, ctx: Context, who: Principal) -> dict[str, Any]:
    """Counts of the last day, today's parts against the cap, and the newest messages that failed or may have."""
    bound = within(who, "message.read")
    local = (await now(conn)).astimezone(ZoneInfo(ctx.settings.timezone))
    states: dict[str, int] = {}
    for row in await message_queries.counts(conn, bound, SUMMARY_HOURS):
        states[row["state"]] = states.get(row["state"], 0) + row["n"]
    days = await message_queries.days(conn, local.date())
    bad: list[dict[str, Any]] = []
    filters = dict.fromkeys(("emergency", "kind", "report", "task", "before"))
    for state in TROUBLES:
        bad += await message_queries.page(conn, {**filters, "within": bound, "state": state, "limit": LISTED})
    return {
        "states": states,
        "waiting": await message_queries.waiting(conn, bound),
        "days": days,
        "parts": sum(row["segments"] for row in days),
        "cap": ctx.settings.daily_segments,
        "quiet_until": rules.quiet_end(local, ctx.settings.quiet_hours),
        "bad": bad,
        "hours": SUMMARY_HOURS,
    }
