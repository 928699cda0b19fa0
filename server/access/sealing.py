"""The one module that writes and reads personal columns.

Each record has a data key of its own (XChaCha20-Poly1305). The data key is wrapped (`crypto_box` of libsodium:
X25519, XSalsa20-Poly1305) to the instance's public key under a passing key of the writer's, which lives for a minute at
most (docs/decisions/0008), so whoever holds only the public key can write and cannot read. The private key lies in a
file of its own and may later live on another machine. A field's ciphertext is bound to its table, column and record,
so it cannot be moved to another place. Library: PyNaCl.
"""

import hashlib
import json
import math
import os
import time
from pathlib import Path
from uuid import UUID

from nacl.bindings import (
    crypto_aead,
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_box_beforenm,
    crypto_box_keypair,
    crypto_box_open_afternm,
)
from nacl.exceptions import CryptoError
from nacl.exceptions import TypeError as NaClTypeError
from nacl.exceptions import ValueError as NaClValueError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.utils import random

# What the bindings themselves call; they do not export it, but have held it under these names since 2013.
ffi, lib = vars(crypto_aead)["ffi"], vars(crypto_aead)["lib"]
KEY_BYTES = 32
NONCE_BYTES = 24
TAG_BYTES = 16
HASH_BYTES = 32
BOX_BYTES = 16
_NONCES_FROM = KEY_BYTES + NONCE_BYTES
_DRAWN = _NONCES_FROM + 4 * NONCE_BYTES
"""Random bytes drawn at once for a new record: its key, its wrap's nonce, and those of four columns."""
SEALED_BOX_BYTES = 80
"""A data key wrapped as it was before passing keys: a sealed box, with an ephemeral key of its own."""
PASSING_S = 60.0
PASSING_RECORDS = 100_000
"""How long, and for how many records, one process wraps under one passing key; random 192-bit nonces allow far more."""
_SHARED_KEPT = 256
BLUR_CELL_M = 1000.0
"""Side of the square in which a household's shown point may lie."""
_METRES_A_DEGREE = 111_320.0


class SealedError(Exception):
    """The key that opens this record is not here, or the bytes were changed."""


class Record:
    """A record's own data key, in memory for as long as its columns are written or read.

    No frozen dataclass: one is made for each message, and freezing its fields cost more than filling them.
    """

    __slots__ = ("_bound", "_key", "_nonces", "key_id", "wrapped")

    def __init__(self, table: str, record_id: UUID, key_id: str, wrapped: bytes, key: bytes) -> None:
        self.key_id, self.wrapped, self._key = key_id, wrapped, key
        self._bound = (f"{table}.", f":{record_id}")
        self._nonces: list[bytes] = []
        """Nonces not yet used: drawn together when the record is new."""

    def seal(self, column: str, plain: bytes | str | None) -> bytes | None:
        """The column's ciphertext (nonce first); None stays None."""
        if plain is None:
            return None
        data = plain.encode("utf-8", "surrogatepass") if isinstance(plain, str) else plain
        nonce = self._nonces.pop() if self._nonces else os.urandom(NONCE_BYTES)
        return nonce + _encrypt(data, self._aad(column), nonce, self._key)

    def open(self, column: str, sealed: bytes | None) -> bytes | None:
        """The column's plain bytes. Raises SealedError when they were changed or moved."""
        if sealed is None:
            return None
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed[NONCE_BYTES:], self._aad(column), sealed[:NONCE_BYTES], self._key
            )
        except CryptoError as error:
            raise SealedError(f"{self._bound[0]}{column} does not open") from error

    def _aad(self, column: str) -> bytes:
        return column.join(self._bound).encode()


def _boxed(data: bytes, nonce: bytes, shared: bytes) -> bytes:
    """`crypto_box_afternm`, for the same reason. Its caller made the nonce (24) and the shared key (32)."""
    boxed = ffi.new("unsigned char[]", len(data) + BOX_BYTES)
    if lib.crypto_box_easy_afternm(boxed, data, len(data), nonce, shared) != 0:
        raise SealedError("libsodium did not encrypt")
    return bytes(ffi.buffer(boxed, len(data) + BOX_BYTES))


def _encrypt(data: bytes, aad: bytes, nonce: bytes, key: bytes) -> bytes:
    """XChaCha20-Poly1305 by libsodium itself: PyNaCl's own function spends more on checks than on the cipher."""
    if len(nonce) != NONCE_BYTES or len(key) != KEY_BYTES:
        raise SealedError("a nonce or a key of the wrong size")
    room = len(data) + TAG_BYTES
    sealed = ffi.new("unsigned char[]", room)
    done = lib.crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed, ffi.NULL, data, len(data), aad, len(aad), ffi.NULL, nonce, key
    )
    if done != 0:
        raise SealedError("libsodium did not encrypt")
    return bytes(ffi.buffer(sealed, room))


class Sealing:
    """The instance's keys. `private` may be absent: then records can be written and not read."""

    def __init__(self, public: PublicKey, private: PrivateKey | None, hashing_key: bytes) -> None:
        self.public, self._private = public, private
        self._keyed = hashlib.blake2b(key=hashing_key)
        self.key_id = hashlib.sha256(bytes(public)).hexdigest()[:16]
        self._reader = SealedBox(private) if private else None
        self._passing: tuple[bytes, bytes] = b"", b""
        self._passing_until, self._passing_left = 0.0, 0
        self._shared: dict[bytes, bytes] = {}

    @property
    def can_read(self) -> bool:
        """Whether the opening key is on this machine."""
        return self._reader is not None

    def new(self, table: str, record_id: UUID) -> Record:
        """A fresh data key for a record about to be written."""
        drawn = os.urandom(_DRAWN)
        key, nonce = drawn[:KEY_BYTES], drawn[KEY_BYTES:_NONCES_FROM]
        if self._passing_left <= 0 or time.monotonic() >= self._passing_until:
            public, secret = crypto_box_keypair()
            # The passing secret key is forgotten at once; what stays for its minute opens that minute's wraps only.
            self._passing = public, crypto_box_beforenm(bytes(self.public), secret)
            self._passing_until, self._passing_left = time.monotonic() + PASSING_S, PASSING_RECORDS
        self._passing_left -= 1
        public, shared = self._passing
        record = Record(table, record_id, self.key_id, public + nonce + _boxed(key, nonce, shared), key)
        record._nonces = [drawn[i : i + NONCE_BYTES] for i in range(_NONCES_FROM, _DRAWN, NONCE_BYTES)]  # noqa: SLF001 - its maker
        return record

    def of(self, table: str, record_id: UUID, wrapped: bytes) -> Record:
        """An existing record's data key. Raises SealedError without the private key."""
        if self._private is None or self._reader is None:
            raise SealedError("the opening key is not on this machine")
        try:
            if len(wrapped) == SEALED_BOX_BYTES:
                key = self._reader.decrypt(wrapped)
            else:
                data, start = bytes(wrapped), KEY_BYTES + NONCE_BYTES
                shared = self._shared_with(data[:KEY_BYTES])
                key = crypto_box_open_afternm(data[start:], data[KEY_BYTES:start], shared)
        except (CryptoError, NaClTypeError, NaClValueError) as error:
            raise SealedError("the record's key does not open") from error
        return Record(table, record_id, self.key_id, wrapped, key)

    def _shared_with(self, public: bytes) -> bytes:
        """The key shared with a writer's passing key: computed once for all records of its minute."""
        shared = self._shared.get(public)
        if shared is None:
            if len(self._shared) >= _SHARED_KEPT:
                self._shared.clear()
            shared = self._shared[public] = crypto_box_beforenm(public, bytes(self._private or b""))
        return shared

    def keyed_hash(self, purpose: str, value: str) -> bytes:
        """32 bytes, BLAKE2b under the instance's hashing key (RFC 7693): equal values meet, nobody can guess back."""
        return self.keyed_bytes(purpose, value.encode("utf-8", "surrogatepass"))[:HASH_BYTES]

    def keyed_bytes(self, purpose: str, *parts: bytes) -> bytes:
        """As `keyed_hash`, of bytes, and 64 of them.

        Who gives several parts sees to it that no two sets of them run together alike.
        """
        made = self._keyed.copy()
        made.update(b"\0".join((purpose.encode(), b"".join(parts))))
        return made.digest()

    def blur(self, lon: float, lat: float) -> tuple[float, float]:
        """The shown point of a household: fixed for its kilometre square, and no nearer than that square tells.

        Every home in one square gets the same keyed point of it, so many records never average out to a house.
        """
        row = math.floor(lat * _METRES_A_DEGREE / BLUR_CELL_M)
        lat_step = BLUR_CELL_M / _METRES_A_DEGREE
        lon_step = lat_step / max(0.05, math.cos(math.radians(min(89.0, abs((row + 0.5) * lat_step)))))
        column = math.floor(lon / lon_step)
        mac = self.keyed_hash("blur", f"{row}:{column}")
        part_x = int.from_bytes(mac[:4]) / 2**32
        part_y = int.from_bytes(mac[4:8]) / 2**32
        shown_lon = min(180.0, max(-180.0, (column + part_x) * lon_step))
        return round(shown_lon, 5), round(min(90.0, max(-90.0, (row + part_y) * lat_step)), 5)


def load_keys(folder: Path) -> Sealing:
    """The keys in `folder` (`sealing.pub`, `hashing.key`, and `sealing.key` where this machine may read)."""
    public = PublicKey((folder / "sealing.pub").read_bytes())
    private_file = folder / "sealing.key"
    private = PrivateKey(private_file.read_bytes()) if private_file.exists() else None
    return Sealing(public, private, (folder / "hashing.key").read_bytes())


def create_keys(folder: Path) -> Sealing:
    """Make the keys once (files 0600); an existing set is loaded and never replaced."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / "sealing.pub").exists():
        _write_once(folder / "sealing.key", bytes(PrivateKey.generate()))
        private = PrivateKey((folder / "sealing.key").read_bytes())
        _write_once(folder / "hashing.key", random(KEY_BYTES))
        _write_once(folder / "keys.json", json.dumps({"scheme": "x25519+xchacha20poly1305"}).encode())
        _write_once(folder / "sealing.pub", bytes(private.public_key))
    return load_keys(folder)


def _write_once(path: Path, data: bytes) -> None:
    # Through a temporary name and a sync: a key half written by a power cut would lose every record sealed to it.
    if path.exists():
        return
    temporary = path.with_suffix(".new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    temporary.rename(path)
