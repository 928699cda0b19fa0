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


async def version_row(conn: Conn, version_id: UUID) -> DictRow | None:
    """What one version ties, declares and wants."""
    found = await conn.execute(
        "SELECT id, form_id, version, state, bindings, uploads, entities FROM forms WHERE id = %s", (version_id,)
    )
    return await found.fetchone()
