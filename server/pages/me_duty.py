"""Duty and rest of a volunteer's page as plain forms, for phones where the module did not load."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response

from server.access.guard import allow
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.errors import Problem
from server.pages.me_forms import back, whole_number
from server.volunteers import duty
from server.volunteers.duty_rules import CHECK_LEAST_S, CHECK_MOST_S, REST_OWN_MOST_H
from server.volunteers.own_routes import volunteer_of

router = APIRouter(include_in_schema=False)
Deed = Literal["in", "out", "rest", "away", "back"]


@router.post("/me/duty/{deed}")
async def duty_form(
    who: Annotated[Principal, allow("volunteer.check_in")], tx: Tx, request: Request, deed: Deed
) -> Response:
    """On duty or off it; a rest; away, and back."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    volunteer_id = volunteer_of(who)
    try:
        # A refused step leaves nothing behind, and the page is shown all the same.
        async with tx.transaction():
            if deed == "in":
                every = whole_number(form.get("every_s:int", ""), CHECK_MOST_S)
                await duty.check_in(tx, volunteer_id, max(every, CHECK_LEAST_S) if every else None, who.actor)
            elif deed == "out":
                await duty.check_out(tx, volunteer_id, who.actor)
            else:
                await duty.set_availability(tx, volunteer_id, _wish(deed, form), who.actor)
    except Problem as problem:
        return back(problem.code)
    return back()


def _wish(deed: Deed, form: dict[str, str]) -> dict[str, Any]:
    if deed == "rest":
        return {"rest_h": whole_number(form.get("rest_h:number", ""), REST_OWN_MOST_H) or 0}
    if deed == "away":
        return {"status": "away"}
    return {"rest_h": 0} if "rest_h:number" in form else {"status": "active"}
