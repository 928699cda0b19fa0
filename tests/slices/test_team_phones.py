"""The sheet of a team: what its QR says leads to its forms, and the token stands nowhere else."""

import base64
import json
import zlib
from uuid import UUID

from httpx import AsyncClient

from server.access.context import Context
from tests.slices.chain_kit import centre
from tests.slices.forms_kit import rows
from tests.support.web import MakeClient

SHEET = "/api/forms/phones"


def server_of(settings: str) -> str:
    return str(json.loads(zlib.decompress(base64.b64decode(settings)))["general"]["server_url"])


async def made(client: AsyncClient, **team: object) -> dict[str, str]:
    answer = await client.post(SHEET, json={"name": "گروه ۳", **team})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    told: dict[str, str] = answer.json()
    return told


async def test_a_team_is_set_up(ctx: Context, client_of: MakeClient) -> None:
    here = await centre(ctx, "C-1", 47.7, 33.2)
    coordinator, stranger = await client_of("coordinator", centre=here), await client_of(None)
    told = await made(coordinator)
    token = told["url"].rpartition("/")[2]
    assert server_of(told["settings"]) == told["url"] == f"http://test/openrosa/{token}"
    assert told["link"] == f"http://test/field/#{token}"
    listed = await stranger.get(f"{told['url']}/formList")
    assert (listed.status_code, b"rapid_needs" in listed.content) == (200, True)
    [row] = await rows(
        ctx, "SELECT role, name, centre_id, to_jsonb(t)::text AS whole FROM tokens t WHERE id = %s", UUID(told["id"])
    )
    assert (row["role"], row["name"], row["centre_id"]) == ("field", "گروه ۳", here), "bound as who made it"
    events = await rows(ctx, "SELECT to_jsonb(e)::text AS whole FROM events_unsealed e")
    assert any(told["id"] in event["whole"] for event in events)
    assert not any(token in one["whole"] or "گروه" in one["whole"] for one in events), "neither secret nor name"
    assert token not in row["whole"]
    assert (await coordinator.delete(f"/api/tokens/{told['id']}")).status_code == 204


async def test_drafts_have_a_sheet_of_their_own(client_of: MakeClient) -> None:
    told = await made(await client_of("coordinator"), draft=True)
    assert told["url"].endswith("/draft")
    assert told["link"] is None
    stranger = await client_of(None)
    assert (await stranger.get(f"{told['url']}/formList")).status_code == 200
    assert (await stranger.head(f"{told['url']}/submission")).status_code == 204


async def test_nobody_sets_up_phones_beyond_her_own(ctx: Context, client_of: MakeClient) -> None:
    here, there = await centre(ctx, "C-1", 47.7, 33.2), await centre(ctx, "C-2", 47.9, 33.2)
    bound = await client_of("coordinator", centre=here)
    assert (await bound.post(SHEET, json={"name": "t", "centre": str(there)})).status_code == 403
    assert (await (await client_of("field")).post(SHEET, json={"name": "t"})).status_code == 403
    [row] = await rows(ctx, "SELECT count(*) AS n FROM tokens WHERE name = 't'")
    assert row["n"] == 0
