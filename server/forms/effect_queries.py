"""All SQL of settling: what waits, what was done, what stands."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

# Replaced: a later edit counts in its place. Another version of the same instance (a conflict) replaces nothing.
_OF_REPORTS: Final = """
SELECT s.id, s.report_id, s.opened_report_id, s.version_id, s.draft, s.encrypted, NOT s.current AS replaced
FROM submissions s WHERE s.report_id = ANY(%(ids)s)
UNION
SELECT s.id, s.report_id, s.opened_report_id, s.version_id, s.draft, s.encrypted, NOT s.current AS replaced
FROM submissions s WHERE s.opened_report_id = ANY(%(ids)s)
"""


async def submissions_of(conn: Conn, report_ids: Sequence[UUID]) -> list[DictRow]:
    """The submissions whose report, sealed or opened, is among these."""
    return await (await conn.execute(_OF_REPORTS, {"ids": list(report_ids)})).fetchall()
