"""Which forms and files a phone gets, whole or in parts, and at what cost."""

import random
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncCursor

from tests.support.collect_house import Desk, House
from tests.support.collect_wire import Collect

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_form_of_one_centre_is_no_other_phones_and_drafts_are_no_ones(house: House, desk: Desk) -> None:
    ours, theirs = [row["id"] for row in await house.rows("SELECT id FROM centres ORDER BY code LIMIT 2")]
    made = await desk.form("ours", "1", more="map.csv", draft=True)
    await desk.put("PUT", f"api/form-versions/{made['id']}/media/map.csv", b"name,label\n0123456789")
    ways = ("forms/ours.xml?version=1", "forms/ours.xml", "manifest/ours?version=1", f"media/{made['id']}/map.csv")

    async def found(centre: UUID, below: str = "") -> set[bytes]:
        async with Collect.reaching(f"{house.url}/openrosa/{await house.made('field', centre)}{below}") as phone:
            assert ("ours" in await phone.forms()) == ((await phone.get(ways[0])).status.split()[1] == b"200")
            return {(await phone.get(way)).status.split()[1] for way in ways}

    assert await found(ours) == {b"404"}
    assert await found(ours, "/draft") == {b"200"}
    state = f'{{"state": "published", "centre": "{ours}"}}'
    await desk.put("PATCH", f"api/form-versions/{made['id']}", state.encode())
    assert (await found(ours), await found(theirs)) == ({b"200"}, {b"404"})


async def test_a_download_goes_on_where_it_broke_off(house: House, collect: Collect, desk: Desk) -> None:
    made = await desk.form("parted", "1", more="film.png", draft=True)
    film = random.Random(5).randbytes(5000)
    await desk.put("PUT", f"api/form-versions/{made['id']}/media/film.png", film)
    await desk.form("parted", "1", more="film.png")
    url = f"media/{made['id']}/film.png"
    whole = await collect.get(url)
    assert (whole.body, whole.one("Accept-Ranges")) == (film, "bytes")
    rest = await collect.get(url, ("Range", "bytes=1234-"), ("If-Range", whole.one("ETag")))
    assert (rest.status, rest.one("Content-Range")) == (b"HTTP/1.1 206 Partial Content", "bytes 1234-4999/5000")
    assert film[:1234] + rest.body == film
    other = await collect.get(url, ("Range", "bytes=1234-"), ("If-Range", '"0"'))
    assert (other.status, other.body) == (b"HTTP/1.1 200 OK", film)
    beyond = await collect.get(url, ("Range", "bytes=5000-"))
    assert (beyond.status.split()[1], beyond.one("Content-Range")) == (b"416", "bytes */5000")


@pytest.mark.parametrize("way", ["forms/incident.xml?version=%00", "forms/a%00b.xml", "manifest/%00", "media/x/%00"])
async def test_what_cannot_be_a_name_is_no_error_of_ours(collect: Collect, way: str) -> None:
    assert (await collect.get(way)).status.split()[1] in {b"404", b"422"}


async def test_a_thousand_forms_are_asked_for_as_few_are(
    house: House, collect: Collect, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, execute = [0], AsyncCursor.execute

    async def counted(self: Any, *given: Any, **named: Any) -> Any:
        # Who a token is, is asked anew every five seconds: that is no part of the list.
        asked[0] += "form" in str(given[0])
        return await execute(self, *given, **named)

    monkeypatch.setattr(AsyncCursor, "execute", counted)
    await collect.forms()
    asked[0] = 0
    before = len(await collect.forms())
    few = asked[0]
    made = await desk.form("many", "1")
    async with house.ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO forms (id, form_id, version, title, xml, md5, bindings, state, kind, file_type, uploads,"
            " files, warnings, created_by) SELECT gen_random_uuid(), 'many' || n, version, title, xml, md5, bindings,"
            " state, kind, file_type, uploads, files, warnings, created_by FROM forms, generate_series(1, 1000) n"
            " WHERE id = %s",
            (made["id"],),
        )
        await conn.execute(
            "INSERT INTO form_publications (id, form_id, version_id, published_by) SELECT gen_random_uuid(), form_id,"
            " id, 'test' FROM forms WHERE form_id ~ '^many[0-9]'"
        )
    asked[0] = 0
    assert len(await collect.forms()) == before + 1001
    assert asked[0] == few > 0
