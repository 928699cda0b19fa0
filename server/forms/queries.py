"""All SQL of forms: published versions, and the files of submissions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn


async def lock_form(conn: Conn, form_id: str) -> None:
    """One publisher of a form at a time, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('forms:' || %s, 0))", (form_id,))


async def version_of(conn: Conn, form_id: str, version: str) -> DictRow | None:
    """One version of a form, whatever its state."""
    found = await conn.execute(
        "SELECT id, version, md5, state FROM forms WHERE form_id = %s AND version = %s", (form_id, version)
    )
    return await found.fetchone()


async def has_source(conn: Conn, form_id: str, source: bytes) -> bool:
    """Whether this very workbook is a version of the form, whatever its state."""
    found = await conn.execute("SELECT 1 FROM forms WHERE form_id = %s AND source = %s", (form_id, source))
    return await found.fetchone() is not None


async def published_forms(conn: Conn, form_id: str | None) -> list[DictRow]:
    """The published version of every form (of one form, when it is named)."""
    found = await conn.execute(
        "SELECT form_id, version, title, md5 FROM forms WHERE state = 'published'"
        " AND (%(id)s::text IS NULL OR form_id = %(id)s) ORDER BY form_id",
        {"id": form_id},
    )
    return await found.fetchall()


async def form_xml(conn: Conn, form_id: str, version: str | None) -> DictRow | None:
    """XML and MD5 of a version that was ever published; of the published one, when no version is named."""
    found = await conn.execute(
        "SELECT xml, md5 FROM forms WHERE form_id = %(id)s AND state <> 'draft'"
        " AND CASE WHEN %(version)s::text IS NULL THEN state = 'published' ELSE version = %(version)s END",
        {"id": form_id, "version": version},
    )
    return await found.fetchone()


async def version_filled_in(conn: Conn, form_id: str, version: str) -> DictRow | None:
    """The version that was filled in; without it, the newest there is. `exact` says which."""
    found = await conn.execute(
        "SELECT id, version = %(version)s AS exact FROM forms WHERE form_id = %(id)s"
        " ORDER BY version = %(version)s DESC, state = 'published' DESC, created_at DESC LIMIT 1",
        {"id": form_id, "version": version},
    )
    return await found.fetchone()


async def bindings_of(conn: Conn, record_id: UUID) -> dict[str, Any]:
    """The bindings of one version; they never change."""
    found = await (await conn.execute("SELECT bindings FROM forms WHERE id = %s", (record_id,))).fetchone()
    return dict(found["bindings"]) if found else {}


async def archive_published(conn: Conn, form_id: str) -> None:
    """Take the published version off the phones' list; submissions of it stay readable."""
    await conn.execute("UPDATE forms SET state = 'archived' WHERE form_id = %s AND state = 'published'", (form_id,))


async def set_published(conn: Conn, record_id: UUID) -> None:
    """Put a known version back on the list."""
    await conn.execute("UPDATE forms SET state = 'published' WHERE id = %s", (record_id,))


async def add_form(conn: Conn, row: Mapping[str, Any]) -> None:
    """Insert a version as the published one."""
    await conn.execute(
        "INSERT INTO forms (id, form_id, version, title, xml, md5, source, bindings) VALUES (%(id)s,"
        " %(form_id)s, %(version)s, %(title)s, %(xml)s, %(md5)s, %(source)s, %(bindings)s)",
        {**row, "title": Jsonb(row["title"]), "bindings": Jsonb(row["bindings"])},
    )


async def known_attachments(conn: Conn, source: str, instance_id: str) -> set[tuple[str, bytes]]:
    """Name and SHA-256 of the files that an instance already has."""
    found = await conn.execute(
        "SELECT name, digest FROM attachments WHERE source = %s AND instance_id = %s", (source, instance_id)
    )
    return {(row["name"], bytes(row["digest"])) for row in await found.fetchall()}


async def add_attachment(conn: Conn, row: Mapping[str, Any]) -> bool:
    """Insert a file of a submission; False when it was there already."""
    done = await conn.execute(
        "INSERT INTO attachments (id, report_id, source, instance_id, name, digest, content_type, size,"
        " file_sealed, sealing_key_id, data_key_wrapped) VALUES (%(id)s, %(report_id)s, %(source)s,"
        " %(instance_id)s, %(name)s, %(digest)s, %(content_type)s, %(size)s, %(file_sealed)s,"
        " %(sealing_key_id)s, %(data_key_wrapped)s)"
        " ON CONFLICT ON CONSTRAINT uq_attachments_source_instance_id_name_digest DO NOTHING",
        row,
    )
    return done.rowcount == 1


async def version_row(conn: Conn, version_id: UUID) -> DictRow | None:
    """What one version ties, declares and wants."""
    found = await conn.execute(
        "SELECT id, form_id, version, state, bindings, uploads, entities FROM forms WHERE id = %s", (version_id,)
    )
    return await found.fetchone()
