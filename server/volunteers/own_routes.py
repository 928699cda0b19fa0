"""A volunteer's own card, duty and rest over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.errors import Problem
from server.kernel.http import json_response
from server.volunteers import duty
from server.volunteers.schemas import Availability, CheckIn

router = APIRouter(prefix="/api/volunteers/me")
_FRESH = {"Cache-Control": "no-store"}


def volunteer_of(who: Principal) -> UUID:
    """The volunteer who asks. Raises 422 for a way in that belongs to none."""
    if who.volunteer_id is None:
        raise Problem(422, "volunteer.who", "This way in belongs to no volunteer.", "این ورود از آنِ هیچ داوطلبی نیست.")
    return who.volunteer_id


@router.get("")
async def me(who: Annotated[Principal, allow("volunteer.own")], conn: Tx) -> Response:
    """Her card: skills, vetting, duty, rest, timer, team. Nobody's name is in it."""
    return json_response(duty.shown(await duty.card(conn, volunteer_of(who))), headers=_FRESH)


@router.patch("")
async def available(who: Annotated[Principal, allow("volunteer.check_in")], conn: Tx, asked: Availability) -> Response:
    """Whether she is there, and her own rest."""
    given = asked.model_dump(exclude_unset=True)
    return json_response(
        duty.shown(await duty.set_availability(conn, volunteer_of(who), given, who.actor)), headers=_FRESH
    )


@router.post("/check-in")
async def check_in(
    who: Annotated[Principal, allow("volunteer.check_in")], conn: Tx, asked: CheckIn | None = None
) -> Response:
    """On duty, or still well: {every_s?} says how often a sign of life is due."""
    every_s = asked.every_s if asked else None
    return json_response(duty.shown(await duty.check_in(conn, volunteer_of(who), every_s, who.actor)), headers=_FRESH)


@router.post("/check-out")
async def check_out(who: Annotated[Principal, allow("volunteer.check_in")], conn: Tx) -> Response:
    """Off duty; `rest_until` says how long the rules let her rest, `holds` what is still hers."""
    return json_response(duty.shown(await duty.check_out(conn, volunteer_of(who), who.actor)), headers=_FRESH)
