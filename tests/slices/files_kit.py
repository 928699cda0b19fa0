"""What the tests of files and encrypted submissions share: submissions written straight into the tables."""

import hashlib
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.forms import blobs
from server.kernel.ids import uuid7
from server.reports.intake import Incoming, accept, safe_key

SOURCE = "openrosa"


async def submitted(
    ctx: Context,
    xml: bytes,
    files: dict[str, tuple[bytes, str]] | None = None,
    *,
    instance_id: str = "uuid:1",
    form_id: str = "form",
    encrypted: bool = False,
    emergency: UUID | None = None,
    centre: UUID | None = None,
) -> UUID:
    """A submission's row with its report and files {name: (bytes, declared type)}."""
    made = uuid7()
    flags = ("form_encrypted",) if encrypted else ()
    item = Incoming(
        "form", SOURCE, instance_id, xml, "token:phone", content_type="text/xml", emergency_id=emergency, flags=flags
    )
    async with ctx.db.tx() as conn:
        report = (await accept(conn, ctx, [item]))[0]
        await conn.execute(
            "INSERT INTO submissions (id, report_id, form_id, form_version, instance_key, xml_digest, root_key, state,"
            " encrypted, emergency_id, centre_id, sent_by) VALUES (%s, %s, %s, '7', %s, %s, %s, 'whole', %s, %s, %s,"
            " 'token:phone')",
            (
                made,
                report.id,
                form_id,
                safe_key(ctx.sealing, instance_id),
                hashlib.sha256(xml).digest(),
                safe_key(ctx.sealing, instance_id),
                encrypted,
                emergency,
                centre,
            ),
        )
    for name, (data, kind) in (files or {}).items():
        await attach(ctx, made, name, data, kind)
    return made


async def attach(ctx: Context, submission: UUID, name: str, data: bytes, kind: str = "") -> UUID:
    """A file of a submission, as the phones' door writes it."""
    made = uuid7()
    record = ctx.sealing.new("attachments", made)
    async with ctx.db.tx() as conn:
        ((blob, digest),) = await blobs.keep(conn, ctx, [(data, kind)])
        await conn.execute(
            "INSERT INTO attachments (id, report_id, source, instance_id, name, digest, content_type, size, blob_id,"
            " name_sealed, sealing_key_id, data_key_wrapped) SELECT %s, report_id, %s, instance_key, %s, %s, %s, %s,"
            " %s, %s, %s, %s FROM submissions WHERE id = %s",
            (
                made,
                SOURCE,
                safe_key(ctx.sealing, name),
                digest,
                kind,
                len(data),
                blob,
                record.seal("name_sealed", name),
                record.key_id,
                record.wrapped,
                submission,
            ),
        )
    return made


async def rows(ctx: Context, query: str, *values: Any) -> list[DictRow]:
    """The rows of a query."""
    async with ctx.db.tx() as conn:
        return await (await conn.execute(query, values)).fetchall()


async def file_row(ctx: Context, file: UUID) -> DictRow:
    """An attachment's row."""
    return (await rows(ctx, "SELECT * FROM attachments WHERE id = %s", file))[0]


async def blob(ctx: Context, blob_id: UUID) -> bytes:
    """A blob's bytes."""
    async with ctx.db.tx() as conn:
        return await blobs.read(conn, ctx, blob_id) or b""
