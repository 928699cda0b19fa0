"""Lists of people over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from server.access.context import Context, context
from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.kernel.edge import Tx
from server.kernel.http import json_response, read_body
from server.volunteers import importing, sheets

router = APIRouter(prefix="/api/volunteers")


@router.post("/import")
async def import_people(
    request: Request,
    who: Annotated[Principal, allow("volunteer.import")],
    conn: Tx,
    ctx: Annotated[Context, Depends(context)],
    centre: UUID | None = None,
    *,
    preview: bool = False,
) -> Response:
    """The file as the body, CSV or XLSX → {rows, imported, known, set_aside, reasons: [{row, code, fa, en}]}.

    `?preview=true` writes nothing; `imported` is then what would be. `?centre=` is for rows that name none.
    """
    bounds = bounds_of(who, centre, preview=preview)
    data = await read_body(request, sheets.MAX_BYTES)
    return json_response(importing.shown(await importing.take(conn, ctx, data, bounds), preview=preview))


def bounds_of(who: Principal, centre: UUID | None, *, preview: bool) -> importing.Bounds:
    """Which centres the asker may fill; one bound to a single centre means that one. Raises 403 for another's."""
    if centre and not who.may("volunteer.import", centre_id=centre):
        raise forbidden()
    scopes = who.scopes_for("volunteer.import")
    within = None if any(s.centre_id is None for s in scopes) else frozenset(s.centre_id for s in scopes if s.centre_id)
    return importing.Bounds(centre or who.centre_bound("volunteer.import"), within, preview, who.actor)
