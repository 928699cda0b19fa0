"""SQL of matching: what records' voices say of landmarks and numbers."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from server.kernel import arrays
from server.kernel.db import Conn
from server.reports.signatures import Signature, signature

# Only what a signature is made of leaves the database: a town's record has counts of much else.
_SIGNATURES: Final = """
SELECT t.subject_id, jsonb_agg(jsonb_build_array(c->0, c->1)) AS fields
FROM report_tallies t CROSS JOIN LATERAL jsonb_array_elements(t.counts) c
WHERE t.subject_id = ANY(%s::uuid[])
  AND (c->>0 LIKE 'mark:%%' OR c->>0 IN ('people', 'households', 'quantity'))
GROUP BY 1
"""


async def signatures(conn: Conn, ids: Iterable[UUID]) -> dict[UUID, Signature]:
    """The signatures of records, of those that have any."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = await (await conn.execute(_SIGNATURES, (arrays.uuids(wanted),))).fetchall()
    return {row["subject_id"]: signature((name, value) for name, value in row["fields"]) for row in rows}
