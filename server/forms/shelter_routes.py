"""Shelters over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.forms import shelter_queries, shelters
from server.incidents.listing import visible
from server.kernel import cursor as cursors
from server.kernel.edge import Tx
from server.kernel.http import etag, if_match, json_response

router = APIRouter(prefix="/api", tags=["forms"])
Ctx = Annotated[Context, Depends(context)]
Editor = Annotated[Principal, allow("shelter.edit")]


class ShelterName(BaseModel):
    """The name that all may read, in either language."""

    model_config = ConfigDict(extra="forbid")
    name_fa: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    name_en: Annotated[str, Field(min_length=1, max_length=200)] | None = None


@router.get("/shelters")
async def listed(
    conn: Tx,
    who: Annotated[Principal, allow("shelter.read")],
    emergency: UUID | None = None,
    state: Literal["open", "full", "closed"] | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Shelters by code, as GeoJSON: how they are, how many persons are in them and how many they hold."""
    after = cursors.text(cursor)
    asked = {
        "within": visible(who, "shelter.read", emergency),
        "state": state,
        "after": after[0] if after else "",
        "limit": limit + 1,
    }
    rows = await shelter_queries.page(conn, asked)
    page = rows[:limit]
    more = cursors.encode(page[-1]["code"], page[-1]["id"]) if len(rows) > limit else None
    features = [shelters.feature(row) for row in page]
    return json_response({"type": "FeatureCollection", "features": features, "next": more})


@router.get("/shelters/{shelter_id}")
async def one(conn: Tx, ctx: Ctx, who: Editor, shelter_id: UUID) -> Response:
    """One shelter, with the name that somebody typed into a form: who names it has to see it, and is on record."""
    row = await shelters.opened(conn, ctx, who, shelter_id)
    shown: dict[str, Any] = shelters.feature(row)
    shown["properties"]["typed"] = row["typed"]
    return json_response(shown, headers={"ETag": etag(row["version"])})


@router.patch("/shelters/{shelter_id}")
async def rename(
    conn: Tx, who: Editor, shelter_id: UUID, body: ShelterName, version: Annotated[int, Depends(if_match)]
) -> Response:
    """Give a shelter its name; 412 shows what somebody else has made of it."""
    names = {k: v for k, v in body.model_dump(exclude_unset=True).items() if v}
    row = await shelters.rename(conn, who, shelter_id, names, version)
    return json_response(shelters.feature(row), headers={"ETag": etag(row["version"])})
