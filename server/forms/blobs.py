"""Files by content: sealed once, however often they come."""

from collections.abc import Sequence
from uuid import UUID

import psycopg

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.ids import uuid8

TABLE = "blobs"
_KEEP = (
    "INSERT INTO blobs (id, digest, content_type, size, content_sealed, sealing_key_id, data_key_wrapped)"
    " VALUES (%(id)s, %(digest)s, %(content_type)s, %(size)s, %(sealed)b, %(sealing_key_id)s, %(wrapped)s)"
    " ON CONFLICT ON CONSTRAINT uq_blobs_digest DO NOTHING"
)


def digest(ctx: Context, content: bytes) -> bytes:
    """32 bytes that stand for a content; keyed, so that a thief cannot look for a picture they know."""
    return ctx.sealing.keyed_bytes("blob", content)[:32]


async def keep(conn: Conn, ctx: Context, files: Sequence[tuple[bytes, str]]) -> list[tuple[UUID, bytes]]:
    """Keep contents with their types; (blob id, digest) of each, in order. What is there is not sealed again."""
    named = [(digest(ctx, content), content, kind) for content, kind in files]
    found = await conn.execute("SELECT digest FROM blobs WHERE digest = ANY(%s)", ([key for key, _, _ in named],))
    known = {bytes(row["digest"]) for row in await found.fetchall()}
    # One order for everybody: two submissions with the same pictures cannot wait for each other in a circle.
    for key, content, kind in sorted({key: (key, content, kind) for key, content, kind in named}.values()):
        if key not in known:
            await _write(conn, ctx, key, content, kind)
    return [(uuid8(key), key) for key, _, _ in named]


async def _write(conn: Conn, ctx: Context, key: bytes, content: bytes, kind: str) -> None:
    blob_id = uuid8(key)
    record = ctx.sealing.new(TABLE, blob_id)
    await conn.execute(
        _KEEP,
        {
            "id": blob_id,
            "digest": key,
            "content_type": kind,
            "size": len(content),
            "sealed": psycopg.Binary(record.seal("content_sealed", content)),
            "sealing_key_id": record.key_id,
            "wrapped": record.wrapped,
        },
    )


async def read(conn: Conn, ctx: Context, blob_id: UUID) -> bytes | None:
    """A file's bytes; None when there is no such blob. Raises `SealedError` where the opening key is not here."""
    found = await conn.execute("SELECT content_sealed, data_key_wrapped FROM blobs WHERE id = %s", (blob_id,))
    row = await found.fetchone()
    if row is None:
        return None
    return ctx.sealing.of(TABLE, blob_id, bytes(row["data_key_wrapped"])).open("content_sealed", row["content_sealed"])
