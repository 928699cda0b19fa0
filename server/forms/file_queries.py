"""SQL of a submission's files."""

from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_OF: Final = (
    "FROM submissions s JOIN attachments a ON a.report_id IN (s.report_id, s.opened_report_id)"
    " OR (a.source = 'openrosa' AND a.instance_id = s.instance_key"
    # Another centre's phone may have sent something under the same id: its files are its own.
    " AND NOT EXISTS (SELECT 1 FROM submissions o WHERE o.report_id = a.report_id"
    " AND o.centre_id IS DISTINCT FROM s.centre_id)) WHERE s.id = %(submission)s"
)
_COLUMNS: Final = (
    "a.id, a.name, a.name_sealed, a.about_sealed, a.data_key_wrapped, a.content_type, a.size, a.state, a.reason,"
    " a.blob_id, a.safe_blob_id, a.shown_blob_id, a.created_at, a.source"
)


async def submission(conn: Conn, submission_id: UUID) -> DictRow | None:
    """Where a submission belongs: id, form_id, report, emergency, centre."""
    found = await conn.execute(
        "SELECT s.id, s.form_id, s.report_id, coalesce(r.emergency_id, s.emergency_id) AS emergency_id, s.centre_id,"
        " s.encrypted, s.wanted FROM submissions s JOIN reports r ON r.id = s.report_id WHERE s.id = %s",
        (submission_id,),
    )
    return await found.fetchone()


async def files(conn: Conn, submission_id: UUID) -> list[DictRow]:
    """All files of a submission, whichever POST brought them, in the order of arrival."""
    found = await conn.execute(
        f"SELECT {_COLUMNS} {_OF} ORDER BY a.created_at, a.id",
        {"submission": submission_id},
    )
    return await found.fetchall()


async def file(conn: Conn, submission_id: UUID, attachment_id: UUID) -> DictRow | None:
    """One of them, with the bytes that came before there were blobs."""
    found = await conn.execute(
        f"SELECT {_COLUMNS}, a.file_sealed {_OF} AND a.id = %(file)s",
        {"submission": submission_id, "file": attachment_id},
    )
    return await found.fetchone()
