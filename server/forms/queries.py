"""The SQL of a version as the rest of the slice asks for it."""

from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn


async def version_row(conn: Conn, version_id: UUID) -> DictRow | None:
    """What one version ties, declares and wants."""
    found = await conn.execute(
        "SELECT id, form_id, version, state, bindings, uploads, entities FROM forms WHERE id = %s", (version_id,)
    )
    return await found.fetchone()
