"""Multipart bodies: what python-multipart makes of whole ones we make too, cut anywhere; cut ones are refused."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from server.forms.multipart import MultipartRefused, Part, boundary_of, take_apart

BOUNDARY = b"b0"
# What is likely to be taken for a boundary, and what is not.
DATA = st.lists(
    st.sampled_from([b"\r\n--b0", b"\r\n--b", b"--b0", b"--", b"\r", b"\n", b"-", b"x", b"\r\n\r\n", b"\x00\xff"]),
    max_size=8,
).map(b"".join)
NAMES = st.text(st.characters(exclude_characters='\r\n"\\%;\x00', exclude_categories=["Cs"]), min_size=1, max_size=12)
NAMES_A = b'Content-Disposition: form-data; name="a"; filename="x.jpg"\r\n'
NAMES_B = b'Content-Disposition: form-data; name="b"\r\n'
FILES = st.none() | NAMES | st.sampled_from(["عکس خانه.jpg", "*isIncomplete*", "1335783522563.jpg", ""])


def part(name: str, file_name: str | None, data: bytes, kind: str = "") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    head += "" if file_name is None else f'; filename="{file_name}"'
    head += f"\r\nContent-Type: {kind}" if kind else ""
    return b"--" + BOUNDARY + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def theirs(pieces: list[bytes]) -> list[tuple[str, str | None, bytes]] | None:
    async def stream() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            yield piece

    async def read() -> list[tuple[str, str | None, bytes]]:
        headers = Headers({"content-type": "multipart/form-data; boundary=b0"})
        parser = MultiPartParser(headers, stream())
        items = (await parser.parse()).multi_items()
        found: list[tuple[str, str | None, bytes]] = [
            (name, value.filename or "", await value.read())
            if isinstance(value, UploadFile)
            else (name, None, value.encode("utf-8", "surrogateescape"))
            for name, value in items
        ]
        for file in parser._files_to_close_on_error:
            file.close()  # theirs forgets a part that has no end
        return found

    try:
        return asyncio.run(read())
    except (MultiPartException, KeyError, ValueError):
        return None


def ours(pieces: list[bytes], most_files: int = 1000) -> list[Part] | None:
    try:
        return take_apart(pieces, BOUNDARY, most_files=most_files, most_fields=1000)
    except MultipartRefused:
        return None


def cut(body: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(body) + 1) for place in places})
    return [body[a:b] for a, b in zip([0, *ends], [*ends, len(body)], strict=True)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, FILES, DATA), max_size=5), st.lists(st.integers(0, 2000), max_size=6))
def test_whole_bodies_cut_anywhere(parts: list[tuple[str, str | None, bytes]], places: list[int]) -> None:
    body = b"".join(part(*one) for one in parts) + b"--" + BOUNDARY + b"--\r\n"
    found = ours(cut(body, places))
    same = theirs([body])
    if same is None:
        assert found is None
        return
    assert found is not None
    assert [(p.name, p.file_name, p.data) for p in found if p.file_name is not None] == [
        one for one in same if one[1] is not None
    ]
    # A field's bytes are words to them and bytes to us.
    assert [p.name for p in found] == [one[0] for one in same]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=6), st.integers(0, 400), st.integers(0, 6), st.integers(0, 400))
def test_damaged_bodies_get_the_same_verdict_or_are_cut(noise: bytes, at: int, gone: int, end: int) -> None:
    whole = part("a", "x.jpg", b"one", "image/jpeg") + part("b", None, b"yes") + b"--" + BOUNDARY + b"--\r\n"
    at %= len(whole)
    body = whole[:at] + noise + whole[at + gone :]
    body = body[: max(0, len(body) - end % 60)] if end % 3 == 0 else body
    found, same = ours([body]), theirs([body])
    if found is None:
        # Refused: they refuse it too, or it lacks the last boundary, which they do not miss, or a line of names is odd.
        whole_names = all(line in body for line in (NAMES_A, NAMES_B))
        assert same is None or _without_end(body) or not whole_names
        return
    assert same is not None
    assert [p.data for p in found if p.file_name is not None] == [one[2] for one in same if one[1] is not None]


def _without_end(body: bytes) -> bool:
    try:
        take_apart([body], BOUNDARY, most_files=9, most_fields=9)
    except MultipartRefused as refused:
        return refused.code == "cut"
    return False


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_a_body_that_ends_early_is_cut(end: int) -> None:
    whole = part("xml_submission_file", "s.xml", b"<a/>") + part("p", "p.jpg", b"\xff\xd8" * 40) + b"--b0--"
    with pytest.raises(MultipartRefused):
        take_apart([whole[: end % len(whole)]], BOUNDARY, most_files=9, most_fields=9)
    assert take_apart([whole], BOUNDARY, most_files=9, most_fields=9)


@pytest.mark.parametrize(
    ("disposition", "name", "file_name"),
    [
        ('form-data; name="a"; filename="b.jpg"', "a", "b.jpg"),
        ("form-data; name=a; filename=b.jpg", "a", "b.jpg"),
        ('form-data; name="a\\"b"; filename="c\\\\d.jpg"', 'a"b', "c\\d.jpg"),
        ('form-data; name="a%22b"; filename="100%25%0D.jpg"', 'a"b', "100%25\r.jpg"),
        ('form-data; filename="C:\\temp\\b.jpg"; name="a"', "a", "C:\\temp\\b.jpg"),
        ('form-data; name="a"; filename="x.jpg"; filename*=UTF-8\'\'%D8%B9%DA%A9%D8%B3.jpg', "a", "عکس.jpg"),
        ("form-data; name=\"a\"; filename*=iso-8859-1'en'caf%E9.jpg", "a", "café.jpg"),
        ('form-data; name="a"; filename="x.jpg"; filename*=nonsense\'\'%FF', "a", "x.jpg"),
        ('form-data; name="عکس"; filename="خانه و پل.jpg"', "عکس", "خانه و پل.jpg"),
        ('form-data; name="*isIncomplete*"', "*isIncomplete*", None),
        ('form-data; name="a"; filename=""', "a", ""),
    ],
)
def test_names(disposition: str, name: str, file_name: str | None) -> None:
    body = b"--b0\r\ncontent-disposition:   " + disposition.encode() + b"\r\n\r\nX\r\n--b0--\r\n"
    found = take_apart([body], BOUNDARY, most_files=1, most_fields=1)
    assert [(p.name, p.file_name, p.data) for p in found] == [(name, file_name, b"X")]


def test_bounds() -> None:
    many = part("f", "a.jpg", b"x") * 201 + b"--b0--"
    with pytest.raises(MultipartRefused) as too_many:
        take_apart([many], BOUNDARY, most_files=200, most_fields=50)
    assert too_many.value.code == "too_many"
    for head in (b"X: " + b"a" * 10_000, b"X: a\r\n" * 9 + b"Y: b", b": a", b"a b: c", b"X: a"):
        with pytest.raises(MultipartRefused):
            take_apart([b"--b0\r\n" + head + b"\r\n\r\nX\r\n--b0--"], BOUNDARY, most_files=9, most_fields=9)
    for broken in ("multipart/form-data", "multipart/form-data; boundary=", f"multipart/x; boundary={'a' * 300}"):
        with pytest.raises(MultipartRefused):
            boundary_of(broken)
    assert boundary_of('multipart/form-data; charset=utf-8; Boundary="a b\'c"') == b"a b'c"
