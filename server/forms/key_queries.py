"""SQL of centres' key pairs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_SHOWN: Final = (
    "k.id, k.centre_id, k.name, k.public_text, k.fingerprint, k.created_at, k.retired_at, c.code AS centre_code,"
    " c.name_fa AS centre_fa, c.name_en AS centre_en FROM centre_keys k LEFT JOIN centres c ON c.id = k.centre_id"
)


async def add(conn: Conn, row: Mapping[str, Any]) -> bool:
    """Insert a key pair; False when its public half is here already."""
    done = await conn.execute(
        "INSERT INTO centre_keys (id, centre_id, name, public_text, fingerprint, private_sealed, sealing_key_id,"
        " data_key_wrapped) VALUES (%(id)s, %(centre_id)s, %(name)s, %(public_text)s, %(fingerprint)s,"
        " %(private_sealed)s, %(sealing_key_id)s, %(data_key_wrapped)s)"
        " ON CONFLICT ON CONSTRAINT uq_centre_keys_fingerprint DO NOTHING",
        row,
    )
    return done.rowcount == 1


async def by_fingerprint(conn: Conn, fingerprint: str) -> DictRow | None:
    """A key pair as it may be shown."""
    found = await conn.execute(f"SELECT {_SHOWN} WHERE k.fingerprint = %s", (fingerprint,))
    return await found.fetchone()


async def key(conn: Conn, key_id: UUID) -> DictRow | None:
    """A key pair as it may be shown."""
    found = await conn.execute(f"SELECT {_SHOWN} WHERE k.id = %s", (key_id,))
    return await found.fetchone()


async def listed(conn: Conn, centres: Sequence[UUID] | None) -> list[DictRow]:
    """All key pairs, those in use first; `centres`: only of these and of the house."""
    found = await conn.execute(
        f"SELECT {_SHOWN} WHERE %(centres)s::uuid[] IS NULL OR k.centre_id IS NULL"
        " OR k.centre_id = ANY(%(centres)s) ORDER BY k.retired_at IS NOT NULL, k.created_at DESC, k.id",
        {"centres": list(centres) if centres is not None else None},
    )
    return await found.fetchall()


async def retire(conn: Conn, key_id: UUID) -> bool:
    """Take a key out of use; False when it was already."""
    done = await conn.execute(
        "UPDATE centre_keys SET retired_at = clock_timestamp() WHERE id = %s AND retired_at IS NULL", (key_id,)
    )
    return done.rowcount == 1


async def count(conn: Conn) -> int:
    """How many key pairs there are; none is ever deleted."""
    row = await (await conn.execute("SELECT count(*) AS n FROM centre_keys")).fetchone()
    return int(row["n"]) if row else 0


async def openers(conn: Conn, centre_id: UUID | None, fingerprint: str | None) -> list[DictRow]:
    """Sealed private keys for a submission: its centre's, then the house's, newest first, retired ones too.

    A submission of no centre may also be opened by the key that its form was written for, whosever that is.
    """
    found = await conn.execute(
        "SELECT id, private_sealed, data_key_wrapped FROM centre_keys WHERE centre_id = %(centre)s"
        " OR centre_id IS NULL OR (%(centre)s::uuid IS NULL AND fingerprint = %(fingerprint)s)"
        " ORDER BY fingerprint = %(fingerprint)s DESC NULLS LAST, centre_id IS NULL, retired_at IS NOT NULL,"
        " created_at DESC",
        {"centre": centre_id, "fingerprint": fingerprint},
    )
    return await found.fetchall()


async def centre(conn: Conn, text: str) -> UUID | None:
    """A centre by its id or code."""
    found = await conn.execute("SELECT id FROM centres WHERE id::text = %s OR code = %s", (text.lower(), text))
    row = await found.fetchone()
    return row["id"] if row else None
