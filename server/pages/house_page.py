"""`/house`: emergencies, centres, tokens and invitations. The page asks; the JSON API of each slice does the work."""

from typing import Annotated, Final

from fastapi import APIRouter, Response

from server.access.roles import ROLES
from server.dispatch import scope
from server.emergencies import queries as emergencies
from server.emergencies.routes import within
from server.kernel.edge import Tx
from server.pages import house_queries as house
from server.pages.gate import View, page_for
from server.pages.parts import living, reader
from server.volunteers.skills import SKILLS

router = APIRouter(include_in_schema=False)
MOST: Final = 100
OF_ADMIN: Final = frozenset({"admin", "auditor"})
"""Roles that only an admin gives (access/routes.py says the same)."""


@router.get("/house")
async def house_page(view: Annotated[View, page_for("token.create")], tx: Tx) -> Response:
    """What an operation needs before the first report can become a task."""
    who = reader(view)
    bound = who.centre_bound("token.create")
    mine, _ = scope.limits(who, "centre.read")
    roles = [r for r in ROLES if r not in OF_ADMIN or who.has_role("admin")]
    return living(
        view,
        "house",
        emergencies=await emergencies.page(
            tx, limit=MOST, before=None, within=within(who, "emergency.read"), status=None, since=None, box=None
        ),
        centres=await house.centres(tx, mine),
        tokens=await house.tokens(tx, bound, MOST),
        invites=await house.invites(tx, bound, MOST),
        steps=await house.done(tx),
        roles=roles,
        skills=tuple(SKILLS),
        bound=bound,
        may_emergency=bool(who.scopes_for("emergency.edit")),
        may_centre=bool(who.scopes_for("centre.edit")) and bound is None,
        url=view.settings.url,
    )
