"""Sealed columns: only the right key, record and column open them; a blurred home cannot be averaged out."""

import itertools
import stat
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey, SealedBox

from server.access.sealing import BLUR_CELL_M, PASSING_S, SEALED_BOX_BYTES, SealedError, Sealing, create_keys, load_keys
from server.kernel.geo import distance_m

PRIVATE = PrivateKey.generate()
SEALING = Sealing(PRIVATE.public_key, PRIVATE, b"k" * 32)
RECORD = uuid.UUID(int=7)
LONS = st.floats(-180, 180, allow_nan=False)
LATS = st.floats(-85, 85, allow_nan=False)


@given(st.one_of(st.binary(max_size=2000), st.text(max_size=500)))
def test_what_is_sealed_opens_again(plain: bytes | str) -> None:
    record = SEALING.new("reports", RECORD)
    sealed = record.seal("body_sealed", plain)
    again = SEALING.of("reports", RECORD, record.wrapped)
    assert again.open("body_sealed", sealed) == (
        plain.encode("utf-8", "surrogatepass") if isinstance(plain, str) else plain
    )


def test_none_stays_none() -> None:
    record = SEALING.new("reports", RECORD)
    assert record.seal("sender_sealed", None) is None
    assert record.open("sender_sealed", None) is None


def test_each_record_has_a_key_of_its_own_and_equal_words_look_different() -> None:
    one, two = SEALING.new("reports", RECORD), SEALING.new("reports", RECORD)
    assert one.wrapped != two.wrapped
    assert one.seal("body_sealed", b"help") != one.seal("body_sealed", b"help")


@pytest.mark.parametrize("moved", ["table", "column", "record", "bytes"])
def test_a_ciphertext_opens_nowhere_else(moved: str) -> None:
    record = SEALING.new("reports", RECORD)
    sealed = record.seal("body_sealed", b"secret")
    assert sealed is not None
    table = "needs" if moved == "table" else "reports"
    column = "sender_sealed" if moved == "column" else "body_sealed"
    other = uuid.UUID(int=8) if moved == "record" else RECORD
    if moved == "bytes":
        sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(SealedError):
        SEALING.of(table, other, record.wrapped).open(column, sealed)


def test_without_the_private_key_one_writes_and_cannot_read() -> None:
    writer = Sealing(PRIVATE.public_key, None, b"k" * 32)
    record = writer.new("reports", RECORD)
    sealed = record.seal("body_sealed", b"help")
    with pytest.raises(SealedError):
        writer.of("reports", RECORD, record.wrapped)
    assert SEALING.of("reports", RECORD, record.wrapped).open("body_sealed", sealed) == b"help"


def test_keys_are_made_once_with_closed_files(tmp_path: Path) -> None:
    made = create_keys(tmp_path / "keys")
    again = create_keys(tmp_path / "keys")
    assert made.key_id == again.key_id == load_keys(tmp_path / "keys").key_id
    for name in ("sealing.key", "hashing.key"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600


def test_keys_half_made_by_a_power_cut_are_finished(tmp_path: Path) -> None:
    create_keys(tmp_path)
    kept = (tmp_path / "sealing.key").read_bytes()
    (tmp_path / "sealing.pub").unlink()
    finished = create_keys(tmp_path)
    record = finished.new("t", RECORD)
    assert (tmp_path / "sealing.key").read_bytes() == kept
    assert finished.of("t", RECORD, record.wrapped).open("c", record.seal("c", b"x")) == b"x"


@given(LONS, LATS)
def test_a_blurred_home_stays_within_its_square_and_on_earth(lon: float, lat: float) -> None:
    shown = SEALING.blur(lon, lat)
    assert -180 <= shown[0] <= 180
    assert -90 <= shown[1] <= 90
    assert distance_m(lon, lat, *shown) <= BLUR_CELL_M * 1.5


def test_every_home_of_a_square_shows_at_one_point_and_another_key_shows_another() -> None:
    homes = [(47.7100 + dx / 1e5, 33.1500 + dy / 1e5) for dx, dy in itertools.product(range(0, 600, 40), repeat=2)]
    shown = {SEALING.blur(*home) for home in homes}
    assert len(shown) <= 4
    other = Sealing(PRIVATE.public_key, None, b"o" * 32)
    assert other.blur(*homes[0]) != SEALING.blur(*homes[0])


def test_keyed_hashes_meet_only_under_the_same_key_and_purpose() -> None:
    assert SEALING.keyed_hash("sender", "+98912") == SEALING.keyed_hash("sender", "+98912")
    assert SEALING.keyed_hash("sender", "+98912") != SEALING.keyed_hash("phone", "+98912")


def test_a_key_wrapped_before_passing_keys_still_opens() -> None:
    """What stands in old databases: a sealed box of 80 bytes."""
    record = SEALING.new("reports", RECORD)
    sealed, wrapped = record.seal("body_sealed", b"help"), SealedBox(PRIVATE.public_key).encrypt(record._key)
    assert len(wrapped) == SEALED_BOX_BYTES != len(record.wrapped)
    assert SEALING.of("reports", RECORD, wrapped).open("body_sealed", sealed) == b"help"


def test_a_passing_key_serves_its_minute_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Sealing(PRIVATE.public_key, None, b"k" * 32)
    first, second = writer.new("reports", RECORD), writer.new("reports", RECORD)
    assert first.wrapped[:32] == second.wrapped[:32]
    assert first.wrapped[32:] != second.wrapped[32:]
    assert first._key != second._key
    with monkeypatch.context() as later:
        now = time.monotonic()
        later.setattr(time, "monotonic", lambda: now + PASSING_S + 1)
        third = writer.new("reports", RECORD)
    assert third.wrapped[:32] != first.wrapped[:32]
    for record in (first, second, third):
        assert SEALING.of("reports", RECORD, record.wrapped)._key == record._key


@pytest.mark.parametrize("wrapped", [b"", b"x" * 31, b"x" * 56, b"x" * 80, b"\0" * 104, b"x" * 500])
def test_a_wrapped_key_that_is_none_is_refused_by_name(wrapped: bytes) -> None:
    with pytest.raises(SealedError):
        SEALING.of("reports", RECORD, wrapped)
