"""What ODK Collect insists on, read in its source, asserted on the bytes of a real connection."""

import asyncio
import base64
import random
import re
import time
from uuid import UUID, uuid4

import httpx
import pytest

from field_forms.builtin import BUILTIN, WITH_LISTS, compiled
from server.access.secrets import digest_secret
from server.forms import blobs, entities, settling
from server.forms.digest import FRESH_S, new_nonce
from server.loops import ON_NEEDS
from tests.slices.forms_kit import read_all
from tests.support.collect_house import Desk, House
from tests.support.collect_wire import LIST, Answer, Collect, Digest, File, md5
from tests.unit.field_forms.samples import rapid_needs

pytestmark = pytest.mark.asyncio(loop_scope="module")
CREATED, NO_CONTENT = b"HTTP/1.1 201 Created", b"HTTP/1.1 204 No Content"
UNCHANGED, UNKNOWN = b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 401 Unauthorized"
NOBODY = "00000000-0000-7000-8000-000000000000"
RECEIPT = re.compile(r"[0-9A-Z]{8}")
EN, FA = ("Accept-Language", "en-GB,en;q=0.9"), ("Accept-Language", "fa-IR")


def answers(instance: str | None = None, body: str = "<where><place_name>پلدختر</place_name></where>") -> bytes:
    return rapid_needs(body, f"<meta><instanceID>{instance or new()}</instanceID></meta>")


def new() -> str:
    return f"uuid:{uuid4()}"


def speaks(answer: Answer, *, accepts: bool = True) -> None:
    """What stands on every answer, refused ones too."""
    assert answer.one("X-OpenRosa-Version") == "1.0"
    if accepts:
        assert answer.one("X-OpenRosa-Accept-Content-Length") == str(10 * 1024 * 1024)


async def test_head_before_a_submission_is_204_and_nothing_else(house: House, collect: Collect) -> None:
    for below in ("", "draft/"):
        answer = await collect.head(f"{below}submission?deviceID=collect%3Aa1b2c3")
        assert (answer.status, answer.body) == (NO_CONTENT, b"")
        assert answer.all("Content-Length") in ([], ["0"])
        assert answer.all("Location") == [], "a way elsewhere is taken for the server's new address"
        speaks(answer)


async def test_a_post_is_201_never_200(collect: Collect) -> None:
    one = new()
    edit = answers().replace(b"</instanceID>", f"</instanceID><deprecatedID>{one}</deprecatedID>".encode())
    sent = [
        answers(one),
        answers(one),
        answers(one, "<where><place_name>دیگر</place_name></where>"),
        edit,
        answers().replace(b"rapid_needs", b"no_such_form"),
        b"<data id='rapid_needs'><cut",
        b"<data id='e' encrypted='yes'><base64EncryptedKey>k</base64EncryptedKey></data>",
    ]
    for xml in sent:
        [answer] = await collect.send(xml)
        assert answer.status == CREATED
        speaks(answer)
        assert answer.xml[0].attrib == {"nature": "submit_success"}
        assert RECEIPT.search(answer.message)


async def test_what_is_refused_says_why_and_is_no_success(collect: Collect) -> None:
    doctype = b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a id='x'>&e;</a>"
    for xml, status in ((b"", b"400"), (doctype, b"400")):
        answer = await collect.post(xml, (), EN)
        assert answer.status.split()[1] == status
        speaks(answer)
        assert answer.xml[0].attrib == {"nature": "submit_error"}
        assert answer.message
    large = await collect.post(answers(), [File("film.mp4", bytes(10 * 1024 * 1024), "video/mp4")], EN)
    assert large.status.split()[1] == b"413"
    assert "without the film" in large.message
    assert (await collect.send(answers()))[0].status == CREATED, "the line is still good"


async def test_every_answer_says_its_version_and_is_xml(collect: Collect) -> None:
    listed = await collect.forms()
    for url in ("formList", listed["distribution"]["manifestUrl"], listed["rapid_needs"]["downloadUrl"]):
        answer = await collect.get(url)
        speaks(answer)
        assert answer.one("Content-Type") == "text/xml; charset=utf-8"


@pytest.mark.parametrize("start", ["openrosa", "openrosa/wrong"])
async def test_who_is_not_known_is_asked_for_a_name_and_a_password(house: House, start: str) -> None:
    async with Collect.reaching(f"{house.url}/{start}") as stranger:
        basic = base64.b64encode(f"team 3:{house.token}".encode()).decode()
        for ask in (stranger.get("formList"), stranger.head("submission"), stranger.post(answers())):
            answer = await ask
            assert answer.status == UNKNOWN
            assert [said.split()[0] for said in answer.all("WWW-Authenticate")] == ["Basic", "Digest"]
            speaks(answer, accepts=False)
        if start == "openrosa":
            login = ("Authorization", f"Basic {basic}")
            assert (await stranger.get("formList", login)).status == b"HTTP/1.1 200 OK"
            assert (await stranger.head("submission", login)).status == NO_CONTENT


async def test_every_entry_of_the_list_is_whole(house: House, collect: Collect) -> None:
    answer = await collect.get("formList")
    assert {child.tag for entry in answer.xml for child in entry} == {
        f"{LIST}{name}" for name in ("formID", "name", "version", "hash", "downloadUrl", "manifestUrl")
    }
    listed = await collect.forms()
    assert set(BUILTIN + WITH_LISTS) <= set(listed)
    for form_id, entry in listed.items():
        assert re.fullmatch(r"md5:[0-9a-f]{32}", entry["hash"])
        assert entry["downloadUrl"].startswith(f"{house.url}/openrosa/{house.token}/forms/")
        assert ("manifestUrl" in entry) == (form_id in WITH_LISTS), "an empty manifest costs a question each"
    assert list(await collect.forms(("X-Asked-For", "1"))) == list(listed)
    only = await collect.get("formList?formID=incident")
    assert len(only.xml) == 1


async def test_form_manifest_media_and_submission_of_all_nine(collect: Collect) -> None:
    listed = await collect.forms()
    for form_id in BUILTIN + WITH_LISTS:
        xml = await collect.form(listed[form_id])
        assert xml == compiled(form_id).xml
        files = await collect.media(listed[form_id])
        named = set(re.findall(rb'src="jr://file-csv/([^"]+)"', xml))
        assert {name.encode() for name in files} == named, form_id
        assert all(data.startswith(b"name,label") for data in files.values())
        version = listed[form_id]["version"]
        filled = f"<data id='{form_id}' version='{version}'><meta><instanceID>{new()}</instanceID></meta></data>"
        [answer] = await collect.send(filled.encode())
        assert answer.status == CREATED
    assert b"blanket" in (await collect.media(listed["stock_count"]))["items.csv"]


async def test_registered_on_monday_selectable_on_tuesday(house: House, collect: Collect) -> None:
    listed, key = await collect.forms(), str(uuid4())
    before = (await collect.media(listed["distribution"]))["households.csv"]
    filled = (
        f"<data id='household' version='{listed['household']['version']}'><asking><consent>yes</consent></asking>"
        "<household><card>4829-1375</card><place_name>پلدختر</place_name><people>5</people></household>"
        f"<meta><entity dataset='households' create='1' id='{key}'><label>4829-1375</label></entity>"
        f"<instanceID>{new()}</instanceID></meta></data>"
    )
    assert (await collect.send(filled.encode()))[0].status == CREATED
    await read_all(house.ctx)
    while await settling.step(house.ctx, ON_NEEDS, entities.apply_changes):
        pass
    after = (await collect.media(listed["distribution"]))["households.csv"]
    assert key.encode() not in before
    [line] = [line for line in after.splitlines() if line.startswith(key.encode())]
    assert "پلدختر".encode() in line


async def test_more_than_a_hundred_files_are_one_submission(house: House, collect: Collect) -> None:
    instance, rng = new(), random.Random(230)
    files = [File(f"{at}.jpg", rng.randbytes(300)) for at in range(230)]
    xml = answers(instance)
    sent = await collect.send(xml, files)
    assert [answer.status for answer in sent] == [CREATED] * 3
    rng.shuffle(files)
    again = await collect.send(xml, files)
    receipts = {RECEIPT.search(answer.message).group() for answer in (*sent, *again)}  # type: ignore[union-attr]
    assert len(receipts) == 1, "each part has the receipt of the whole"
    kept = await house.rows(
        "SELECT a.name, b.id, b.data_key_wrapped, b.content_sealed, a.report_id FROM attachments a JOIN blobs b"
        " ON b.id = a.blob_id JOIN reports r ON r.id = a.report_id WHERE r.source_key = %s",
        house.key(instance),
    )
    assert len({row["report_id"] for row in kept}) == 1
    async with house.ctx.db.tx() as conn:
        opened = {row["name"]: md5(await blobs.read(conn, house.ctx, row["id"]) or b"") for row in kept}
    assert opened == {file.name: md5(file.data) for file in files}
    assert len(kept) == len(files), "none twice"


async def test_parts_that_come_at_once_and_twice_are_merged(house: House) -> None:
    instance = new()
    xml, files = answers(instance), [File(f"{at}.jpg", b"%d" % at) for at in range(40)]

    async def phone(share: list[File], *, more: bool) -> bytes:
        async with Collect.reaching(f"{house.url}/openrosa/{house.token}") as one:
            return (await one.post(xml, share, more=more)).status

    parts = [phone(files[at : at + 10], more=at < 30) for at in range(0, 40, 10) for _ in range(2)]
    assert set(await asyncio.gather(*parts)) == {CREATED}
    [row] = await house.rows(
        "SELECT count(DISTINCT r.id) AS reports, count(*) AS files FROM reports r JOIN attachments a"
        " ON a.report_id = r.id WHERE r.source_key = %s",
        house.key(instance),
    )
    assert (row["reports"], row["files"]) == (1, 40)


async def test_messages_in_the_language_of_the_phone(collect: Collect) -> None:
    fa, en = "رسید", "Received"
    for said, expected in (
        ([EN], (False, True)),
        ([FA], (True, False)),
        ([("Accept-Language", "ckb-IQ, en;q=0.5")], (True, True)),
        ([], (True, True)),
    ):
        told = (await collect.post(answers(), (), *said)).message
        assert (fa in told, en in told) == expected, said
    names = [(await collect.forms(one))["rapid_needs"]["name"] for one in (FA, EN)]
    assert names == ["نیازهای فوری", "Rapid needs"]


@pytest.mark.parametrize(
    "date", ["Mon, 23 Nov 2015 05:10:11 GMT", "Thu, 01 Jan 1970 12:00:00 GMT", "دوشنبه, ۰۲ آذر ۱۴۰۵ ۰۵:۱۰:۱۱ GMT", ""]
)
async def test_the_clock_of_the_phone_does_not_matter(collect: Collect, date: str) -> None:
    assert (await collect.head("submission", ("Date", date))).status == NO_CONTENT
    assert (await collect.post(answers(), (), ("Date", date))).status == CREATED
    assert (await collect.get("formList", ("Date", date))).status == b"HTTP/1.1 200 OK"


async def test_drafts_are_apart(house: House, collect: Collect, desk: Desk) -> None:
    await desk.form("tried", "1", draft=True)
    async with Collect.reaching(f"{collect.server}/draft") as trying:
        entry = (await trying.forms())["tried"]
        assert entry["downloadUrl"].startswith(f"{collect.server}/draft/forms/")
        assert b"tried" in await trying.form(entry)
        instance = new()
        xml = f"<data id='tried' version='1'><a>1</a><meta><instanceID>{instance}</instanceID></meta></data>"
        [answer] = await trying.send(xml.encode())
        assert answer.status == CREATED
    assert "tried" not in await collect.forms()
    assert (await collect.get("forms/tried.xml?version=1")).status.split()[1] == b"404"
    [row] = await house.rows("SELECT flags FROM reports WHERE source_key = %s", house.key(f"draft:{instance}"))
    assert "form_draft" in row["flags"]


async def test_older_versions_can_be_fetched(collect: Collect, desk: Desk) -> None:
    await desk.form("grows", "1")
    old = (await collect.forms())["grows"]
    first = await collect.form(old)
    await desk.form("grows", "2", "B")
    now = (await collect.forms())["grows"]
    assert (old["version"], now["version"]) == ("1", "2")
    assert await collect.form(old) == first != await collect.form(now)
    newest = await collect.get("forms/grows.xml")
    assert f"md5:{md5(newest.body)}" == now["hash"]


async def test_head_and_etag_of_form_and_media(collect: Collect, desk: Desk) -> None:
    made = await desk.form("pictured", "1", more="راه.png", draft=True)
    picture = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    await desk.put("PUT", f"api/form-versions/{made['id']}/media/%D8%B1%D8%A7%D9%87.png", picture)
    await desk.form("pictured", "1", more="راه.png")
    entry = (await collect.forms())["pictured"]
    assert await collect.media(entry) == {"راه.png": picture}
    manifest = (await collect.get(entry["manifestUrl"])).xml
    for url, length in ((entry["downloadUrl"], None), (manifest[0][2].text or "", len(picture))):
        whole = await collect.get(url)
        size = str(length or len(whole.body))
        head = await collect.head(url)
        assert (head.status, head.body, head.one("Content-Length")) == (b"HTTP/1.1 200 OK", b"", size)
        assert md5(whole.body) in whole.one("ETag") == head.one("ETag")
        for method in ("GET", "HEAD"):
            same = await collect.ask(method, url, [("If-None-Match", whole.one("ETag"))])
            assert (same.status, same.body) == (UNCHANGED, b"")
        other = await collect.get(url, ("If-None-Match", '"0"'))
        assert other.body == whole.body


AFAR = ("X-Forwarded-For", "192.0.2.7")
"""As a proxy on this machine says it: the phone is elsewhere, and came over plain HTTP unless the next line says so."""
SAFE = ("X-Forwarded-Proto", "https")


async def test_over_plain_http_a_password_is_proved_and_never_sent(house: House, desk: Desk) -> None:
    user, token = await desk.team()
    basic = ("Authorization", f"Basic {base64.b64encode(f'{user}:{token}'.encode()).decode()}")
    async with Collect.reaching(f"{house.url}/openrosa") as phone:
        refused = await phone.get("formList", basic, AFAR)
        assert refused.status == UNKNOWN, "asked for in the clear, it would be sent in the clear"
        assert refused.one("WWW-Authenticate").startswith('Digest realm="Hamyar", qop="auth", algorithm=MD5, nonce="')
        assert (await phone.get("formList", basic, AFAR, SAFE)).status == b"HTTP/1.1 200 OK"
        stranger = await phone.get("formList", AFAR, SAFE)
        assert [said.split()[0] for said in stranger.all("WWW-Authenticate")] == ["Basic"]
        page = await phone.get("formList", ("Authorization", "Bearer wrong"), AFAR)
        assert page.all("WWW-Authenticate") == ["Bearer"], "a browser would ask for a name and a password"


async def test_a_round_by_digest(house: House, desk: Desk) -> None:
    user, token = await desk.team()
    async with Collect.reaching(f"{house.url}/openrosa") as phone:
        asked = await phone.head("submission?deviceID=collect%3Aa1b2c3", AFAR)
        assert asked.status == UNKNOWN
        lock = Digest(user, token, asked.one("WWW-Authenticate"))
        for method, url in (("GET", "formList"), ("HEAD", "submission?deviceID=collect%3Aa1b2c3")):
            answer = await phone.ask(method, url, [lock.proof(method, f"/openrosa/{url}"), AFAR])
            assert answer.status in {b"HTTP/1.1 200 OK", NO_CONTENT}
        way = "/openrosa/submission?deviceID=collect%3Aa1b2c3"
        sent = await phone.post(answers(), [File("a.jpg", b"A")], lock.proof("POST", way), AFAR)
        assert (sent.status, lock.count) == (CREATED, 3)
    # Somebody else's reading of the RFC.
    async with httpx.AsyncClient(auth=httpx.DigestAuth(user, token), headers=[AFAR]) as other:
        told = [(await other.get(f"{house.url}/openrosa/formList?formID=incident")).status_code for _ in range(3)]
    assert told == [200] * 3
    [row] = await house.rows("SELECT to_jsonb(t)::text AS whole FROM tokens t WHERE id = %s", UUID(user))
    assert token not in row["whole"]
    assert digest_secret(UUID(user), token) not in row["whole"]


async def test_a_proof_is_good_once_for_one_request_and_not_for_ever(house: House, desk: Desk) -> None:
    user, token = await desk.team()
    async with Collect.reaching(f"{house.url}/openrosa") as phone:

        async def status(*said: tuple[str, str], url: str = "formList") -> tuple[bytes, bool]:
            answer = await phone.get(url, *said, AFAR)
            return answer.status.split()[1], "stale=true" in "".join(answer.all("WWW-Authenticate"))

        lock = Digest(user, token, (await phone.get("formList", AFAR)).one("WWW-Authenticate"))
        used = lock.proof("GET", "/openrosa/formList")
        assert await status(used) == (b"200", False)
        assert await status(used) == (b"401", True), "again: a new nonce without asking the person"
        assert await status(lock.proof("GET", "/openrosa/formList")) == (b"200", False)
        assert await status(lock.proof("GET", "/openrosa/formList"), url="formList?formID=x") == (b"401", False)
        assert await status(lock.proof("POST", "/openrosa/formList")) == (b"401", False)
        assert await status(Digest(user, token + "x", lock.said).proof("GET", "/openrosa/formList")) == (b"401", False)
        assert await status(Digest(NOBODY, token, lock.said).proof("GET", "/openrosa/formList")) == (b"401", False)
        old = new_nonce(house.ctx.sealing, now=time.time() - FRESH_S - 1)
        for nonce in (old, "0" * 60):
            stale = Digest(user, token, f'Digest realm="Hamyar", nonce="{nonce}"')
            assert await status(stale.proof("GET", "/openrosa/formList")) == (b"401", True)
        await desk.put("DELETE", f"api/tokens/{user}", b"")
        assert await status(lock.proof("GET", "/openrosa/formList")) == (b"401", False)
    [row] = await house.rows("SELECT digest_sealed FROM tokens WHERE id = %s", UUID(user))
    assert row["digest_sealed"] is None
