"""SQL of opening encrypted submissions: which wait for it, with what, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_SHUT: Final = "s.encrypted AND s.opened_report_id IS NULL AND (s.open_held_until IS NULL OR s.open_held_until < now())"
_TAKE: Final = (
    "WITH next AS MATERIALIZED (SELECT s.id FROM submissions s WHERE {which} ORDER BY s.seq LIMIT 1"
    " FOR UPDATE OF s SKIP LOCKED)"
    " UPDATE submissions s SET open_attempts = open_attempts + 1,"
    " open_held_until = clock_timestamp() + make_interval(secs => %(seconds)s) FROM next"
    " WHERE s.id = next.id RETURNING s.id, s.report_id, s.version_id, s.form_id, s.form_version, s.instance_key,"
    " s.draft, s.emergency_id, s.centre_id, s.open_attempts, s.replaces_key,"
    " (SELECT f.public_key FROM forms f WHERE f.id = s.version_id) AS form_key,"
    " (SELECT count(*) FROM attachments a WHERE a.source = 'openrosa' AND a.instance_id = s.instance_key) AS files,"
    " (SELECT count(*) FROM centre_keys) AS keys"
)
_NEVER_TRIED: Final = f"{_SHUT} AND s.open_files IS NULL AND s.state <> 'waiting'"
_FILES: Final = "(SELECT count(*) FROM attachments a WHERE a.source = 'openrosa' AND a.instance_id = s.instance_key)"
_KEYS: Final = "(SELECT count(*) FROM centre_keys)"
_TRIED: Final = f"{_SHUT} AND s.open_files IS NOT NULL AND (s.open_keys <> {_KEYS} OR s.open_files <> {_FILES})"


async def take(conn: Conn, seconds: float, *, again: bool) -> DictRow | None:
    """The next that was never tried, or, `again`, one for which files or keys have come since; held for so long."""
    which = _TRIED if again else _NEVER_TRIED
    found = await conn.execute(_TAKE.format(which=which).encode(), {"seconds": seconds})
    return await found.fetchone()


async def still_shut(conn: Conn, submission_id: UUID) -> bool:
    """Whether nobody has opened it meanwhile; it is locked until the transaction ends."""
    found = await conn.execute(
        "SELECT 1 FROM submissions WHERE id = %s AND opened_report_id IS NULL FOR UPDATE", (submission_id,)
    )
    return await found.fetchone() is not None


async def envelope(conn: Conn, report_id: UUID) -> DictRow | None:
    """The report of the manifest, sealed as it is."""
    found = await conn.execute(
        "SELECT id, body_sealed, sender_sealed, meta_sealed, data_key_wrapped, emergency_id, occurred_at, flags"
        " FROM reports WHERE id = %s",
        (report_id,),
    )
    return await found.fetchone()


async def files(conn: Conn, instance_key: str, report_id: UUID) -> list[DictRow]:
    """The encrypted files of an instance (name as it stands in the open, size, blob), newest first.

    Those that came with this very manifest stand before those of another one of the same instance.
    """
    found = await conn.execute(
        "SELECT id, name, size, blob_id FROM attachments WHERE source = 'openrosa' AND instance_id = %s"
        " AND blob_id IS NOT NULL ORDER BY report_id IS DISTINCT FROM %s, created_at DESC, id DESC",
        (instance_key, report_id),
    )
    return await found.fetchall()


async def add_media(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """Clear files of an opened submission, new to those who look at files; what is there already stays."""
    for row in rows:
        await conn.execute(
            "INSERT INTO attachments (id, report_id, source, instance_id, name, digest, content_type, size, blob_id,"
            " name_sealed, sealing_key_id, data_key_wrapped) VALUES (%(id)s, %(report_id)s, %(source)s,"
            " %(instance_id)s, %(name)s, %(digest)s, %(content_type)s, %(size)s, %(blob_id)s, %(name_sealed)s,"
            " %(key_id)s, %(wrapped)s)"
            " ON CONFLICT ON CONSTRAINT uq_attachments_source_instance_id_name_digest DO NOTHING",
            row,
        )


async def opened_elsewhere(conn: Conn, submission_id: UUID, report_id: UUID) -> bool:
    """Whether another submission has the same clear answers: its manifest was made twice."""
    found = await conn.execute(
        "SELECT 1 FROM submissions WHERE opened_report_id = %s AND id <> %s", (report_id, submission_id)
    )
    return await found.fetchone() is not None


async def set_opened(conn: Conn, submission_id: UUID, report_id: UUID, replaces_key: str | None) -> None:
    """It is open: its clear report, and which answers it replaces as these say."""
    await conn.execute(
        "UPDATE submissions SET opened_report_id = %(report)s, reason = NULL, open_held_until = NULL,"
        " replaces_key = coalesce(replaces_key, %(replaces)s) WHERE id = %(id)s",
        {"report": report_id, "replaces": replaces_key, "id": submission_id},
    )


async def set_shut(conn: Conn, row: Mapping[str, Any], reason: str) -> None:
    """It does not open, with the files and keys that it was tried with. Others are counted anew."""
    await conn.execute(
        "UPDATE submissions SET reason = %(reason)s, open_files = %(files)s, open_keys = %(keys)s,"
        " open_attempts = 0, open_held_until = NULL WHERE id = %(id)s AND opened_report_id IS NULL",
        {"reason": reason, "files": row["files"], "keys": row["keys"], "id": row["id"]},
    )


async def waiting_for_key(conn: Conn, form_id: str) -> DictRow | None:
    """How many submissions of a form wait for a key, and the emergency of them all where that is one."""
    found = await conn.execute(
        "SELECT count(*) AS n, CASE WHEN count(DISTINCT emergency_id) = 1 AND bool_and(emergency_id IS NOT NULL)"
        " THEN min(emergency_id::text)::uuid END AS emergency_id FROM submissions"
        " WHERE form_id = %s AND encrypted AND opened_report_id IS NULL AND reason = 'encrypted.no_key'",
        (form_id,),
    )
    return await found.fetchone()
