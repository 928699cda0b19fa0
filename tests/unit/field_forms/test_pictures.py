"""Pictures: the position is read and gone, the picture is the same; bombs stay in the child."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from field_forms.exif import BadPicture, Beside, beside, sniff, strip
from field_forms.pictures import Limits, PictureRefused, examine

REAL = Path(__file__).parents[4] / "shared" / "data" / "openrosa" / "submissions"
FORMATS = ("JPEG", "PNG", "WEBP")


def picture(kind: str, *, gps: bool = True, orientation: int = 1, size: tuple[int, int] = (48, 32)) -> bytes:
    image = Image.new("RGB", size)
    image.putdata([(x * 5 % 256, y * 7 % 256, 90) for y in range(size[1]) for x in range(size[0])])
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "maker"
    if gps:
        exif.get_ifd(0x8825).update(
            {1: "N", 2: (IFDRational(33), IFDRational(30), IFDRational(0)), 3: "W", 4: (IFDRational(193, 4),) * 1}
            | {5: b"\x01", 6: IFDRational(5, 2)}
        )
    exif.get_ifd(0x8769)[0x9003] = "2026:11:02 10:00:00"
    out = io.BytesIO()
    more = {"comment": b"secret words"} if kind == "JPEG" else {}
    image.save(out, kind, exif=exif, icc_profile=b"profile" * 9, **({"lossless": True} if kind == "WEBP" else more))
    return out.getvalue()


def points(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_position_is_read_then_gone_and_not_a_point_changes(kind: str, orientation: int) -> None:
    data = picture(kind, orientation=orientation)
    said = beside(data)
    assert said.position is not None
    assert (said.position.lat, said.position.lon, said.position.altitude_m) == (33.5, -48.25, -2.5)
    assert (said.taken, said.orientation) == ("2026:11:02 10:00:00", orientation)
    safe = strip(data + b"film after the end")
    assert beside(safe) == Beside(orientation=orientation)
    again = Image.open(io.BytesIO(safe))
    assert dict(again.getexif()) in ({}, {0x0112: orientation})
    assert again.info["icc_profile"] == b"profile" * 9
    assert points(safe) == points(data)
    for words in (b"maker", b"secret", b"2026", b"film"):
        assert words not in safe
    assert strip(safe) == safe


@pytest.mark.skipif(not REAL.exists(), reason="the collection of real submissions is not on this machine")
def test_a_real_photograph_with_a_position() -> None:
    data = next(REAL.rglob("*.jpg")).read_bytes()
    found = examine(data)
    assert found.position is not None
    assert (round(found.position.lat, 3), round(found.position.lon, 3)) == (-1.264, 36.794)
    assert found.taken
    assert beside(found.safe).position is None
    assert points(found.safe) == points(data)
    assert max(Image.open(io.BytesIO(found.shown)).size) == 1_600
    assert not Image.open(io.BytesIO(found.shown)).getexif()


@pytest.mark.parametrize("kind", FORMATS)
def test_the_child_gives_the_same_picture_and_one_to_show_upright(kind: str) -> None:
    data = picture(kind, orientation=6, size=(60, 40))
    found = examine(data, Limits(shown=30))
    assert (found.kind, found.width, found.height) == (sniff(data), 60, 40)
    assert (found.safe, found.taken) == (strip(data), "2026:11:02 10:00:00")
    assert Image.open(io.BytesIO(found.shown)).size == (20, 30)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FORMATS), st.data())
def test_a_damaged_file_is_a_picture_or_refused_and_never_tells_where(kind: str, data: st.DataObject) -> None:
    good = bytearray(picture(kind))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(good[: data.draw(st.integers(0, len(good)))])
    beside(cut)
    try:
        safe = strip(cut)
    except BadPicture:
        return
    assert beside(safe).position is None


def png(width: int, height: int, body: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (b"", Limits(), "not_a_picture"),
        (b"PK\x03\x04" + b"0" * 99, Limits(), "not_a_picture"),
        (b"<svg/>", Limits(), "not_a_picture"),
        (b"\xff\xd8\xff" + b"0" * 99, Limits(), "damaged"),
        (png(60_000, 60_000, b"\0" * 9_999), Limits(), "too_many_points"),
        (png(7_000, 7_000), Limits(), "too_many_points"),
        (png(100, 100, b"\0" * 10), Limits(), "damaged"),
        (png(3_000, 3_000, b"\0" * 27_003_000), Limits(memory=130 * 1024 * 1024), "too_costly"),
        (picture("PNG"), Limits(file_bytes=100), "too_large"),
        (picture("PNG"), Limits(wall_s=0.001), "too_costly"),
        (picture("PNG"), Limits(points=100), "too_many_points"),
    ],
)
def test_what_is_no_picture_or_a_bomb_is_refused_with_the_reason(data: bytes, limits: Limits, reason: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        examine(data, limits)
    assert refused.value.reason == reason
