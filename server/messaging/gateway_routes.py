"""`/api/gateways`: made, listed with their pulse, changed, given a new way in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from server.access.context import Context, context
from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.kernel.http import etag, if_match, json_response
from server.messaging import gateway_queries as queries
from server.messaging import gateways
from server.messaging.gateway_schemas import GatewayChange, NewGatewayBody, Renewal, shown

router = APIRouter(prefix="/api/gateways", tags=["messaging"])
Services = Annotated[Context, Depends(context)]
Editor = Annotated[Principal, allow("gateway.edit")]


@router.get("")
async def list_gateways(principal: Annotated[Principal, allow("gateway.read")], tx: Tx, ctx: Services) -> Response:
    """Every gateway with its pulse; one bound to an emergency sees its own and those of none."""
    items = [
        shown(gateways.gateway_of(ctx, row), row)
        for row in await queries.with_beats(tx)
        if row["emergency_id"] is None or principal.may("gateway.read", emergency_id=row["emergency_id"])
    ]
    return json_response({"items": items})


@router.post("")
async def add_gateway(principal: Editor, body: NewGatewayBody, tx: Tx, ctx: Services, request: Request) -> Response:
    """Make one. Its token or secret path is in this answer and nowhere else."""
    _may_edit(principal, body.emergency)
    fields = body.model_dump() | {"emergency_id": body.emergency}
    del fields["emergency"]
    gateway, made = await gateways.create(tx, ctx, gateways.NewGateway(**fields), actor=principal.actor)
    request.app.state.gateways.forget()
    return json_response(
        {**shown(gateway), **_once(ctx, made)},
        201,
        {"ETag": etag(gateway.version), "Location": f"/api/gateways/{gateway.id}", "Cache-Control": "no-store"},
    )


@router.patch("/{gateway_id}")
async def change_gateway(
    principal: Editor,
    gateway_id: UUID,
    body: GatewayChange,
    tx: Tx,
    ctx: Services,
    request: Request,
    version: Annotated[int, Depends(if_match)],
) -> Response:
    """Change it, as of the version that the editor saw. Other processes learn of it within seconds."""
    await _found(tx, principal, gateway_id)
    gateway = await gateways.change(tx, ctx, gateway_id, version, body.columns(), actor=principal.actor)
    request.app.state.gateways.forget()
    return json_response(shown(gateway), headers={"ETag": etag(gateway.version)})


@router.post("/{gateway_id}/renew")
async def renew_gateway(
    principal: Editor, gateway_id: UUID, body: Renewal, tx: Tx, ctx: Services, request: Request
) -> Response:
    """A new token or secret path; the old one ends. In this answer and nowhere else."""
    await _found(tx, principal, gateway_id)
    made = await gateways.renew(tx, gateway_id, body.way, actor=principal.actor)
    request.app.state.gateways.forget()
    return json_response(_once(ctx, made), headers={"Cache-Control": "no-store"})


def _once(ctx: Context, made: gateways.Made | None) -> dict[str, str]:
    return {} if made is None else {"secret": made.secret, "url": ctx.settings.url + made.path}


def _may_edit(principal: Principal, emergency: UUID | None) -> None:
    """Who is bound to an emergency makes and changes its gateways alone."""
    if emergency is None and any(s.emergency_id is None for s in principal.scopes_for("gateway.edit")):
        return
    if emergency is None or not principal.may("gateway.edit", emergency_id=emergency):
        raise forbidden()


async def _found(tx: Conn, principal: Principal, gateway_id: UUID) -> None:
    row = await queries.one(tx, gateway_id)
    if row is None:
        raise not_found("gateway")
    _may_edit(principal, row["emergency_id"])
