"""What others' phones really sent, and filled-in copies of others' forms: each arrives whole or is refused in words."""

import hashlib
import uuid
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from httpx import Response

from field_forms.openrosa import parse_instance
from server.access.context import Context
from server.forms import blobs, form_routes, stored
from tests.support.web import MakeClient

DATA = Path(__file__).parents[3] / "shared" / "data" / "openrosa"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real forms and submissions are not here: {DATA}")
_FILES = (".jpg", ".jpeg", ".png", ".mp4", ".amr")


@dataclass
class House:
    """A coordinator who publishes, a phone that sends."""

    ctx: Context
    staff: httpx.AsyncClient
    phone: httpx.AsyncClient
    verdicts: Counter[str] = field(default_factory=Counter)

    async def publish(self, suffix: str, content: bytes, **asked: Any) -> Response:
        return await self.staff.post("/api/forms", params={"file_type": suffix, **asked}, content=content)

    async def publish_with_files(self, path: Path, content: bytes) -> Response:
        """Publish a form; the files that it needs come from beside it, or are made up."""
        answer = await self.publish(path.suffix, content)
        if answer.json().get("code") != "form.needs_media":
            return answer
        said = (await self.publish(path.suffix, content, draft=True)).json()
        version = f"/api/form-versions/{said['id']}"
        for name in said["missing_files"]:
            beside = next(iter(path.parents[1].rglob(name)), None)
            given = beside.read_bytes() if beside else b"name,label\n"
            put = await self.staff.put(f"{version}/media/{name}", content=given)
            assert put.status_code == 201, (path.name, name, put.text[:300])
        return await self.staff.patch(version, json={"state": "published"})

    async def send(self, xml: bytes, files: dict[str, bytes] | None = None) -> Response:
        parts = [("xml_submission_file", ("submission.xml", xml, "text/xml"))]
        parts += [(name, (name, data, "image/jpeg")) for name, data in (files or {}).items()]
        return await self.phone.post("/openrosa/submission", files=parts)


@pytest.fixture
async def house(ctx: Context, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch) -> House:
    # Each verdict of ODK Validate starts a Java of its own: three hundred of them belong elsewhere.
    monkeypatch.setattr(form_routes, "odk_validate", lambda _xml: None)
    return House(ctx, await client_of("coordinator"), await client_of("field"))


async def _bodies(house: House) -> Counter[bytes]:
    """Every form report's bytes, opened."""
    ctx = house.ctx
    async with ctx.db.tx() as conn:
        rows = await (
            await conn.execute("SELECT id, body_sealed, data_key_wrapped FROM reports WHERE channel = 'form'")
        ).fetchall()
    return Counter(stored.opened(ctx, row) for row in rows)


async def _contents(house: House) -> Counter[bytes]:
    """Every attachment's digest, opened and hashed."""
    ctx = house.ctx
    async with ctx.db.tx() as conn:
        rows = await (await conn.execute("SELECT blob_id FROM attachments")).fetchall()
        opened = [await blobs.read(conn, ctx, row["blob_id"]) for row in rows]
    return Counter(hashlib.sha256(content or b"").digest() for content in opened)


async def test_what_phones_sent_arrives_byte_for_byte(house: House) -> None:
    for form in sorted((DATA / "forms").iterdir()):
        answer = await house.publish(form.suffix, form.read_bytes())
        assert answer.status_code in {200, 201, 409, 422}, (form.name, answer.text[:300])
        house.verdicts["published" if answer.status_code < 300 else "refused"] += 1
    assert house.verdicts["published"] >= 8, house.verdicts
    sent: Counter[bytes] = Counter()
    files: Counter[bytes] = Counter()
    refused: dict[str, str] = {}
    for path in sorted((DATA / "submissions").rglob("*.xml")):
        xml = path.read_bytes()
        beside = {f.name: f.read_bytes() for f in path.parent.iterdir() if f.suffix.lower() in _FILES}
        for _ in range(2):  # each twice, as after an answer that got lost
            answer = await house.send(xml, beside)
            said = fromstring(answer.content)[0].text or ""
            if answer.status_code == 201:
                sent[xml] = 1
                for data in beside.values():
                    files[hashlib.sha256(data).digest()] = 1
            else:
                assert answer.status_code in {400, 413}, (path.name, answer.status_code)
                assert len(said.splitlines()) == 2, said
                refused[path.name] = said
    assert await _bodies(house) == sent
    assert set(await _contents(house)) == set(files)
    assert set(refused) <= {"transportation_empty_submission.xml", "blank.xml"}, refused
    async with house.ctx.db.tx() as conn:
        rows = await (
            await conn.execute("SELECT count(*) AS n, count(version_id) AS known FROM submissions")
        ).fetchone()
    assert rows is not None
    assert rows["n"] == len(sent)
    # The others answer forms that are not among those given here.
    assert rows["known"] >= 8, rows


async def test_an_edit_and_a_repetition_are_told_apart(house: House) -> None:
    folder = DATA / "submissions" / "tutorial"
    first, same_id, edited = (
        (folder / f"tutorial_2012-06-27_11-27-53_w_uuid{end}.xml").read_bytes()
        for end in ("", "_same_instanceID", "_edited")
    )
    for xml in (edited, first, first, same_id):
        assert (await house.send(xml)).status_code == 201
    async with house.ctx.db.tx() as conn:
        rows = await (
            await conn.execute(
                "SELECT replaces_key IS NOT NULL AS edit, current, conflict, root_key FROM submissions ORDER BY seq"
            )
        ).fetchall()
    replaced = parse_instance(edited).deprecated_id is not None
    assert len(rows) == len({first, same_id, edited})
    if replaced:
        assert [row["edit"] for row in rows] == [True, False, False]
        assert rows[0]["current"]
        assert not rows[1]["current"]
    assert rows[1]["conflict"] == (first != same_id)


def _name(node: ET.Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _filled(xform: bytes) -> bytes | None:
    """A form's own empty instance, as a phone without an answer would send it; None when it has none."""
    root = fromstring(xform)
    model = next((node for node in root.iter() if _name(node) == "model"), None)
    holder = next((n for n in model if _name(n) == "instance" and len(n)), None) if model is not None else None
    if holder is None:
        return None
    data = holder[0]
    meta = next((child for child in data if _name(child) == "meta"), None)
    if meta is None:
        meta = ET.SubElement(data, "{http://openrosa.org/xforms}meta")
    for child in [one for one in meta if _name(one) == "instanceID"]:
        meta.remove(child)
    ET.SubElement(meta, "{http://openrosa.org/xforms}instanceID").text = f"uuid:{uuid.uuid4()}"
    return bytes(ET.tostring(data, encoding="utf-8"))


async def test_others_forms_are_served_as_they_came_and_take_their_own_answers(house: House) -> None:
    sent: Counter[bytes] = Counter()
    for folder in ("collect_xforms", "javarosa_xforms", "enketo_xforms", "forms"):
        for path in sorted((DATA / folder).rglob("*.xml")):
            content = path.read_bytes()
            answer = await house.publish_with_files(path, content)
            said = answer.json()
            if answer.status_code not in {200, 201}:
                told = said.get("problems", [said])
                house.verdicts[str((told[0] if said["code"] == "form.not_publishable" else said)["code"])] += 1
                continue
            house.verdicts["published"] += 1
            address = f"/openrosa/forms/{quote(said['form_id'], safe='')}.xml"
            served = await house.phone.get(address, params={"version": said["version"]})
            assert (served.status_code, served.content == content) == (200, True), path.name
            xml = _filled(content)
            assert xml is not None, path.name
            taken = await house.send(xml)
            assert taken.status_code == 201, (path.name, taken.text[:300])
            sent[xml] += 1
    assert house.verdicts == {
        "published": 218,
        "form.version_taken": 45,
        "xform.no_model": 6,
        "xform.bad_reference": 4,
    }
    assert await _bodies(house) == sent
    async with house.ctx.db.tx() as conn:
        rows = await (await conn.execute("SELECT count(*) AS n, count(version_id) AS v FROM submissions")).fetchone()
    assert rows == {"n": 218, "v": 218}
