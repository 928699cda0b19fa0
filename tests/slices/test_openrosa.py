"""OpenRosa against a real database: what Collect does, done twice, cut, split and wrong."""

import asyncio
import base64
import hashlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from field_forms.builtin import compiled
from field_forms.xlsform import compile_form
from server.access.queries import add_token
from server.access.secrets import new_secret, secret_hash
from server.app import create_app
from server.forms import builtin, publishing
from server.forms.builtin import FORMS
from server.kernel.errors import Problem
from server.kernel.settings import Settings
from tests.support.stack import Stack
from tests.unit.field_forms.samples import markdown_form, rapid_needs

BODY = (
    "<situation><what_happened>flooding</what_happened><urgency>high</urgency></situation>"
    "<where><location>33.15 47.72 640 8</location><place_name>پلدختر</place_name></where>"
    "<affected><people>40</people><households>9</households></affected>"
    "<lacking><needs>water</needs></lacking><amounts><amount_water>200</amount_water></amounts>"
)


def meta(instance_id: str) -> str:
    return f"<meta><instanceID>{instance_id}</instanceID></meta>"


@dataclass
class Phone:
    """A phone with a field worker's token in its address."""

    app: FastAPI
    client: AsyncClient
    token: str

    def path(self, rest: str) -> str:
        return f"/openrosa/{self.token}/{rest}"

    async def send(self, xml: bytes, *, more: bool = False, **files: bytes) -> Response:
        parts: list[tuple[str, tuple[str | None, bytes, str]]] = [
            ("xml_submission_file", ("submission.xml", xml, "text/xml"))
        ]
        parts += [(name, (f"{name}.jpg", data, "image/jpeg")) for name, data in files.items()]
        parts += [("*isIncomplete*", (None, b"yes", "text/plain"))] if more else []
        return await self.client.post(self.path("submission"), files=parts)

    async def rows(self, sql: str) -> list[dict[str, object]]:
        async with self.app.state.db.tx() as conn:
            return await (await conn.execute(sql)).fetchall()

    async def one(self, sql: str) -> object:
        return next(iter((await self.rows(sql))[0].values()))


async def token(app: FastAPI, role: str) -> str:
    secret = new_secret()
    row = {"id": uuid.uuid4(), "hash": secret_hash(secret), "role": role, "name": role}
    async with app.state.db.tx() as conn:
        await add_token(conn, row | {"centre_id": None, "emergency_id": None, "volunteer_id": None})
    return secret


@pytest.fixture
async def phone(stack: Stack, db_dsn: str, redis_url: str) -> AsyncIterator[Phone]:
    app = create_app(Settings(home=stack.home, database_url=db_dsn, redis_url=redis_url))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://relief.test") as client,
    ):
        yield Phone(app, client, await token(app, "field"))


def message(response: Response) -> str:
    root = fromstring(response.content)
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    return root[0].text or ""


def receipt(response: Response) -> str:
    return message(response).rpartition(" ")[2]


async def test_list_form_and_manifest(phone: Phone) -> None:
    answer = await phone.client.get(phone.path("formList"))
    assert answer.status_code == 200
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert "text/xml" in answer.headers["content-type"]
    forms = [{child.tag.rpartition("}")[2]: child.text for child in entry} for entry in fromstring(answer.content)]
    listed = next(entry for entry in forms if entry["formID"] == "rapid_needs")
    form = compiled("rapid_needs")
    assert (listed["formID"], listed["version"], listed["hash"]) == ("rapid_needs", form.version, form.hash)
    assert listed["name"] == "نیازهای فوری"
    url = listed["downloadUrl"] or ""
    assert url.startswith(f"http://relief.test/openrosa/{phone.token}/")
    xml = await phone.client.get(url)
    assert xml.content == form.xml
    assert "md5:" + hashlib.md5(xml.content).hexdigest() == listed["hash"]
    manifest = await phone.client.get(phone.path("manifest/rapid_needs"))
    assert (manifest.status_code, len(fromstring(manifest.content))) == (200, 0)
    assert (await phone.client.get(phone.path("forms/no_such.xml"))).status_code == 404
    english = await phone.client.get(phone.path("formList"), headers={"Accept-Language": "en"})
    assert "Rapid needs" in english.text


@pytest.mark.parametrize("way", ["path", "bearer", "basic"])
async def test_every_way_in(phone: Phone, way: str) -> None:
    login = base64.b64encode(f"anybody:{phone.token}".encode()).decode()
    headers = {
        "bearer": {"Authorization": f"Bearer {phone.token}"},
        "basic": {"Authorization": f"Basic {login}"},
    }
    start = f"/openrosa/{phone.token}" if way == "path" else "/openrosa"
    assert (await phone.client.get(f"{start}/formList", headers=headers.get(way))).status_code == 200
    assert (await phone.client.head(f"{start}/submission", headers=headers.get(way))).status_code == 204


async def test_no_way_in(phone: Phone) -> None:
    for path in ("/openrosa/wrong/formList", "/openrosa/formList", "/openrosa/wrong/submission"):
        method = "HEAD" if path.endswith("submission") else "GET"
        answer = await phone.client.request(method, path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    donor = await token(phone.app, "donor")
    assert (await phone.client.get(f"/openrosa/{donor}/formList")).status_code == 403
    bad = {"Authorization": "Basic !!!"}
    assert (await phone.client.get("/openrosa/formList", headers=bad)).status_code == 401


async def test_head_promises_a_length(phone: Phone) -> None:
    answer = await phone.client.head(phone.path("submission"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) == 10 * 1024 * 1024


async def test_a_submission_is_one_report_however_often_it_comes(phone: Phone) -> None:
    xml = rapid_needs(BODY)
    answers = [await phone.send(xml) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({receipt(answer) for answer in answers}) == 1
    rows = await phone.rows("SELECT receipt, channel, source, source_key, flags FROM reports")
    assert len(rows) == 1
    assert rows[0]["receipt"] == receipt(answers[0])
    assert (rows[0]["channel"], rows[0]["source"]) == ("form", "openrosa")
    assert rows[0]["source_key"] == "uuid:7f0c2f0e-5a52-4b33-9d0b-0f5e7a3d1c11"
    assert rows[0]["flags"] == []
    verbs = await phone.rows("SELECT verb FROM events_unsealed")
    assert [row["verb"] for row in verbs].count("report.accepted") == 1


async def test_one_submission_sent_by_eight_at_once(phone: Phone) -> None:
    answers = await asyncio.gather(*(phone.send(rapid_needs(BODY), a=b"A") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({receipt(answer) for answer in answers}) == 1
    assert await phone.one("SELECT count(*) FROM reports") == 1
    assert await phone.one("SELECT count(*) FROM attachments") == 1


async def test_the_report_holds_the_bytes_sealed(phone: Phone) -> None:
    xml = rapid_needs(BODY)
    await phone.send(xml)
    row = (await phone.rows("SELECT id, body_sealed, meta_sealed, data_key_wrapped FROM reports"))[0]
    record = phone.app.state.sealing.of("reports", row["id"], row["data_key_wrapped"])
    assert record.open("body_sealed", row["body_sealed"]) == xml
    told = record.open("meta_sealed", row["meta_sealed"]).decode()
    assert '"form_id":"rapid_needs"' in told
    assert "water" not in told, "what the answers mean is read by the chain"
    raw = b"".join(bytes(value) for value in (row["body_sealed"], row["meta_sealed"]))
    assert "پلدختر".encode() not in raw


async def test_who_opens_it_reads_answers_in_words_and_what_was_typed(phone: Phone) -> None:
    await phone.send(rapid_needs(BODY + "<more><note>پل هم ترک دارد</note></more>"))
    report = await phone.one("SELECT id FROM reports")
    headers = {"Authorization": f"Bearer {await token(phone.app, 'coordinator')}"}
    said = (await phone.client.get(f"/api/reports/{report}", headers=headers)).json()["properties"]
    # The reading's marks are offsets in what was typed, so nothing else may be its text.
    assert said["text"] == "پل هم ترک دارد"
    assert "پلدختر" in said["form"]["fa"]
    assert "40" in said["form"]["en"]
    assert "<" not in said["form"]["en"]


async def test_the_same_instance_with_other_answers_is_kept_and_flagged(phone: Phone) -> None:
    first = await phone.send(rapid_needs(BODY))
    second = await phone.send(rapid_needs(BODY.replace("200", "900")))
    assert second.status_code == 201
    assert await phone.one("SELECT count(*) FROM reports") == 2
    assert "both are kept" in message(second)
    assert "both are kept" not in message(first)


async def test_split_files_are_merged_once(phone: Phone) -> None:
    xml = rapid_needs(BODY)
    for _ in range(2):
        assert (await phone.send(xml, more=True, a=b"A" * 2_000_000, b=b"B")).status_code == 201
        assert (await phone.send(xml, c=b"C", b=b"B")).status_code == 201
    rows = await phone.rows(
        "SELECT a.name, a.size, a.content_type, b.content_sealed, a.report_id FROM attachments a"
        " JOIN blobs b ON b.id = a.blob_id ORDER BY a.name"
    )
    assert [(row["name"], row["size"]) for row in rows] == [("a.jpg", 2_000_000), ("b.jpg", 1), ("c.jpg", 1)]
    assert len({row["report_id"] for row in rows}) == 1
    assert await phone.one("SELECT count(*) FROM reports") == 1
    await phone.send(xml, **{"Mrs N 09121234567": b"D"})
    names = {str(row["name"]) for row in await phone.rows("SELECT name FROM attachments")}
    assert not any("0912" in name for name in names), "a file's name stands in the open"
    assert b"AAAA" not in bytes(rows[0]["content_sealed"])  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("xml", "flag"),
    [
        (b"<data id='elsewhere'><a>1</a><meta><instanceID>uuid:x</instanceID></meta></data>", "form_unknown"),
        (
            b"<data id='rapid_needs' version='1'><meta><instanceID>uuid:y</instanceID></meta></data>",
            "form_version_unknown",
        ),
        (b"<data id='rapid_needs'><cut", "form_unreadable"),
        (b"<data id='e' encrypted='yes'><base64EncryptedKey>k</base64EncryptedKey></data>", "form_encrypted"),
    ],
)
async def test_what_cannot_be_understood_is_kept_and_flagged(phone: Phone, xml: bytes, flag: str) -> None:
    await phone.client.get(phone.path("formList"))
    answers = [await phone.send(xml), await phone.send(xml)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert receipt(answers[0]) == receipt(answers[1])
    rows = await phone.rows("SELECT flags FROM reports")
    assert len(rows) == 1
    assert flag in rows[0]["flags"]  # type: ignore[operator]


@pytest.mark.parametrize("xml", [b"", b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a id='x'>&e;</a>"])
async def test_what_no_form_sends_is_refused_in_words_that_collect_shows(phone: Phone, xml: bytes) -> None:
    answer = await phone.send(xml)
    assert answer.status_code == 400
    assert message(answer)
    assert await phone.one("SELECT count(*) FROM reports") == 0


async def test_requests_that_are_no_submission(phone: Phone) -> None:
    nothing = await phone.client.post(phone.path("submission"), files={"photo": ("a.jpg", b"x", "image/jpeg")})
    assert (nothing.status_code, bool(message(nothing))) == (400, True)
    broken = await phone.client.post(
        phone.path("submission"), content=b"nonsense", headers={"Content-Type": "multipart/form-data"}
    )
    assert broken.status_code == 400
    large = await phone.send(rapid_needs(BODY), a=b"A" * (10 * 1024 * 1024))
    assert large.status_code == 413
    assert await phone.one("SELECT count(*) FROM reports") == 0
    bare = await phone.client.post(
        phone.path("submission"), content=rapid_needs(BODY), headers={"Content-Type": "text/xml"}
    )
    assert bare.status_code == 201


async def test_real_submissions(phone: Phone) -> None:
    folder = Path(__file__).parents[3] / "shared" / "data" / "openrosa" / "submissions"
    if not folder.exists():
        pytest.skip("the collection of real submissions is not on this machine")
    files = sorted(folder.rglob("*.xml"))
    for _ in range(2):
        for file in files:
            assert (await phone.send(file.read_bytes())).status_code == 201, file.name
    # Different bytes each, so a report each; sent twice, nothing doubled.
    assert await phone.one("SELECT count(*) FROM reports") == len({file.read_bytes() for file in files})


async def test_publishing_replaces_archives_and_refuses(phone: Phone) -> None:
    def form(version: str, label: str) -> bytes:
        settings = f"| settings |\n| | form_title | form_id | version |\n| | T | t1 | {version} |"
        return markdown_form(f"| | type | name | label |\n| | text | a | {label} |", settings=settings)

    async def publish(source: bytes) -> bool:
        async with phone.app.state.db.tx() as conn:
            return (await publishing.publish(conn, compile_form(source, ".md"), source)).known

    assert await publish(form("1", "A")) is False
    assert await publish(form("1", "A")) is True
    with pytest.raises(Problem) as taken:
        await publish(form("1", "B"))
    assert taken.value.code == "form.version_taken"
    assert await publish(form("2", "B")) is False
    states = await phone.rows("SELECT version, state FROM forms WHERE form_id = 't1' ORDER BY version")
    assert [(row["version"], row["state"]) for row in states] == [("1", "archived"), ("2", "published")]
    answer = await phone.client.get(phone.path("formList"), params={"formID": "t1"})
    assert [x[2].text for x in fromstring(answer.content)] == ["2"]
    old = await phone.client.get(phone.path("forms/t1.xml"), params={"version": "1"})
    assert old.status_code == 200, "a phone that still holds the older list may fetch what it names"


async def test_publishing_over_http(phone: Phone) -> None:
    headers = {"Authorization": f"Bearer {await token(phone.app, 'coordinator')}"}
    good = markdown_form("| | type | name | label |\n| | text | a | A |")
    codes = [
        (await phone.client.post("/api/forms?file_type=.md", content=good, headers=headers)).status_code
        for _ in range(2)
    ]
    assert codes == [201, 200]
    bad = markdown_form("| | type | name | label | relevant |\n| | text | a | A | 1 > ۲ |")
    answer = await phone.client.post("/api/forms?file_type=.md", content=bad, headers=headers)
    assert answer.status_code == 422
    assert [(p["row"], p["code"]) for p in answer.json()["problems"]] == [(2, "xpath.persian_digits")]
    media = markdown_form("| | type | name | label | media::image |\n| | text | a | A | a.png |")
    media = media.replace(b"test_form", b"pictured")
    answer = await phone.client.post("/api/forms?file_type=.md", content=media, headers=headers)
    assert answer.json()["code"] == "form.needs_media"
    listed = (await phone.client.get("/api/forms", headers=headers)).json()["items"]
    assert sorted(item["form_id"] for item in listed) == sorted([*FORMS, "test_form"])


async def test_an_archived_builtin_form_stays_away(phone: Phone) -> None:
    assert "rapid_needs" in (await phone.client.get(phone.path("formList"))).text
    async with phone.app.state.db.tx() as conn:
        assert await publishing.archive(conn, "rapid_needs", compiled("rapid_needs").version, None, "system")
    async with phone.app.state.db.tx() as conn:
        assert await builtin.publish(conn) == len(FORMS)
    listed = (await phone.client.get(phone.path("formList"))).text
    assert ("rapid_needs" in listed, "stock_count" in listed) == (False, True)
