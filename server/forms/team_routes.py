"""Setting up the phones of a team: a token of its own, as Collect's QR and as a link to the browser form."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from server.access import service
from server.access.context import Context, context
from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.forms import qr
from server.kernel.edge import Tx
from server.kernel.http import json_response, language

router = APIRouter(tags=["forms"])


class NewTeam(BaseModel):
    """A team as people call it; without `centre` and `emergency` it gets what is published for all.

    `draft`: a phone that tries drafts, from whose submissions nothing follows. `lang`: of Collect on its phones.
    """

    name: str = Field(min_length=1, max_length=80)
    centre: UUID | None = None
    emergency: UUID | None = None
    draft: bool = False
    lang: Literal["fa", "en"] | None = None


def _bounds(who: Principal, team: NewTeam) -> service.Bounds:
    """Where the team's token holds; who is bound to one centre or emergency means it when she names none."""
    held = who.scopes_for("token.create")
    centre, emergency = team.centre, team.emergency
    if centre is None:
        centre = who.centre_bound("token.create")
    if emergency is None and all(scope.emergency_id for scope in held):
        emergency = who.emergency_id
    if not any(s.centre_id in {None, centre} and s.emergency_id in {None, emergency} for s in held):
        raise forbidden()
    return service.Bounds(centre, emergency)


@router.post("/api/forms/phones")
async def set_up(
    request: Request,
    team: NewTeam,
    tx: Tx,
    ctx: Annotated[Context, Depends(context)],
    who: Annotated[Principal, allow("token.create")],
) -> Response:
    """A token of role `field`, in this answer and nowhere else.

    `url` is Collect's server address, `settings` the text of its QR, `svg` the QR, `link` the browser form (none for
    drafts: those are previewed by who publishes). `id` is its user name where a phone asks for one, and ends it:
    `DELETE /api/tokens/{id}`.
    """
    token_id, secret = await service.create_token(tx, "field", team.name, _bounds(who, team), who.actor)
    await service.keep_digest(tx, ctx.sealing, "field", token_id, secret)
    host = ctx.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    url = f"{host}/openrosa/{secret}{'/draft' if team.draft else ''}"
    settings = qr.collect_settings(url, team.name, team.lang or language(request), draft=team.draft)
    answer = {
        "id": token_id,
        "url": url,
        "settings": settings,
        "svg": qr.svg(settings),
        # Behind `#`, where no log and no Referer has it (docs/decisions/0013).
        "link": None if team.draft else f"{host}/field/#{secret}",
    }
    return json_response(answer, 201, {"Cache-Control": "no-store"})
