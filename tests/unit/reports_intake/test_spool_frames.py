"""A record in the spool is found whole or not at all, whatever happened to the file."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reports.spool_frames import Damage, Frame, SpoolRow, decode, encode, frame, microseconds, scan

payloads = st.lists(st.binary(max_size=60) | st.just(b"\xf5Hs1\0\0") | st.just(frame(b"inner", 7)), max_size=8)
AT = datetime(2026, 3, 25, 4, 5, 6, 789, UTC)


def _file(words: list[bytes]) -> tuple[bytes, list[int]]:
    """A segment, and where each record ends."""
    data, ends = b"", []
    for number, word in enumerate(words):
        data += frame(word, number)
        ends.append(len(data))
    return data, ends


def _found(data: bytes) -> list[bytes]:
    return [piece.payload for piece in scan(data) if isinstance(piece, Frame)]


@given(st.binary(max_size=300))
def test_any_bytes_give_no_exception_and_no_overlap(data: bytes) -> None:
    at = 0
    for piece in scan(data):
        assert piece.start >= at
        assert piece.end > piece.start
        at = piece.end
    assert at <= len(data)


@given(payloads, st.data())
def test_a_cut_loses_what_it_cut_and_nothing_else(words: list[bytes], data: st.DataObject) -> None:
    whole, ends = _file(words)
    cut = data.draw(st.integers(0, len(whole)))
    zeros = data.draw(st.integers(0, 100))
    pieces = list(scan(whole[:cut]))
    assert all(isinstance(piece, Frame) for piece in pieces), "a cut is no damage"
    assert _found(whole[:cut]) == words[: sum(end <= cut for end in ends)]
    # A file that grew before its bytes came to the disk.
    assert _found(whole + bytes(zeros)) == words
    assert not any(isinstance(piece, Damage) for piece in scan(whole + bytes(zeros)))


@given(payloads.filter(bool), st.data())
def test_a_changed_byte_costs_its_own_record_alone(words: list[bytes], data: st.DataObject) -> None:
    whole, ends = _file(words)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    hit = sum(end <= at for end in ends)
    found = _found(bytes(changed))
    others = words[:hit] + words[hit + 1 :]
    # Damage may lay bare a frame that a record held inside: then it is one of ours as well, whole and right.
    assert [word for word in found if word != b"inner"] == [word for word in others if word != b"inner"]
    pieces = list(scan(bytes(changed)))
    last = hit == len(words) - 1
    if not last:
        assert any(isinstance(piece, Damage) and piece.start <= at < piece.end for piece in pieces)


@given(
    st.dictionaries(
        st.text("abcdefgh_", min_size=1, max_size=8),
        st.none()
        | st.binary(max_size=40)
        | st.text(st.characters(codec="utf-8"), max_size=20)
        | st.uuids()
        | st.integers(-(2**31), 2**31)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.just(AT),
        max_size=8,
    ),
    st.booleans(),
    st.booleans(),
)
def test_a_row_comes_back_as_it_was(row: dict[str, object], unnumbered: bool, resolve: bool) -> None:
    item = SpoolRow(row, "token:x", unnumbered, resolve, AT)
    assert decode(encode(item), microseconds(AT)) == item


@given(st.binary(max_size=80))
def test_a_strange_payload_is_a_value_error(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode(payload, 1)
    real = SpoolRow({"id": UUID(int=1), "body_sealed": b"x"}, "a", at=AT)
    assert decode(encode(real), microseconds(AT)) == real
