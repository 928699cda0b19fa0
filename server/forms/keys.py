"""Key pairs of centres: phones encrypt a form with the public half, the worker opens it with the private one.

The private half is sealed like any personal column, and no route or command ever gives it out. A retired key is
offered to no new form and still opens what was filled in before.
"""

import asyncio
import base64
import binascii
import contextlib
import hashlib
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from psycopg.rows import DictRow

from field_forms.encryption import NotOpened, load_key, public_text
from field_forms.problems import FormProblem
from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.forms import key_queries as queries
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7

TABLE: Final = "centre_keys"
EDIT: Final = "form_key.edit"
BITS: Final = 3072
"""NIST SP 800-57 part 1: what is encrypted to it stays secret beyond 2030. Collect takes any size."""
MAX_BYTES: Final = 64 * 1024
_SHOWN_FINGERPRINT: Final = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key pair to keep: `private` as `read` or `make` gave it; `centre_id` None: the house's own."""

    private: rsa.RSAPrivateKey
    name: str
    centre_id: UUID | None = None


def read(data: bytes, password: str | None = None) -> rsa.RSAPrivateKey:
    """A private key out of a file (PEM or DER). Raises `Problem` 422."""
    try:
        return load_key(data, password.encode() if password else None)
    except NotOpened as error:
        raise Problem(
            422,
            "form_key.unusable",
            "Not a private RSA key of 2048 bits or more (PEM or DER), or the password is wrong.",
            "کلید خصوصی RSA (دست‌کم ۲۰۴۸ بیت، PEM یا DER) نیست، یا گذرواژه درست نیست.",
        ) from error


async def make() -> rsa.RSAPrivateKey:
    """A new private key. Takes a second or so, in a thread."""
    return await asyncio.to_thread(rsa.generate_private_key, public_exponent=65537, key_size=BITS)


async def keep(conn: Conn, ctx: Context, wanted: Wanted, actor: str) -> tuple[DictRow, bool]:
    """Keep a key pair: its row as shown, and whether it was known. The caller commits, then rings `reports`.

    A known one stays as it is, whosever it is and under which name.
    """
    public = public_text(wanted.private)
    fingerprint = hashlib.sha256(base64.b64decode(public)).hexdigest()
    key_id = uuid7()
    record = ctx.sealing.new(TABLE, key_id)
    pem = wanted.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    new = await queries.add(
        conn,
        {
            "id": key_id,
            "centre_id": wanted.centre_id,
            "name": wanted.name,
            "public_text": public,
            "fingerprint": fingerprint,
            "private_sealed": record.seal("private_sealed", pem),
            "sealing_key_id": record.key_id,
            "data_key_wrapped": record.wrapped,
        },
    )
    if new:
        data = {"fingerprint": fingerprint[:_SHOWN_FINGERPRINT]}
        await emit(conn, NewEvent("form_key.added", "form_key", key_id, None, actor, wanted.centre_id, data))
    row = await queries.by_fingerprint(conn, fingerprint)
    if row is None:
        raise not_found("key")
    return row, not new


async def retire(conn: Conn, who: Principal | None, key_id: UUID) -> DictRow:
    """Take a key out of use; twice is once. `who` None: the command line."""
    row = await queries.key(conn, key_id)
    if row is None or (who is not None and not may(who, row["centre_id"])):
        raise not_found("key")
    if await queries.retire(conn, key_id):
        actor = who.actor if who else "cli"
        data = {"fingerprint": row["fingerprint"][:_SHOWN_FINGERPRINT]}
        await emit(conn, NewEvent("form_key.retired", "form_key", key_id, None, actor, row["centre_id"], data))
    return await queries.key(conn, key_id) or row


def may(who: Principal, centre_id: UUID | None) -> bool:
    """Whether somebody keeps the keys of a centre; the house's are for those bound to no centre and no emergency."""
    scopes = who.scopes_for(EDIT)
    if centre_id is None:
        return any(scope.centre_id is None and scope.emergency_id is None for scope in scopes)
    return any(scope.centre_id in {None, centre_id} for scope in scopes)


def centres_of(who: Principal) -> list[UUID] | None:
    """The centres whose keys somebody sees; None: all."""
    scopes = who.scopes_for(EDIT)
    if any(scope.centre_id is None for scope in scopes):
        return None
    return [scope.centre_id for scope in scopes if scope.centre_id]


def shown(row: DictRow) -> dict[str, Any]:
    """A key pair as the API gives it; `public_text` is what a form's `public_key` setting takes."""
    return {
        "id": row["id"],
        "name": row["name"],
        "centre": row["centre_id"],
        "centre_code": row["centre_code"],
        "centre_fa": row["centre_fa"],
        "centre_en": row["centre_en"],
        "public_text": row["public_text"],
        "fingerprint": row["fingerprint"],
        "created_at": row["created_at"],
        "retired_at": row["retired_at"],
    }


def not_back() -> Problem:
    """422: a retired key stays retired; the same private key may be in the wrong hands."""
    return Problem(
        422,
        "form_key.only_retires",
        "A key can only be retired; make a new one for new forms.",
        "کلید را فقط می‌توان کنار گذاشت؛ برای فرم‌های تازه کلید تازه بسازید.",
    )


def fingerprint_of(text: str) -> str | None:
    """SHA-256 (hex) of the public key that a text holds, PEM or base64 in whatever lines; None when it holds none."""
    body = "".join(line for line in text.splitlines() if not line.strip().startswith("-----"))
    try:
        key = serialization.load_der_public_key(base64.b64decode("".join(body.split()), validate=True))
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        return None
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


async def known(conn: Conn, text: str) -> bool:
    """Whether the private half of a form's public key is here, retired or not. False for what is no key at all."""
    fingerprint = fingerprint_of(text)
    return fingerprint is not None and await queries.by_fingerprint(conn, fingerprint) is not None


async def warnings(conn: Conn, text: str | None) -> list[FormProblem]:
    """What is to be said of a form's public key before it goes out: nothing without one, or when we can open it."""
    if text is None:
        return []
    if fingerprint_of(text) is None:
        return [
            FormProblem(
                "settings",
                2,
                "public_key",
                "public_key.unreadable",
                "کلید عمومی این فرم خواندنی نیست؛ گوشی‌ها نمی‌توانند پاسخ‌ها را رمز کنند.",
                "The form's public key cannot be read: phones will not be able to encrypt answers.",
            )
        ]
    if await known(conn, text):
        return []
    return [
        FormProblem(
            "settings",
            2,
            "public_key",
            "public_key.unknown",
            "کلید خصوصی این فرم اینجا نیست؛ پاسخ‌ها نگه داشته می‌شود، ولی تا کلید افزوده نشود باز نمی‌شود.",
            "The private key of this form is not here: answers are kept, and stay shut until it is added.",
        )
    ]


async def openers(conn: Conn, ctx: Context, centre_id: UUID | None, form_key: str | None) -> list[rsa.RSAPrivateKey]:
    """Private keys that may open a submission of a centre; `form_key`: the public text in its form.

    A key that does not open, for it was damaged, is passed over.
    """
    rows = await queries.openers(conn, centre_id, fingerprint_of(form_key) if form_key else None)
    found = []
    for row in rows:
        with contextlib.suppress(SealedError, NotOpened):
            record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
            found.append(load_key(record.open("private_sealed", row["private_sealed"]) or b""))
    return found
