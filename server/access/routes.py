"""Tokens, invitations, and who am I, as JSON. Signing in is a page."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from server.access import service
from server.access.context import Context, context
from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.access.schemas import NewInvite, NewToken
from server.kernel.edge import Tx
from server.kernel.http import json_response

router = APIRouter(prefix="/api")


def _may_give(principal: Principal, role: str, centre: UUID | None) -> None:
    """Only an admin makes admins and auditors; who is bound to a centre gives nothing beyond it."""
    if role in {"admin", "auditor"} and not principal.has_role("admin"):
        raise forbidden()
    bound = principal.centre_bound("token.create")
    if bound is not None and centre != bound:
        raise forbidden()


@router.get("/me")
async def me(principal: Annotated[Principal, allow("session.own")]) -> Response:
    """Who is asking: kind, roles and their bounds."""
    return json_response(
        {
            "kind": principal.kind,
            "id": principal.id,
            "roles": [
                {
                    "role": s.role,
                    "centre": s.centre_id,
                    "emergency": s.emergency_id,
                    "volunteer": s.volunteer_id,
                }
                for s in principal.scopes
            ],
        }
    )


@router.post("/tokens")
async def create_token(
    body: NewToken,
    tx: Tx,
    principal: Annotated[Principal, allow("token.create")],
    ctx: Annotated[Context, Depends(context)],
) -> Response:
    """Make a token; the secret is in this answer and nowhere else."""
    _may_give(principal, body.role, body.centre)
    bounds = service.Bounds(body.centre, body.emergency, body.volunteer)
    token_id, secret = await service.create_token(tx, body.role, body.name, bounds, principal.actor)
    await service.keep_digest(tx, ctx.sealing, body.role, token_id, secret)
    return json_response({"id": token_id, "token": secret}, 201, {"Cache-Control": "no-store"})


@router.delete("/tokens/{token_id}")
async def revoke_token(token_id: UUID, tx: Tx, principal: Annotated[Principal, allow("token.create")]) -> Response:
    """End a token; other processes learn of it within five seconds."""
    await service.revoke_token(tx, token_id, principal.actor)
    return Response(status_code=204)


@router.post("/invites")
async def create_invite(
    body: NewInvite,
    tx: Tx,
    principal: Annotated[Principal, allow("invite.create")],
    ctx: Annotated[Context, Depends(context)],
) -> Response:
    """Make a one-time link for the next person."""
    _may_give(principal, body.role, body.centre)
    secret = await service.create_invite(tx, body.role, service.Bounds(body.centre, body.emergency, body.volunteer))
    return json_response({"link": f"{ctx.settings.url}/join/{secret}"}, 201, {"Cache-Control": "no-store"})
