"""SQL of matching: what records' voices say of landmarks and numbers."""

from collections.abc import Iterable, Sequence
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


_MOST_OF_A_MARK: Final = 40
"""A landmark that more records than this share says little; the nearest and the newest are found anyway."""
_MARKED: Final = f"""
SELECT DISTINCT m.subject_id
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[]) AS s(emergency, category, mark, near)
CROSS JOIN LATERAL (
  SELECT j.subject_id FROM join_marks j
  WHERE j.emergency_id = s.emergency AND j.category = s.category AND j.mark = s.mark AND j.near = s.near
  ORDER BY j.subject_id DESC LIMIT {_MOST_OF_A_MARK}) m
"""  # noqa: S608 - a fixed number
_PUT_MARKS: Final = """
INSERT INTO join_marks (emergency_id, category, mark, near, subject_id)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING
"""
Sought = tuple[UUID, str, str, UUID]
"""(emergency, category, mark, near)."""


async def marked(conn: Conn, sought: Sequence[Sought]) -> list[UUID]:
    """Records that have been told of with one of these landmarks, the newest of each."""
    if not sought:
        return []
    rows = await (await conn.execute(_MARKED, _columns(sought))).fetchall()
    return [row["subject_id"] for row in rows]


async def put_marks(conn: Conn, told: Sequence[tuple[Sought, UUID]]) -> None:
    """Let these records be found by these landmarks."""
    if told:
        unique = list(dict.fromkeys(told))
        await conn.execute(_PUT_MARKS, (*_columns([s for s, _ in unique]), arrays.uuids(i for _, i in unique)))


async def adopt_marks(conn: Conn, into: UUID, gone: UUID) -> None:
    """A record that took another's reports over is found by their landmarks too."""
    await conn.execute(
        "INSERT INTO join_marks (emergency_id, category, mark, near, subject_id)"
        " SELECT emergency_id, category, mark, near, %s FROM join_marks WHERE subject_id = %s ON CONFLICT DO NOTHING",
        (into, gone),
    )


def _columns(sought: Sequence[Sought]) -> tuple[str, str, str, str]:
    return (
        arrays.uuids(s[0] for s in sought),
        arrays.texts(s[1] for s in sought),
        arrays.texts(s[2] for s in sought),
        arrays.uuids(s[3] for s in sought),
    )


async def signatures(conn: Conn, ids: Iterable[UUID]) -> dict[UUID, Signature]:
    """The signatures of records, of those that have any."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = await (await conn.execute(_SIGNATURES, (arrays.uuids(wanted),))).fetchall()
    return {row["subject_id"]: signature((name, value) for name, value in row["fields"]) for row in rows}
