"""Encrypted submissions: opened with the centre's key into a second report, once, whatever comes when."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization

from field_forms import encryption
from field_forms.builtin import compiled
from field_forms.encryption import public_text
from server.access.context import Context
from server.forms import keys, opening, opening_queries, pictures
from server.forms.opening_words import REASONS
from server.forms.stored import xml_of
from server.kernel.ids import uuid7
from server.loops import ON_HEARD
from server.messaging.alarms import open_alarms
from server.reports.chain import process_batch
from tests.slices.chain_kit import centre, emergency, needs_of
from tests.slices.files_kit import attach, blob, rows, submitted
from tests.slices.test_pictures import photograph
from tests.support.web import MakeClient
from tests.unit.field_forms.encryptor import encrypted, key_pair
from tests.unit.field_forms.samples import markdown_form, rapid_needs

CLEAR = (
    b'<form id="form" version="7"><water>200</water><photo>1335783522563.jpg</photo>'
    b"<meta><instanceID>uuid:1</instanceID></meta></form>"
)
BODY = (
    "<situation><what_happened>flooding</what_happened><urgency>high</urgency></situation>"
    "<where><location>33.15 47.72 640 8</location></where><affected><people>40</people></affected>"
    "<lacking><needs>water</needs></lacking><amounts><amount_water>200</amount_water></amounts>"
)
MEDIA = {"1335783522563.jpg": photograph(5)}


async def add_key(ctx: Context, number: int = 0, where: UUID | None = None) -> UUID:
    async with ctx.db.tx() as conn:
        row, _ = await keys.keep(conn, ctx, keys.Wanted(key_pair(number), "store", where), "test")
    made: UUID = row["id"]
    return made


async def sealed(ctx: Context, *, xml: bytes = CLEAR, number: int = 0, without: str = "", **more: Any) -> UUID:
    manifest, files = encrypted(
        xml, MEDIA, key_pair(number).public_key(), instance_id=more.get("instance_id", "uuid:1")
    )
    sent = {name: (data, "application/octet-stream") for name, data in files.items() if name != without}
    return await submitted(ctx, manifest, sent, encrypted=True, **more)


async def work(ctx: Context) -> int:
    count = 0
    while await opening.turn(ctx):
        count += 1
    return count


async def row_of(ctx: Context, submission: UUID) -> dict[str, Any]:
    return dict((await rows(ctx, "SELECT * FROM submissions WHERE id = %s", submission))[0])


async def clear_of(ctx: Context, submission: UUID) -> bytes:
    opened = (await row_of(ctx, submission))["opened_report_id"]
    assert opened is not None
    async with ctx.db.tx() as conn:
        return await xml_of(conn, ctx, opened)


async def test_opened_into_a_second_report_with_its_files(ctx: Context) -> None:
    flood, house = await emergency(ctx), await centre(ctx, "C-1", 47.7, 33.1)
    await add_key(ctx, 0, house)
    one = await sealed(ctx, emergency=flood, centre=house)
    assert await work(ctx) == 1
    assert await clear_of(ctx, one) == CLEAR
    row = await row_of(ctx, one)
    assert row["reason"] is None
    (report,) = await rows(ctx, "SELECT * FROM reports WHERE id = %s", row["opened_report_id"])
    assert (report["source"], report["source_key"], report["emergency_id"]) == ("openrosa:opened", "uuid:1", flood)
    assert (report["channel"], report["flags"]) == ("form", [])
    (first,) = await rows(ctx, "SELECT sender_hash FROM reports WHERE id = %s", row["report_id"])
    assert report["sender_hash"] == first["sender_hash"] is not None
    looks = await rows(ctx, "SELECT report_id FROM report_looks WHERE looked_at IS NOT NULL")
    assert [look["report_id"] for look in looks] == [row["report_id"]]
    while await pictures.turn(ctx):
        pass
    states = {r["source"]: r["state"] for r in await rows(ctx, "SELECT source, state FROM attachments")}
    assert states == {"openrosa": "sealed", "openrosa:opened": "safe"}
    (media,) = await rows(ctx, "SELECT * FROM attachments WHERE report_id = %s", row["opened_report_id"])
    assert await blob(ctx, media["blob_id"]) == MEDIA["1335783522563.jpg"]
    assert await work(ctx) == 0


async def test_two_workers_and_a_killed_one_make_one_report(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_key(ctx)
    ones = [await sealed(ctx, xml=CLEAR.replace(b"uuid:1", b"uuid:%d" % n), instance_id=f"uuid:{n}") for n in range(4)]
    real = opening_queries.set_opened

    async def dies(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(opening_queries, "set_opened", dies)
    with pytest.raises(SystemExit):
        await opening.turn(ctx)
    monkeypatch.setattr(opening_queries, "set_opened", real)
    assert await rows(ctx, "SELECT 1 FROM reports WHERE source = 'openrosa:opened'") == []
    await asyncio.gather(*(work(ctx) for _ in range(3)))
    assert [(await row_of(ctx, one))["opened_report_id"] is None for one in ones] == [True, False, False, False]
    await rows(ctx, "UPDATE submissions SET open_held_until = now() - interval '1 s' RETURNING 1")
    assert await work(ctx) == 1
    assert len({await clear_of(ctx, one) for one in ones}) == 4
    assert len(await rows(ctx, "SELECT 1 FROM reports WHERE source = 'openrosa:opened'")) == 4
    assert len(await rows(ctx, "SELECT 1 FROM attachments WHERE source = 'openrosa:opened'")) == 4


async def test_a_key_that_comes_later_opens_what_waited(ctx: Context) -> None:
    one = await sealed(ctx)
    await add_key(ctx, 1)
    assert await work(ctx) == 1
    assert (await row_of(ctx, one))["reason"] == "encrypted.no_key"
    async with ctx.db.tx() as conn:
        (alarm,) = await open_alarms(conn, code="forms.no_key")
    assert alarm["data"] == {"form": "form", "count": 1}
    assert await work(ctx) == 0
    kept = await add_key(ctx)
    assert await work(ctx) == 1
    assert await clear_of(ctx, one) == CLEAR
    async with ctx.db.tx() as conn:
        assert await open_alarms(conn, code="forms.no_key") == []
        await keys.retire(conn, None, kept)
    late = await sealed(ctx, xml=CLEAR.replace(b"uuid:1", b"uuid:2"), instance_id="uuid:2")
    assert await work(ctx) == 1
    assert (await row_of(ctx, late))["opened_report_id"] is not None


async def test_only_keys_of_its_centre_and_of_the_house_are_tried(ctx: Context) -> None:
    house, far = await centre(ctx, "C-1", 47.7, 33.1), await centre(ctx, "C-2", 47.9, 33.1)
    await add_key(ctx, 0, far)
    one = await sealed(ctx, centre=house)
    two = await sealed(ctx, xml=CLEAR.replace(b"uuid:1", b"uuid:2"), centre=far, instance_id="uuid:2")
    await work(ctx)
    assert (await row_of(ctx, one))["reason"] == "encrypted.no_key"
    assert (await row_of(ctx, two))["opened_report_id"] is not None


async def test_one_of_no_centre_opens_with_the_key_that_its_form_was_written_for(ctx: Context) -> None:
    far = await centre(ctx, "C-2", 47.9, 33.1)
    await add_key(ctx, 0, far)
    ones = [await sealed(ctx, xml=CLEAR.replace(b"uuid:1", b"uuid:%d" % n), instance_id=f"uuid:{n}") for n in (1, 2)]
    await rows(
        ctx,
        "INSERT INTO forms (id, form_id, version, title, xml, md5, bindings, public_key)"
        " VALUES (%s, 'form', '7', '{}', '', '', '{}', %s) RETURNING 1",
        version := uuid7(),
        f"{public_text(key_pair(0))[:64]}\n{public_text(key_pair(0))[64:]}",
    )
    await rows(ctx, "UPDATE submissions SET version_id = %s WHERE id = %s RETURNING 1", version, ones[0])
    await work(ctx)
    assert [(await row_of(ctx, one))["reason"] for one in ones] == [None, "encrypted.no_key"]


@pytest.mark.parametrize("without", ["submission.xml.enc", "1335783522563.jpg.enc"])
async def test_a_file_that_comes_later_opens_it(ctx: Context, without: str) -> None:
    await add_key(ctx)
    manifest, files = encrypted(CLEAR, MEDIA, key_pair(0).public_key())
    one = await submitted(ctx, manifest, encrypted=True)
    for name, data in files.items():
        if name != without:
            await attach(ctx, one, name, data)
    assert await work(ctx) == 1
    assert (await row_of(ctx, one))["reason"] == "encrypted.file_missing"
    assert await work(ctx) == 0
    await attach(ctx, one, without, files[without][:-16])
    assert await work(ctx) == 1
    assert (await row_of(ctx, one))["reason"] in {"encrypted.file_damaged", "encrypted.seal_broken"}
    await attach(ctx, one, without, files[without])
    await attach(ctx, one, without, files[without][:-32])
    assert await work(ctx) == 1
    assert await clear_of(ctx, one) == CLEAR


async def test_what_cannot_be_opened_keeps_its_reason_and_stops_nothing(ctx: Context) -> None:
    await add_key(ctx)
    manifest, files = encrypted(CLEAR, {}, key_pair(0).public_key())
    bad = manifest.replace(b"<base64EncryptedKey>", b"<base64EncryptedKey><a/>")
    hostile = {
        "encrypted.malformed": await submitted(ctx, b'<a id="form" encrypted="yes"/>', instance_id="m", encrypted=True),
        "submission.doctype": await sealed(ctx, xml=b"<!DOCTYPE a><form id='form'/>", instance_id="d"),
        "encrypted.other_form": await sealed(ctx, xml=CLEAR.replace(b'id="form"', b'id="x"'), instance_id="o"),
        "encrypted.no_key": await sealed(ctx, number=3, instance_id="n"),
    }
    sent = {name: (data, "") for name, data in files.items()}
    await submitted(ctx, bad, sent, instance_id="b", encrypted=True)
    good = await sealed(ctx)
    assert await work(ctx) == 6
    assert {reason: (await row_of(ctx, one))["reason"] for reason, one in hostile.items()} == {r: r for r in hostile}
    assert await clear_of(ctx, good) == CLEAR
    assert len(await rows(ctx, "SELECT 1 FROM reports WHERE source = 'openrosa:opened'")) <= 2
    assert await work(ctx) == 0


async def test_the_same_answers_encrypted_twice_are_one_report(ctx: Context) -> None:
    await add_key(ctx)
    ones = [await sealed(ctx, without="none"), await sealed(ctx, without="none")]
    await work(ctx)
    assert sorted([str((await row_of(ctx, one))["reason"]) for one in ones]) == ["None", "encrypted.known"]
    assert len(await rows(ctx, "SELECT 1 FROM reports WHERE source = 'openrosa:opened'")) == 1


async def test_an_edit_replaces_what_it_names_once_it_is_open(ctx: Context) -> None:
    edit = CLEAR.replace(b"uuid:1</instanceID>", b"uuid:2</instanceID><deprecatedID>uuid:1</deprecatedID>")
    later = await sealed(ctx, xml=edit, instance_id="uuid:2")
    first = await sealed(ctx)
    await add_key(ctx)
    await work(ctx)
    one, two = await row_of(ctx, first), await row_of(ctx, later)
    assert (one["current"], two["current"]) == (False, True)
    assert (two["root_key"], two["replaces_key"]) == ("uuid:1", "uuid:1")
    (report,) = await rows(ctx, "SELECT flags FROM reports WHERE id = %s", two["opened_report_id"])
    assert report["flags"] == ["form_edited"]


async def test_from_the_door_to_the_need_that_it_tells_of(ctx: Context, client_of: MakeClient) -> None:
    flood = await emergency(ctx)
    await add_key(ctx)
    instance, version = "uuid:00000000-0000-4000-8000-000000000001", compiled("rapid_needs").version
    manifest, files = encrypted(
        rapid_needs(BODY, f"<meta><instanceID>{instance}</instanceID></meta>"),
        MEDIA,
        key_pair(0).public_key(),
        form_id="rapid_needs",
        instance_id=instance,
        version=version,
    )
    phone = await client_of("field", emergency=flood)
    parts: list[Any] = [("xml_submission_file", ("submission.xml", manifest, "text/xml"))]
    parts += [(name, (name, data, "application/octet-stream")) for name, data in files.items()]
    more = [*parts[:2], ("*isIncomplete*", (None, b"yes", "text/plain"))]
    assert (await phone.post("/openrosa/submission", files=more)).status_code == 201
    while await process_batch(ctx):
        pass
    assert await work(ctx) == 0, "a file is still on its way"
    assert (await phone.post("/openrosa/submission", files=[parts[0], parts[2]])).status_code == 201
    assert await work(ctx) == 1
    while await process_batch(ctx, on_heard=ON_HEARD) + await pictures.turn(ctx):
        pass
    assert [need["category"] for need in await needs_of(ctx, flood)] == ["water"]
    (row,) = await rows(ctx, "SELECT report_id, opened_report_id FROM submissions")
    links = await rows(ctx, "SELECT DISTINCT report_id FROM report_links")
    assert [link["report_id"] for link in links] == [row["opened_report_id"]]
    waiting = await rows(ctx, "SELECT report_id FROM report_looks WHERE looked_at IS NULL")
    assert row["report_id"] not in [look["report_id"] for look in waiting]
    states = await rows(ctx, "SELECT source, state FROM attachments ORDER BY source, name")
    assert [state["state"] for state in states] == ["sealed", "sealed", "safe"]


async def test_a_trial_is_opened_and_makes_nothing(ctx: Context) -> None:
    await add_key(ctx)
    one = await sealed(ctx)
    await rows(ctx, "UPDATE submissions SET draft = true, instance_key = 'draft:uuid:1' RETURNING 1")
    await rows(ctx, "UPDATE attachments SET instance_id = 'draft:uuid:1' RETURNING 1")
    await work(ctx)
    row = await row_of(ctx, one)
    (report,) = await rows(ctx, "SELECT source_key, read_state FROM reports WHERE id = %s", row["opened_report_id"])
    assert (report["source_key"], report["read_state"]) == ("draft:uuid:1", "read")


async def test_a_crash_over_one_is_not_for_ever(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_key(ctx)
    one = await sealed(ctx)

    async def dies(*_: object) -> None:
        raise SystemExit

    real = opening._decrypted
    monkeypatch.setattr(opening, "_decrypted", dies)
    for _ in range(opening.ATTEMPTS):
        with pytest.raises(SystemExit):
            await opening.turn(ctx)
        assert await opening.turn(ctx) is False
        await rows(ctx, "UPDATE submissions SET open_held_until = now() - interval '1 s' RETURNING 1")
    assert await work(ctx) == 1
    assert (await row_of(ctx, one))["reason"] == "encrypted.too_costly"
    monkeypatch.setattr(opening, "_decrypted", real)
    await add_key(ctx, 2)
    assert await work(ctx) == 1
    assert await clear_of(ctx, one) == CLEAR


async def test_a_person_reads_in_words_why_one_is_shut(ctx: Context, client_of: MakeClient) -> None:
    ours = {opening.NO_KEY, opening.OTHER_FORM, opening.SAME, opening.TOO_COSTLY, opening.UNREADABLE}
    assert ours | set(encryption._REASONS) - {"encrypted.key_unusable"} <= set(REASONS)
    one = await sealed(ctx)
    await work(ctx)
    told = (await (await client_of("coordinator")).get(f"/api/submissions/{one}")).json()
    assert told["note"]["code"] == "encrypted.no_key"
    assert told["note"]["fa"] == REASONS["encrypted.no_key"][0]


def pem(number: int, password: bytes | None = None) -> str:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    made = key_pair(number).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    return made.decode()


async def test_keys_over_http(ctx: Context, client_of: MakeClient) -> None:
    house, far = await centre(ctx, "C-1", 47.7, 33.1), await centre(ctx, "C-2", 47.9, 33.1)
    boss, keeper = await client_of("coordinator"), await client_of("coordinator", centre=house)
    made = await keeper.post("/api/form-keys", json={"name": "store", "centre": "C-1", "pem": pem(0)})
    assert made.status_code == 201
    assert made.json()["public_text"] == public_text(key_pair(0))
    again = await keeper.post("/api/form-keys", json={"name": "x", "centre": "C-1", "pem": pem(0)})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    wrong = {"name": "x", "centre": "C-1", "pem": pem(1, b"right"), "password": "wrong"}
    assert (await keeper.post("/api/form-keys", json=wrong)).json()["code"] == "form_key.unusable"
    assert (await keeper.post("/api/form-keys", json=wrong | {"password": "right"})).status_code == 201
    for elsewhere in ({"name": "x", "pem": pem(2)}, {"name": "x", "centre": str(far), "pem": pem(2)}):
        assert (await keeper.post("/api/form-keys", json=elsewhere)).status_code == 403
    assert (await boss.post("/api/form-keys", json={"name": "x", "centre": "C-2", "pem": pem(2)})).status_code == 201
    new = await boss.post("/api/form-keys", json={"name": "house"})
    assert (new.status_code, new.json()["centre"]) == (201, None)
    seen = (await keeper.get("/api/form-keys")).json()["items"]
    assert {item["centre"] for item in seen} == {str(house), None}
    assert len((await boss.get("/api/form-keys")).json()["items"]) == 4
    house_key = f"/api/form-keys/{new.json()['id']}"
    assert (await keeper.patch(house_key, json={"retired": True})).status_code == 404
    assert (await boss.patch(house_key, json={"retired": False})).status_code == 422
    gone = [await boss.patch(house_key, json={"retired": True}) for _ in range(2)]
    assert gone[0].json()["retired_at"] == gone[1].json()["retired_at"] is not None
    stored = str(await rows(ctx, "SELECT * FROM centre_keys")) + (await boss.get("/api/form-keys")).text
    assert "PRIVATE" not in stored
    async with ctx.db.tx() as conn:
        assert await keys.known(
            conn, f"-----BEGIN PUBLIC KEY-----\n{public_text(key_pair(0))}\n-----END PUBLIC KEY-----"
        )
        assert not await keys.known(conn, public_text(key_pair(7)))
        assert not await keys.known(conn, "no key at all")
        texts = (None, public_text(key_pair(0)), public_text(key_pair(7)), "no key at all")
        said = [[problem.code for problem in await keys.warnings(conn, text)] for text in texts]
    assert said == [[], [], ["public_key.unknown"], ["public_key.unreadable"]]
    verbs = [row["verb"] for row in await rows(ctx, "SELECT verb FROM events_unsealed WHERE subject_type = 'form_key'")]
    assert sorted(verbs) == ["form_key.added"] * 4 + ["form_key.retired"]


async def test_a_form_whose_key_is_not_here_goes_out_with_a_warning(ctx: Context, client_of: MakeClient) -> None:
    public = public_text(key_pair(0))
    form = markdown_form(
        "| | type | name | label |\n| | text | what | What? |",
        settings=f"| settings |\n| | form_title | form_id | version | public_key |\n| | T | shut | 1 | {public} |\n",
    )
    boss = await client_of("coordinator")
    sent = await boss.post("/api/forms?file_type=.md", content=form)
    assert sent.status_code == 201
    assert "public_key.unknown" in [warning["code"] for warning in sent.json()["warnings"]]
    version = f"/api/form-versions/{sent.json()['id']}"
    assert "public_key.unknown" in [warning["code"] for warning in (await boss.get(version)).json()["warnings"]]
    await add_key(ctx)
    shown = (await boss.get(version)).json()
    assert shown["encrypted"]
    assert "public_key.unknown" not in [warning["code"] for warning in shown["warnings"]]


async def test_keys_by_command(ctx: Context, tmp_path: Path) -> None:
    from ops.commands import forms_keys

    file = tmp_path / "key.der"
    file.write_bytes(
        key_pair(0).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    assert forms_keys.read_file(file).private_numbers() == key_pair(0).private_numbers()
    made = await forms_keys.kept(ctx, key_pair(0), None, "store")
    assert (made["public_text"], made["known"]) == (public_text(key_pair(0)), False)
    assert (await forms_keys.kept(ctx, key_pair(0), None, "store"))["known"]
    assert [item["name"] for item in await forms_keys.all_of(ctx)] == ["store"]
    assert (await forms_keys.retired(ctx, made["fingerprint"][:12]))["retired_at"] is not None
