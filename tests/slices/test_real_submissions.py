"""What others' phones really sent, and filled-in copies of others' forms: each arrives whole or is refused in words."""

import hashlib
import uuid
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from field_forms.openrosa import InstanceRefused, parse_instance
from server.access.queries import add_token
from server.access.secrets import new_secret, secret_hash
from server.app import create_app
from server.forms import blobs, form_routes, stored
from server.kernel.settings import Settings
from tests.support.stack import Stack

DATA = Path(__file__).parents[3] / "shared" / "data" / "openrosa"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real forms and submissions are not here: {DATA}")
_REFUSED = {"form.needs_media", "form.not_publishable", "form.version_taken"}
_FILES = (".jpg", ".jpeg", ".png", ".mp4", ".amr")


@dataclass
class House:
    """The application, a coordinator who publishes and a phone that sends."""

    app: FastAPI
    client: AsyncClient
    staff: dict[str, str]
    phone: str
    verdicts: Counter[str] = field(default_factory=Counter)

    async def publish(self, suffix: str, content: bytes) -> Response:
        return await self.client.post("/api/forms", params={"file_type": suffix}, content=content, headers=self.staff)

    async def publish_with_files(self, path: Path, content: bytes) -> Response:
        """Publish a form; the files that it needs come from beside it, or are made up."""
        answer = await self.publish(path.suffix, content)
        if answer.json().get("code") != "form.needs_media":
            return answer
        kept = await self.client.post(
            "/api/forms", params={"file_type": ".xml", "draft": True}, content=content, headers=self.staff
        )
        said = kept.json()
        version = f"/api/form-versions/{said['id']}"
        for name in said["missing_files"]:
            beside = next(iter(path.parents[1].rglob(name)), None)
            given = beside.read_bytes() if beside else b"name,label\n"
            put = await self.client.put(f"{version}/media/{name}", content=given, headers=self.staff)
            assert put.status_code == 201, (path.name, name, put.text[:300])
        return await self.client.patch(version, json={"state": "published"}, headers=self.staff)

    async def send(self, xml: bytes, files: dict[str, bytes] | None = None) -> Response:
        parts = [("xml_submission_file", ("submission.xml", xml, "text/xml"))]
        parts += [(name, (name, data, "image/jpeg")) for name, data in (files or {}).items()]
        return await self.client.post(f"/openrosa/{self.phone}/submission", files=parts)


async def _token(app: FastAPI, role: str) -> str:
    secret = new_secret()
    row = {"id": uuid.uuid4(), "hash": secret_hash(secret), "role": role, "name": role}
    async with app.state.db.tx() as conn:
        await add_token(conn, row | {"centre_id": None, "emergency_id": None, "volunteer_id": None})
    return secret


@pytest.fixture
async def house(stack: Stack, db_dsn: str, redis_url: str) -> AsyncIterator[House]:
    app = create_app(Settings(home=stack.home, database_url=db_dsn, redis_url=redis_url))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://relief.test") as client,
    ):
        staff = {"Authorization": f"Bearer {await _token(app, 'coordinator')}"}
        yield House(app, client, staff, await _token(app, "field"))


async def _bodies(house: House) -> Counter[bytes]:
    """Every form report's bytes, opened."""
    ctx = house.app.state.context
    async with ctx.db.tx() as conn:
        rows = await (
            await conn.execute("SELECT id, body_sealed, data_key_wrapped FROM reports WHERE channel = 'form'")
        ).fetchall()
    return Counter(stored.opened(ctx, row) for row in rows)


async def _contents(house: House) -> Counter[bytes]:
    """Every attachment's digest, opened and hashed."""
    ctx = house.app.state.context
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
    async with house.app.state.db.tx() as conn:
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
    async with house.app.state.db.tx() as conn:
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


async def test_every_form_of_others_that_is_published_takes_its_own_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each verdict of ODK Validate starts a Java of its own: three hundred of them belong elsewhere.
    monkeypatch.setattr(form_routes, "odk_validate", lambda _xml: None)
    sent: Counter[bytes] = Counter()
    unread = 0
    for folder in ("collect_xforms", "javarosa_xforms", "enketo_xforms"):
        for path in sorted((DATA / folder).rglob("*.xml")):
            answer = await house.publish_with_files(path, path.read_bytes())
            house.verdicts[str(answer.status_code)] += 1
            assert answer.status_code in {200, 201, 409, 422}, (path.name, answer.status_code, answer.text[:300])
            if answer.status_code not in {200, 201}:
                assert answer.json()["code"] in {"form.needs_media", "form.not_publishable", "form.version_taken"}, (
                    path.name
                )
                continue
            xml = _filled(path.read_bytes())
            assert xml is not None, path.name
            taken = await house.send(xml)
            try:
                parse_instance(xml)
            except InstanceRefused:
                unread += 1
            assert taken.status_code == 201, (path.name, taken.text[:300])
            sent[xml] += 1
    assert await _bodies(house) == sent
    assert house.verdicts["200"] + house.verdicts["201"] >= 215, house.verdicts
    async with house.app.state.db.tx() as conn:
        rows = await (await conn.execute("SELECT count(*) AS n, count(version_id) AS v FROM submissions")).fetchone()
    assert rows is not None
    assert rows["n"] - rows["v"] <= unread, rows
