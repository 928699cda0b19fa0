"""Files of submissions looked at: the position is read and gone, bombs stay outside, nothing of others is lost."""

import asyncio
import io
import resource
import struct
import zlib
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from field_forms import exif
from field_forms.pictures import Limits, Picture, examine
from server.access.context import Context
from server.forms import pictures
from server.kernel.ids import uuid7
from tests.slices.chain_kit import centre, emergency
from tests.slices.files_kit import attach, blob, file_row, rows, submitted
from tests.support.web import MakeClient

REAL = Path(__file__).parents[3] / "shared" / "data" / "openrosa" / "submissions"
JPEG = "image/jpeg"


def photograph(shade: int = 0, *, kind: str = "JPEG", gps: bool = True) -> bytes:
    image = Image.new("RGB", (64, 48), (shade, 90, 30))
    said = Image.Exif()
    if gps:
        said.get_ifd(0x8825).update(
            {1: "N", 2: (IFDRational(33), IFDRational(30), IFDRational(0)), 3: "E", 4: (IFDRational(193, 4),)}
        )
    out = io.BytesIO()
    image.save(out, kind, exif=said)
    return out.getvalue()


def png(width: int, height: int, zeros: int) -> bytes:
    """A picture of so many bytes of nothing, made without ever holding them."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\0" * 100_000) for _ in range(zeros // 100_000))
    packed += packer.compress(b"\0" * (zeros % 100_000)) + packer.flush()

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def animated() -> bytes:
    frames = [Image.new("RGB", (16, 16), (n * 20, 0, 0)) for n in range(9)]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return out.getvalue()


async def look_at_all(ctx: Context, **more: float) -> int:
    count = 0
    while done := await pictures.turn(ctx, again_s=more.get("again_s", 0.0)):
        count += done
    return count


async def state_of(ctx: Context, file: UUID) -> tuple[str, str | None]:
    row = await file_row(ctx, file)
    return row["state"], row["reason"]


async def about(ctx: Context, file: UUID) -> dict[str, object]:
    row = await file_row(ctx, file)
    sealed = ctx.sealing.of("attachments", file, row["data_key_wrapped"])
    found: dict[str, object] = orjson.loads(sealed.open("about_sealed", row["about_sealed"]) or b"{}")
    return found


async def test_the_position_is_kept_sealed_and_is_in_no_copy(ctx: Context) -> None:
    real = min(REAL.rglob("*.jpg")).read_bytes() if REAL.exists() else photograph()
    one = await submitted(ctx, b"<a/>")
    file = await attach(ctx, one, "1335783522563.jpg", real, JPEG)
    assert await look_at_all(ctx) == 1
    row = await file_row(ctx, file)
    assert (row["state"], row["reason"], row["content_type"]) == ("safe", None, JPEG)
    safe, shown = await blob(ctx, row["safe_blob_id"]), await blob(ctx, row["shown_blob_id"])
    said = exif.beside(real).position
    assert said is not None
    assert exif.beside(safe).position is None
    assert exif.beside(shown).position is None
    assert (await about(ctx, file))["position"] == {"lat": said.lat, "lon": said.lon, "altitude_m": said.altitude_m}
    assert await blob(ctx, row["blob_id"]) == real
    pixels = [Image.open(io.BytesIO(data)).convert("RGB").tobytes() for data in (real, safe)]
    assert pixels[0] == pixels[1]


async def test_one_content_is_looked_at_once_however_often_it_came(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def counted(data: bytes, limits: Limits | None = None) -> Picture:
        looks.append(len(data))
        return examine(data, limits)

    monkeypatch.setattr(pictures, "examine", counted)
    data = photograph()
    ones = [await submitted(ctx, b"<a n='%d'/>" % n, instance_id=f"uuid:{n}") for n in range(3)]
    files = [await attach(ctx, one, "a.jpg", data, JPEG) for one in ones]
    await asyncio.gather(*(pictures.turn(ctx) for _ in range(3)))
    late = await attach(ctx, ones[0], "b.jpg", data, JPEG)
    await look_at_all(ctx)
    assert len(looks) == 1
    assert {await state_of(ctx, file) for file in [*files, late]} == {("safe", None)}
    assert [await about(ctx, file) for file in files] == [await about(ctx, late)] * 3
    assert len(await rows(ctx, "SELECT 1 FROM blobs")) == 3


async def test_bombs_and_damage_are_refused_and_cost_little(ctx: Context) -> None:
    good = photograph(7)
    hostile = {
        "a.png": (png(50_000, 50_000, 99_999), ("refused", "too_many_points")),
        "b.png": (png(6_000, 6_000, 108_006_000), ("safe", None)),
        "c.jpg": (photograph(8)[:-200], ("refused", "damaged")),
        "d.jpg": (b"\xff\xd8\xff" + b"\0" * 5_000, ("refused", "damaged")),
        "e.jpg": (photograph(9) + b"PK\x03\x04<script>alert(1)</script>", ("safe", None)),
        "f.webp": (animated(), ("safe", None)),
        "g.jpg": (good, ("safe", None)),
    }
    one = await submitted(ctx, b"<a/>")
    files = {name: await attach(ctx, one, name, data, JPEG) for name, (data, _) in hostile.items()}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await look_at_all(ctx) == len(hostile)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= Limits().memory // 1024
    assert {name: await state_of(ctx, file) for name, file in files.items()} == {
        name: outcome for name, (_, outcome) in hostile.items()
    }
    polyglot = await file_row(ctx, files["e.jpg"])
    assert b"script" not in await blob(ctx, polyglot["safe_blob_id"])
    for name, file in files.items():
        assert await blob(ctx, (await file_row(ctx, file))["blob_id"]) == hostile[name][0]


async def test_what_costs_too_much_is_tried_three_times(ctx: Context) -> None:
    one = await submitted(ctx, b"<a/>")
    bad, good = await attach(ctx, one, "a.jpg", photograph(1), JPEG), await attach(ctx, one, "b.jpg", b"%PDF-1", "")
    slow = Limits(wall_s=0.001)
    turns = 0
    while await pictures.turn(ctx, slow, again_s=0.0):
        turns += 1
    assert turns == 4
    assert await state_of(ctx, bad) == ("refused", "too_costly")
    assert await state_of(ctx, good) == ("plain", None)


async def test_a_worker_killed_over_a_file_leaves_it_to_the_next_and_not_for_ever(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await submitted(ctx, b"<a/>")
    file = await attach(ctx, one, "a.jpg", photograph(), JPEG)

    async def dies(*_: object) -> None:
        raise SystemExit

    real = pictures._look
    for left in (2, 1, 0):
        monkeypatch.setattr(pictures, "_look", dies)
        with pytest.raises(SystemExit):
            await pictures.turn(ctx)
        assert await pictures.turn(ctx) == 0, "it is held by the one that died"
        await rows(ctx, "UPDATE attachments SET held_until = clock_timestamp() - interval '1 s' RETURNING 1")
        assert (await file_row(ctx, file))["attempts"] == 3 - left
    monkeypatch.setattr(pictures, "_look", real)
    assert await pictures.turn(ctx) == 1
    assert await state_of(ctx, file) == ("refused", "too_costly")


@pytest.mark.parametrize(
    ("name", "data", "said", "outcome"),
    [
        ("audit.csv", b"event,node\nform start,\n", "text/csv", ("plain", None)),
        ("a.csv", b"\xef\xbb\xbf<html><script>x</script>", "text/csv", ("refused", "active_content")),
        ("a.csv", b"a,b\n<script src=x></script>,1", "text/csv", ("refused", "active_content")),
        ("a.csv", b"a\0b", "text/csv", ("refused", "not_allowed")),
        ("a.pdf", b"%PDF-1.7 ...", "application/pdf", ("plain", None)),
        ("a.m4a", b"\0\0\0\x18ftypM4A \0\0\0\0", "audio/mp4", ("plain", None)),
        ("a.mp3", b"\xff\xfb\x90\x00" + b"\0" * 9, "audio/mpeg", ("plain", None)),
        ("a.amr", b"#!AMR\n\x04", "audio/amr", ("plain", None)),
        ("a.mp4", b"\0\0\0\x18ftypisom\0\0\0\0", "audio/mp4", ("plain", None)),
        ("a.jpg", b"\0\0\0\x18ftypisom\0\0\0\0", "image/jpeg", ("refused", "type_differs")),
        ("a.xlsx", b"PK\x03\x04..xl/workbook.xml", "", ("plain", None)),
        ("a.xlsx", b"PK\x03\x04..xl/workbook.xml..xl/vbaProject.bin", "", ("refused", "executable")),
        ("a.zip", b"PK\x03\x04..AndroidManifest.xml", "application/zip", ("refused", "executable")),
        ("a.jpg", b"MZ\x90\0", "image/jpeg", ("refused", "executable")),
        ("a.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/jpeg", ("refused", "active_content")),
        ("a.svg", b"<svg/>", "image/svg+xml", ("refused", "active_content")),
        ("a.bat", b"@echo off", "text/plain", ("refused", "not_allowed")),
        ("a.sh", b"#!/bin/sh\n", "text/csv", ("refused", "executable")),
        ("a.jpg", b"", "image/jpeg", ("refused", "empty")),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0", "image/heic", ("refused", "not_allowed")),
    ],
)
def test_what_is_no_picture_is_a_download_or_refused(
    name: str, data: bytes, said: str, outcome: tuple[str, str | None]
) -> None:
    from server.forms.file_kinds import is_picture, judge

    assert not is_picture(data)
    verdict = judge(data, said, name)
    assert ("refused" if verdict.reason else "plain", verdict.reason) == outcome


async def test_files_of_before_blobs_are_looked_at_too(ctx: Context, client_of: MakeClient) -> None:
    one, data, made = await submitted(ctx, b"<a/>"), photograph(3), uuid7()
    record = ctx.sealing.new("attachments", made)
    await rows(
        ctx,
        "INSERT INTO attachments (id, report_id, source, instance_id, name, digest, content_type, size, file_sealed,"
        " sealing_key_id, data_key_wrapped) SELECT %s, report_id, 'openrosa', instance_key, 'old.jpg', '',"
        " 'image/jpeg', 1, %s, %s, %s FROM submissions RETURNING 1",
        made,
        record.seal("file_sealed", data),
        record.key_id,
        record.wrapped,
    )
    await look_at_all(ctx)
    assert await state_of(ctx, made) == ("safe", None)
    someone = await client_of("coordinator")
    answers = [await someone.get(f"/api/submissions/{one}/files/{made}{q}") for q in ("", "?copy=original&why=legal")]
    assert exif.beside(answers[0].content).position is None
    assert answers[1].content == data


async def test_the_same_bytes_are_judged_under_each_name_they_come_by(ctx: Context) -> None:
    one = await submitted(ctx, b"<a/>")
    table, shell = await attach(ctx, one, "a.csv", b"a,b\n", "text/csv"), await attach(ctx, one, "a.ps1", b"a,b\n", "")
    await look_at_all(ctx)
    assert (await state_of(ctx, table), await state_of(ctx, shell)) == (("plain", None), ("refused", "not_allowed"))


async def test_parts_of_an_encrypted_submission_are_not_looked_into(ctx: Context) -> None:
    await submitted(ctx, b"<a/>", {"submission.xml.enc": (b"\x93\x11" * 40, "")}, encrypted=True)
    await look_at_all(ctx)
    assert [row["state"] for row in await rows(ctx, "SELECT state FROM attachments")] == ["sealed"]


async def test_counts_are_told_without_anybodys_words(ctx: Context, client_of: MakeClient) -> None:
    one = await submitted(ctx, b"<a/>", {"a.svg": (b"<svg/>", ""), "b.jpg": (b"\xff\xd8\xff0", "")})
    await look_at_all(ctx)
    await attach(ctx, one, "c.svg", b"<svg></svg>", "")
    told = (await (await client_of(None)).get("/metrics")).text
    assert 'forms_pictures_refused_total{reason="active_content"} 1.0' in told
    assert 'forms_pictures_refused_total{reason="damaged"} 1.0' in told
    assert 'forms_waiting{what="look"} 1.0' in told


async def test_files_over_http(ctx: Context, client_of: MakeClient) -> None:
    flood, other = await emergency(ctx), await emergency(ctx, "E-TEST2")
    house, far = await centre(ctx, "C-1", 47.7, 33.1), await centre(ctx, "C-2", 47.9, 33.1)
    one = await submitted(ctx, b"<a/>", emergency=flood, centre=house)
    picture = await attach(ctx, one, "عکس.jpg", photograph(), "text/html")
    table = await attach(ctx, one, "audit.csv", b"a,b\n1,2\n", "text/csv")
    page = await attach(ctx, one, "x.html", b"<html>", "text/html")
    someone = await client_of("coordinator")
    address = f"/api/submissions/{one}/files"
    assert (await someone.get(f"{address}/{picture}")).json()["code"] == "file.waiting"
    await look_at_all(ctx)
    items = {item["name"]: item for item in (await someone.get(address)).json()["items"]}
    assert {name: (item["state"], item["reason"], item["kind"]) for name, item in items.items()} == {
        "عکس.jpg": ("safe", None, JPEG),
        "audit.csv": ("plain", None, "text/csv"),
        "x.html": ("refused", "active_content", None),
    }
    assert items["عکس.jpg"]["about"]["position"]["lat"] == 33.5
    for query, kind, disposition in (("", JPEG, "inline"), ("?copy=shown", JPEG, "inline")):
        answer = await someone.get(f"{address}/{picture}{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["content-disposition"].startswith(f"{disposition}; filename*=UTF-8''%D8%B9")
        assert exif.beside(answer.content).position is None
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["cache-control"] == "no-store"
    answer = await someone.get(f"{address}/{table}")
    assert (answer.content, answer.headers["content-disposition"]) == (
        b"a,b\n1,2\n",
        "attachment; filename*=UTF-8''audit.csv",
    )
    assert (await someone.get(f"{address}/{page}")).json()["code"] == "file.refused"
    assert (await someone.get(f"{address}/{picture}?copy=original")).json()["code"] == "file.why_missing"
    original = await someone.get(f"{address}/{picture}?copy=original&why=evidence")
    assert exif.beside(original.content).position is not None
    assert original.headers["content-disposition"].startswith("attachment")
    assert original.headers["content-type"] == "application/octet-stream"
    for bounds in ({"emergency": other}, {"centre": far}):
        stranger = await client_of("coordinator", **bounds)
        assert (await stranger.get(address)).status_code == 404
        assert (await stranger.get(f"{address}/{picture}")).status_code == 404
    for bounds in ({"emergency": flood}, {"centre": house}):
        assert (await (await client_of("coordinator", **bounds)).get(address)).status_code == 200
    assert (await (await client_of("dispatcher")).get(address)).status_code == 403
    alone = await submitted(ctx, b"<b/>", instance_id="uuid:2")
    assert (await someone.get(f"/api/submissions/{alone}/files/{picture}")).status_code == 404
    events = await rows(
        ctx, "SELECT verb, data FROM events_unsealed WHERE verb LIKE 'submission.file%%' AND subject_id = %s", picture
    )
    assert [row["data"].get("why") for row in events] == [None, None, "evidence"]
    assert "عکس" not in str(await rows(ctx, "SELECT * FROM events_unsealed"))
