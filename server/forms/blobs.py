"""Files by content: sealed once, however often they come."""

from collections.abc import Sequence
from uuid import UUID

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.ids import uuid8
from server.kernel.packing import packed

TABLE = "blobs"
LARGE = 64 * 1024
"""Bytes."""
_KEEP = (
    "INSERT INTO blobs (id, digest, content_type, size, content_sealed, sealing_key_id, data_key_wrapped)"
    " SELECT * FROM unnest(%b::uuid[], %b::bytea[], %b::text[], %b::int8[], %b::bytea[], %b::text[], %b::bytea[])"
    " ON CONFLICT DO NOTHING"
)
_KINDS = ("uuid", "bytea", "text", "int8", "bytea", "text", "bytea")


def digest(ctx: Context, content: bytes) -> bytes:
    """32 bytes that stand for a content; keyed, so that a thief cannot look for a picture they know."""
    return ctx.sealing.keyed_bytes("blob", content)[:32]


async def keep(conn: Conn, ctx: Context, files: Sequence[tuple[bytes, str]]) -> list[tuple[UUID, bytes]]:
    """Keep contents with their types; (blob id, digest) of each, in order. What is large and known stays as it is."""
    named = [(digest(ctx, content), content, kind) for content, kind in files]
    known: set[bytes] = set()
    # To ask for a small one costs more than to seal it for nothing once in a while.
    if large := [key for key, content, _ in named if len(content) > LARGE]:
        found = await conn.execute("SELECT digest FROM blobs WHERE digest = ANY(%s)", (large,))
        known = {bytes(row["digest"]) for row in await found.fetchall()}
    # One order for everybody: two submissions with the same pictures cannot wait for each other in a circle.
    fresh = sorted({key: (key, content, kind) for key, content, kind in named if key not in known}.values())
    if fresh:
        columns = zip(*(_row(ctx, *one) for one in fresh), strict=True)
        await conn.execute(_KEEP, [packed(kind, column) for kind, column in zip(_KINDS, columns, strict=True)])
    return [(uuid8(key), key) for key, _, _ in named]


def _row(ctx: Context, key: bytes, content: bytes, kind: str) -> tuple[UUID, bytes, str, int, bytes | None, str, bytes]:
    blob_id = uuid8(key)
    record = ctx.sealing.new(TABLE, blob_id)
    return blob_id, key, kind, len(content), record.seal("content_sealed", content), record.key_id, record.wrapped


async def read(conn: Conn, ctx: Context, blob_id: UUID) -> bytes | None:
    """A file's bytes; None when there is no such blob. Raises `SealedError` where the opening key is not here."""
    found = await conn.execute("SELECT content_sealed, data_key_wrapped FROM blobs WHERE id = %s", (blob_id,))
    row = await found.fetchone()
    if row is None:
        return None
    return ctx.sealing.of(TABLE, blob_id, bytes(row["data_key_wrapped"])).open("content_sealed", row["content_sealed"])
