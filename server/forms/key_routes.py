"""`/api/form-keys`: key pairs that open encrypted forms. The private half comes in and never goes out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow, forbidden
from server.access.principal import Principal
from server.forms import key_queries as queries
from server.forms import keys
from server.kernel.edge import Tx
from server.kernel.errors import not_found
from server.kernel.http import json_response
from server.kernel.redis import ring

router = APIRouter(prefix="/api/form-keys", tags=["forms"])
Ctx = Annotated[Context, Depends(context)]
Keeper = Annotated[Principal, allow("form_key.edit")]
_PRIVATE = {"Cache-Control": "no-store"}


class NewKey(BaseModel):
    """`pem`: a private key that exists (with its `password`); without it a new pair is made. `centre`: id or code."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    centre: str | None = Field(default=None, max_length=50)
    pem: str | None = Field(default=None, max_length=keys.MAX_BYTES, repr=False)
    password: str | None = Field(default=None, max_length=1_000, repr=False)


class KeyChange(BaseModel):
    """A key goes out of use; nothing else of it changes."""

    model_config = ConfigDict(extra="forbid")
    retired: bool


@router.get("")
async def list_keys(who: Keeper, conn: Tx) -> Response:
    """{"items": [{id, name, centre, public_text, fingerprint, created_at, retired_at}]}, those in use first."""
    rows = await queries.listed(conn, keys.centres_of(who))
    return json_response({"items": [keys.shown(row) for row in rows], "next": None}, headers=_PRIVATE)


@router.post("")
async def add_key(who: Keeper, ctx: Ctx, body: NewKey) -> Response:
    """Keep or make a key pair: 201 with its public text; 200 when it was here already."""
    async with ctx.db.tx() as conn:
        centre_id = await queries.centre(conn, body.centre) if body.centre else None
    if body.centre and centre_id is None:
        raise not_found("centre")
    if not keys.may(who, centre_id):
        raise forbidden()
    private = keys.read(body.pem.encode(), body.password) if body.pem else await keys.make()
    async with ctx.db.tx() as conn:
        row, known = await keys.keep(conn, ctx, keys.Wanted(private, body.name, centre_id), who.actor)
    if known and not keys.may(who, row["centre_id"]):
        raise forbidden()
    # What waited for this key is opened now.
    await ring(ctx.redis, "reports")
    return json_response(keys.shown(row), 200 if known else 201, _PRIVATE)


@router.patch("/{key_id}")
async def change_key(who: Keeper, conn: Tx, key_id: UUID, body: KeyChange) -> Response:
    """`{"retired": true}`: no new form is written for it; what came before still opens."""
    if not body.retired:
        raise keys.not_back()
    return json_response(keys.shown(await keys.retire(conn, who, key_id)), headers=_PRIVATE)
