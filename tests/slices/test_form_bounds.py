"""What somebody bound to one centre or emergency can neither reach nor change of another's forms."""

import time
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from server.access.context import Context
from server.forms import effect_queries, settling
from server.forms.multipart import MultipartRefused, take_apart
from tests.slices.chain_kit import centre, emergency, rows
from tests.slices.test_form_publishing import form, upload
from tests.support.web import MakeClient


def answers(instance: str, replaces: str = "", said: str = "a") -> bytes:
    old = f"<deprecatedID>{replaces}</deprecatedID>" if replaces else ""
    meta = f"<meta><instanceID>{instance}</instanceID>{old}</meta>"
    return f"<data id='t1' version='1'><a>{said}</a>{meta}</data>".encode()


async def send(client: Any, xml: bytes, **files: bytes) -> None:
    parts = [("xml_submission_file", ("s.xml", xml, "text/xml"))]
    parts += [(name, (f"{name}.txt", data, "text/plain")) for name, data in files.items()]
    answer = await client.post("/openrosa/submission", files=parts)
    assert answer.status_code == 201, answer.text


async def test_a_phone_gets_no_form_and_no_file_that_is_for_others(client_of: MakeClient, ctx: Context) -> None:
    here, there = await emergency(ctx, "E-TEST1"), await emergency(ctx, "E-TEST2")
    head = await client_of("coordinator")
    made = await upload(head, form("1", more="a.png"), draft=True)
    png = {"Content-Type": "image/png"}
    given = await head.put(f"/api/form-versions/{made}/media/a.png", content=b"PNG", headers=png)
    assert given.status_code == 201
    ours, theirs = await client_of("field", emergency=here), await client_of("field", emergency=there)
    paths = ("forms/t1.xml?version=1", "manifest/t1?version=1", f"media/{made}/a.png")

    async def got(phone: Any) -> list[int]:
        return [(await phone.get(f"/openrosa/{path}")).status_code for path in paths]

    assert await got(ours) == [404, 404, 404], "a draft, and no address of drafts"
    published = await head.patch(f"/api/form-versions/{made}", json={"state": "published", "emergency": str(here)})
    assert published.status_code == 200
    assert await got(ours) == [200, 200, 200]
    assert await got(theirs) == [404, 404, 404]
    assert await got(head) == [200, 200, 200]


async def test_no_centre_takes_back_or_reads_what_anothers_people_sent(client_of: MakeClient, ctx: Context) -> None:
    ours, theirs = await centre(ctx, "T1", 50, 33), await centre(ctx, "T2", 51, 33)
    await upload(await client_of("coordinator"), form("1"))
    await send(await client_of("field", centre=ours), answers("uuid:1"), one=b"ours")
    stranger = await client_of("field", centre=theirs)
    await send(stranger, answers("uuid:2", "uuid:1", "b"))
    await send(stranger, answers("uuid:1", said="c"), two=b"theirs")
    found = await rows(ctx, "SELECT id, instance_key, centre_id, current, conflict FROM submissions ORDER BY seq")
    assert [row["current"] for row in found] == [True, True, True]
    assert [row["conflict"] for row in found] == [True, True, True], "a person has to look"
    reader = await client_of("coordinator", centre=theirs)
    assert (await reader.get(f"/api/submissions/{found[0]['id']}/files")).status_code == 404
    seen = (await reader.get(f"/api/submissions/{found[2]['id']}/files")).json()["items"]
    assert [file["name"] for file in seen] == ["two.txt"]
    await send(await client_of("field", centre=ours), answers("uuid:3", "uuid:1", "d"))
    found = await rows(ctx, "SELECT instance_key, centre_id, current FROM submissions ORDER BY seq")
    assert found[3]["current"], "its own people's edit counts"
    assert not found[0]["current"]


async def test_effects_are_listed_within_each_pair_of_bounds(ctx: Context) -> None:
    async with ctx.db.tx() as conn:
        asked = {"state": "refused", "emergency": None, "at": None, "id": None, "limit": 5}
        pairs: tuple[dict[str, Any], ...] = (
            {"emergencies": [], "centres": []},
            {"emergencies": [None], "centres": [UUID(int=1)]},
        )
        for bounds in pairs:
            assert await effect_queries.effects(conn, asked | bounds) == []


async def test_without_the_opening_key_nothing_is_given_up() -> None:
    away = cast("Context", SimpleNamespace(sealing=SimpleNamespace(can_read=False)))
    assert await settling.step(away) == 0


def test_a_header_of_blanks_costs_no_more_than_its_length() -> None:
    def cost(blanks: int) -> float:
        body = b"--b\r\ncontent-type:" + b" " * blanks + b"\rX\r\n\r\n--b--\r\n"
        began = time.process_time()
        for _ in range(20):
            with pytest.raises(MultipartRefused):
                take_apart([body], b"b", most_files=1, most_fields=1)
        return time.process_time() - began

    assert cost(8000) < 20 * cost(1000) + 0.02


async def test_a_draft_is_its_centres_own(client_of: MakeClient, ctx: Context) -> None:
    ours, theirs = await centre(ctx, "T1", 50, 33), await centre(ctx, "T2", 51, 33)
    maker, other = await client_of("coordinator", centre=ours), await client_of("coordinator", centre=theirs)
    made = await upload(maker, form("1", more="a.png"), draft=True)
    version = f"/api/form-versions/{made}"
    png = {"Content-Type": "image/png"}
    for way in (other.get(version), other.get(f"{version}/source"), other.delete(version)):
        assert (await way).status_code == 404
    assert (await other.put(f"{version}/media/a.png", content=b"X", headers=png)).status_code == 404
    assert (await other.patch(version, json={"state": "published"})).status_code == 404
    changed = form("1", more="a.png").replace(b"| A |", b"| B |")
    answer = await other.post("/api/forms?file_type=.md&draft=true", content=changed)
    assert answer.status_code in {403, 409, 422}, answer.text
    listed = [(await one.get("/api/forms?state=draft")).json()["items"] for one in (maker, other)]
    assert [len(items) for items in listed] == [1, 0]
    for centre_id, shown in ((ours, True), (theirs, False)):
        phone = await client_of("field", centre=centre_id)
        assert ("t1" in (await phone.get("/openrosa/draft/formList")).text) is shown
        assert (await phone.get(version)).status_code == 404, "no draft for who may not publish"
    assert (await maker.put(f"{version}/media/a.png", content=b"X", headers=png)).status_code == 201
    assert (await maker.patch(version, json={"state": "published"})).status_code == 200
    listed = [(await one.get("/api/forms")).json()["items"] for one in (maker, other)]
    assert ["t1" in {item["form_id"] for item in items} for items in listed] == [True, False]
