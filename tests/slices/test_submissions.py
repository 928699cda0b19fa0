"""Submissions against a real database: parts, repetitions, conflicts and edits in any order, from several processes."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from field_forms.submitting import Merged, Part, lineages, merge
from field_forms.xlsform import compile_form
from server.access.principal import Principal, Scope
from server.access.queries import add_token
from server.access.secrets import new_secret, secret_hash
from server.app import create_app
from server.forms import storing, taking
from server.forms.receiving import Room
from server.kernel.errors import Problem
from server.kernel.ids import uuid7
from server.kernel.settings import Settings
from tests.support.stack import Stack
from tests.unit.field_forms.samples import markdown_form

FORM = markdown_form(
    "| | type | name | label |\n| | image | a | A |\n| | image | b | B |\n| | text | n | N |",
    settings="| settings |\n| | form_title | form_id | version |\n| | T | pics | 1 |",
)
DEEDS = markdown_form(
    "| | type | name | label | hamyar |\n| | geopoint | a | A | closure bridge |",
    settings="| settings |\n| | form_title | form_id | version |\n| | T | deeds | 1 |",
)

ENCRYPTED = (
    b"<data id='pics' encrypted='yes'><base64EncryptedKey>k</base64EncryptedKey><media><file>1.jpg.enc</file></media>"
    b"<encryptedXmlFile>s.enc</encryptedXmlFile></data>"
)


@dataclass
class Phone:
    """A phone that may reach either of two web processes."""

    apps: list[FastAPI]
    clients: list[AsyncClient]
    token: str = ""
    answers: list[Response] = field(default_factory=list)

    async def send(
        self, xml: bytes, files: dict[str, bytes] | None = None, *, more: bool = False, to: int = 0, path: str = ""
    ) -> Response:
        parts: list[tuple[str, tuple[str | None, bytes, str]]] = [
            ("xml_submission_file", ("submission.xml", xml, "text/xml"))
        ]
        parts += [(name, (name, data, "image/jpeg")) for name, data in (files or {}).items()]
        parts += [("*isIncomplete*", (None, b"yes", "text/plain"))] if more else []
        return await self.clients[to].post(f"/openrosa/{self.token}{path}/submission", files=parts)

    async def rows(self, query: str, *given: Any) -> list[dict[str, Any]]:
        async with self.apps[0].state.db.tx() as conn:
            found: list[dict[str, Any]] = await (await conn.execute(query, given)).fetchall()
        return found

    async def one(self, query: str, *given: Any) -> Any:
        return next(iter((await self.rows(query, *given))[0].values()))


async def publish(app: FastAPI, workbook: bytes, uploads: list[str]) -> None:
    form = compile_form(workbook, ".md")
    async with app.state.db.tx() as conn:
        await conn.execute(
            "INSERT INTO forms (id, form_id, version, title, xml, md5, bindings, uploads)"
            " VALUES (%s, %s, %s, '{}', %s, %s, %s::jsonb, %s)",
            (uuid7(), form.form_id, form.version, form.xml, form.hash[4:], _json(form.bindings.to_json()), uploads),
        )


def _json(data: Any) -> str:
    import orjson

    return orjson.dumps(data).decode()


@contextlib.asynccontextmanager
async def two_processes(stack: Stack, dsn: str, redis_url: str, spool: Path) -> AsyncIterator[Phone]:
    async with contextlib.AsyncExitStack() as opened:
        apps, clients = [], []
        for nth in range(2):
            config = Settings(home=stack.home, database_url=dsn, redis_url=redis_url, spool=spool / str(nth))
            app = create_app(config)
            await opened.enter_async_context(app.router.lifespan_context(app))
            client = AsyncClient(transport=ASGITransport(app), base_url="http://relief.test")
            clients.append(await opened.enter_async_context(client))
            apps.append(app)
        secret = new_secret()
        row = {"id": uuid.uuid4(), "hash": secret_hash(secret), "role": "field", "name": "field"}
        async with apps[0].state.db.tx() as conn:
            await add_token(conn, row | {"centre_id": None, "emergency_id": None, "volunteer_id": None})
        await publish(apps[0], FORM, ["/data/a", "/data/b"])
        await publish(apps[0], DEEDS, [])
        yield Phone(apps, clients, secret)


@pytest.fixture
async def phone(stack: Stack, db_dsn: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Phone]:
    async with two_processes(stack, db_dsn, redis_url, tmp_path) as made:
        yield made


def form(
    instance: str, said: str = "x", replaces: str = "", *, a: str = "", b: str = "", form_id: str = "pics"
) -> bytes:
    meta = f"<instanceID>{instance}</instanceID>" + (f"<deprecatedID>{replaces}</deprecatedID>" if replaces else "")
    body = (f"<a>{a}</a>" if a else "") + (f"<b>{b}</b>" if b else "")
    return f"<data id='{form_id}' version='1'>{body}<n>{said}</n><meta>{meta}</meta></data>".encode()


# A line of edits: the root, an edit, an edit of that, another edit of the root (a fork), and one that nobody sent.
LINE = {"r": "", "e": "r", "f": "e", "g": "r", "h": "gone"}
FILES = {"1.jpg": (b"one", b"uno"), "2.jpg": (b"two", b"dos"), "extra.jpg": (b"three",)}


@dataclass(frozen=True)
class Sending:
    """One POST of the machine: an instance's answers (in one of two wordings), some files, to one of the processes."""

    who: str
    said: str
    files: tuple[tuple[str, bytes], ...]
    more: bool
    to: int


SENDINGS = st.builds(
    Sending,
    st.sampled_from(sorted(LINE)),
    st.sampled_from("xxxy"),
    st.lists(
        st.sampled_from([(name, data) for name, contents in FILES.items() for data in contents]),
        max_size=3,
        unique_by=lambda file: file[0],
    ).map(tuple),
    st.booleans(),
    st.integers(0, 1),
)


async def play(phone: Phone, rounds: list[list[Sending]]) -> None:
    """What is sent in one round is sent at once. Compared with `field_forms.submitting` after every round."""
    run = uuid.uuid4().hex[:8]
    merged: dict[str, Merged] = {}
    receipts: dict[tuple[str, str], set[str]] = {}
    for sendings in rounds:
        answers = await asyncio.gather(*(_post(phone, run, one) for one in sendings))
        for one, answer in zip(sendings, answers, strict=True):
            assert answer.status_code == 201, answer.text
            key = one.who, one.said
            receipts.setdefault(key, set()).add(answer.text.rpartition("Receipt: ")[2].partition("\n")[0][:10])
            part = Part(one.said, frozenset((name, data.hex()) for name, data in one.files), one.more)
            merged[one.who] = merge(merged.get(one.who, Merged()), part)
        await _compare(phone, run, merged)
    assert all(len(found) == 1 for found in receipts.values()), "the same answers, the same receipt"
    assert len(set.union(set(), *receipts.values())) == len(receipts), "other answers, another one"


async def _post(phone: Phone, run: str, one: Sending) -> Response:
    replaces = f"uuid:{run}-{LINE[one.who]}" if LINE[one.who] else ""
    xml = form(f"uuid:{run}-{one.who}", one.said, replaces, a="1.jpg", b="2.jpg")
    return await phone.send(xml, dict(one.files), more=one.more, to=one.to)


async def _compare(phone: Phone, run: str, merged: dict[str, Merged]) -> None:
    prefix = f"uuid:{run}-"
    rows = await phone.rows(
        "SELECT s.*, r.source_key FROM submissions s JOIN reports r ON r.id = s.report_id"
        " WHERE s.instance_key LIKE %s ORDER BY s.seq",
        prefix + "%",
    )
    assert sorted(row["instance_key"] for row in rows) == sorted(
        prefix + who for who, known in merged.items() for _ in known.xmls
    )
    order: dict[str, int] = {}
    for row in rows:
        order.setdefault(row["instance_key"].removeprefix(prefix), row["seq"])
    lines = lineages({who: LINE[who] or None for who in merged}, order)
    for row in rows:
        who = row["instance_key"].removeprefix(prefix)
        known, line = merged[who], lines[who]
        assert row["state"] == known.state(["1.jpg", "2.jpg"])
        assert row["closed"] == known.closed
        assert (row["root_key"], row["current"]) == (prefix + line.root, who == line.current)
        assert row["conflict"] == (known.conflict or (line.forked and who in line.heads))
        assert row["source_key"] == row["instance_key"]
    files = await phone.rows(
        "SELECT instance_id, name, digest FROM attachments WHERE instance_id LIKE %s", prefix + "%"
    )
    digest = phone.apps[0].state.sealing.keyed_bytes
    assert {(row["instance_id"], row["name"], bytes(row["digest"])) for row in files} == {
        (prefix + who, name, digest("blob", bytes.fromhex(data))[:32])
        for who, known in merged.items()
        for name, data in known.files
    }


def test_any_order_of_parts_and_edits(stack: Stack, db_dsn: str, redis_url: str, tmp_path: Path) -> None:
    """Also when several come at once to two processes."""
    with asyncio.Runner() as runner, _running(runner, stack, (db_dsn, redis_url), tmp_path) as phone:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(st.lists(SENDINGS, min_size=1, max_size=5), min_size=1, max_size=5))
        def check(rounds: list[list[Sending]]) -> None:
            runner.run(play(phone, rounds))

        check()


@contextlib.contextmanager
def _running(runner: asyncio.Runner, stack: Stack, urls: tuple[str, str], spool: Path) -> Iterator[Phone]:
    opened = contextlib.AsyncExitStack()
    phone = runner.run(opened.enter_async_context(two_processes(stack, *urls, spool)))
    try:
        yield phone
    finally:
        runner.run(opened.aclose())


async def test_one_submission_by_many_at_once_to_two_processes(phone: Phone) -> None:
    xml, files = form("uuid:1", a="1.jpg"), {"1.jpg": b"one"}
    answers = await asyncio.gather(*(phone.send(xml, files, to=n % 2) for n in range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    for table in ("reports", "submissions", "attachments", "blobs"):
        assert await phone.one(f"SELECT count(*) FROM {table}") == 1
    row = (await phone.rows("SELECT * FROM submissions"))[0]
    assert (row["state"], row["current"], row["conflict"], row["closed"]) == ("whole", True, False, True)
    assert row["settled_at"] is not None, "a form of needs alone has nothing more to carry out"
    verbs = [row["verb"] for row in await phone.rows("SELECT verb FROM events_unsealed")]
    assert verbs.count("report.accepted") == 1


async def test_another_team_sends_the_same_form(phone: Phone) -> None:
    first = await phone.send(form("uuid:1"))
    secret = new_secret()
    row = {"id": uuid.uuid4(), "hash": secret_hash(secret), "role": "field", "name": "other"}
    async with phone.apps[0].state.db.tx() as conn:
        await add_token(conn, row | {"centre_id": None, "emergency_id": None, "volunteer_id": None})
    phone.token = secret
    again = await phone.send(form("uuid:1"))
    assert again.content == first.content, "a phone that was set up anew sends what it had"
    assert await phone.one("SELECT count(*) FROM reports") == 1


async def test_what_is_kept_beside_the_report(phone: Phone) -> None:
    await phone.send(form("uuid:1", a="خانهٔ خانم ن 09121234567.jpg"), {"خانهٔ خانم ن 09121234567.jpg": b"one"})
    row = (await phone.rows("SELECT s.*, f.form_id AS f FROM submissions s JOIN forms f ON f.id = s.version_id"))[0]
    assert (row["form_id"], row["form_version"], row["f"], row["state"]) == ("pics", "1", "pics", "whole")
    file = (await phone.rows("SELECT * FROM attachments"))[0]
    assert (file["state"], file["name"][:2], row["wanted"]) == ("new", "h:", [file["name"]])
    sealing = phone.apps[0].state.sealing
    record = sealing.of("attachments", file["id"], file["data_key_wrapped"])
    assert record.open("name_sealed", file["name_sealed"]).decode() == "خانهٔ خانم ن 09121234567.jpg"
    blob = (await phone.rows("SELECT * FROM blobs"))[0]
    assert sealing.of("blobs", blob["id"], blob["data_key_wrapped"]).open("content_sealed", blob["content_sealed"]) == (
        b"one"
    )


@pytest.mark.parametrize(
    ("xml", "flag", "settled", "rows"),
    [
        (form("uuid:1", form_id="strange"), "form_unknown", True, 1),
        (b"<data id='pics' version='7'><meta><instanceID>uuid:2</instanceID></meta></data>", "form_version_unknown",
         True, 1),
        (b"<data id='pics' version='1'><n>x</n></data>", None, True, 1),
        (form("uuid:3", form_id="deeds"), None, False, 1),
        (form("uuid:4", replaces="uuid:x"), "form_edited", False, 1),
        (b"<data id='pics'><cut", "form_unreadable", None, 0),
        (ENCRYPTED, "form_encrypted", False, 1),
    ],
)  # fmt: skip
async def test_flags_and_what_is_settled_at_once(
    phone: Phone, xml: bytes, flag: str | None, settled: bool | None, rows: int
) -> None:
    for _ in range(2):
        assert (await phone.send(xml, {"1.jpg.enc": b"E"})).status_code == 201
    reports = await phone.rows("SELECT flags FROM reports")
    assert [flag in row["flags"] if flag else row["flags"] == [] for row in reports] == [True]
    found = await phone.rows("SELECT settled_at, encrypted, wanted, state FROM submissions")
    assert [row["settled_at"] is not None for row in found] == ([settled] if rows else [])
    assert await phone.one("SELECT state FROM attachments") == ("sealed" if flag == "form_encrypted" else "new")
    if flag == "form_encrypted":
        assert (found[0]["wanted"], found[0]["state"]) == (["1.jpg.enc", "s.enc"], "files_missing")


async def test_a_draft_makes_nothing(phone: Phone) -> None:
    assert (await phone.send(form("uuid:1"), path="/draft")).status_code == 201
    row = (await phone.rows("SELECT r.read_state, r.flags, s.draft, s.settled_at FROM reports r, submissions s"))[0]
    assert (row["read_state"], row["flags"], row["draft"]) == ("read", ["form_draft"], True)
    assert row["settled_at"] is not None
    await phone.send(form("uuid:1"))
    states = await phone.rows("SELECT draft, current, conflict FROM submissions ORDER BY seq")
    assert [(row["draft"], row["current"], row["conflict"]) for row in states] == [
        (True, True, False),
        (False, True, False),
    ], "a form that was tried and is then sent in earnest is another one"


async def test_files_beyond_the_bounds_are_set_aside(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MAX_FILES", 3)
    for _ in range(2):
        first = await phone.send(form("uuid:1"), {f"{n}.jpg": bytes([n]) for n in range(5)}, more=True)
        assert "2 files are more than a form may bring" in first.text
    assert await phone.one("SELECT count(*) FROM attachments") == 3
    aside = await phone.rows("SELECT * FROM set_aside")
    assert [row["reason"] for row in aside] == ["files_beyond"]
    record = phone.apps[0].state.sealing.of("set_aside", aside[0]["id"], aside[0]["data_key_wrapped"])
    told = record.open("payload_sealed", aside[0]["payload_sealed"]).decode()
    assert '"3.jpg"' in told
    assert '"4.jpg"' in told
    assert await phone.one("SELECT count(*) FROM blobs") == 5, "their bytes are not lost"


async def test_words_in_the_phones_language(phone: Phone) -> None:
    english, persian = {"Accept-Language": "en-GB"}, {"Accept-Language": "fa"}
    many = [("f", (f"{n}.jpg", b"x", "image/jpeg")) for n in range(201)]
    path = f"/openrosa/{phone.token}/submission"
    for headers, words in ((english, "More than 200 files"), (persian, "بیش از 200 پرونده")):
        refused = await phone.clients[0].post(path, files=many, headers=headers)
        assert refused.status_code == 413
        assert words in refused.text
        assert ("files" in refused.text) == (headers is english)
        kept = await phone.clients[0].post(
            path, content=form("uuid:1"), headers={**headers, "Content-Type": "text/xml"}
        )
        assert ("Received" in kept.text) == (headers is english)
    assert await phone.one("SELECT count(*) FROM reports") == 1


async def test_a_database_that_is_away_is_told_as_503(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await phone.send(form("uuid:1"))).status_code == 201
    front = phone.apps[0].state.submissions
    monkeypatch.setattr(front, "dsn", "postgresql://nobody@127.0.0.1:1/none")
    front._drop()
    answer = await phone.send(form("uuid:2"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "OpenRosaResponse" in answer.text
    monkeypatch.undo()
    assert (await phone.send(form("uuid:2"))).status_code == 201
    assert await phone.one("SELECT count(*) FROM submissions") == 2


async def test_large_bodies_wait_for_nobody_but_are_bounded(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Room(most=1_000_000)
    monkeypatch.setattr("server.forms.submission_routes.room", small)
    assert (await phone.send(form("uuid:1"), {"a.jpg": b"A" * 5_000_000})).status_code == 503
    assert (await phone.send(form("uuid:1"), {"a.jpg": b"A" * 900_000})).status_code == 201
    assert small.held == 0, "whatever was taken is given back"


async def test_counters(phone: Phone) -> None:
    from server.forms.submission_routes import FILES, SUBMISSIONS

    def told(outcome: str) -> float:
        return float(SUBMISSIONS.labels(outcome)._value.get())

    before = {outcome: told(outcome) for outcome in ("new", "known", "part", "conflict", "refused")}
    size = FILES._value.get()
    xml = form("uuid:1")
    for files in ({}, {}, {"1.jpg": b"12345"}):
        await phone.send(xml, files)
    await phone.send(form("uuid:1", "other"))
    await phone.send(b"")
    assert {outcome: told(outcome) - count for outcome, count in before.items()} == dict.fromkeys(before, 1)
    assert FILES._value.get() - size == 5


@pytest.mark.parametrize("wrong", [{"form_id": "a\0b"}, {"version_id": uuid.UUID(int=7)}, {"sent_by": "\ud800"}])
async def test_one_that_cannot_be_kept_harms_no_other(phone: Phone, wrong: dict[str, Any]) -> None:
    app = phone.apps[0]
    who = Principal("token", uuid.UUID(int=1), (Scope("field"),))
    made = [await taking.ready(app.state.context, who, taking.Sent(form(f"uuid:{n}"))) for n in range(6)]
    facts = made[3].facts
    assert facts is not None
    facts.update(wrong)
    answers = await asyncio.gather(*(app.state.submissions.keep(one) for one in made), return_exceptions=True)
    assert [isinstance(answer, Problem) for answer in answers] == [n == 3 for n in range(6)]
    assert await phone.one("SELECT count(*) FROM submissions") == 5
    assert await phone.one("SELECT count(*) FROM reports") == 5, "a report alone would answer for what is not kept"
    assert (await phone.send(form("uuid:later"))).status_code == 201
