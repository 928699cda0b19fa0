"""SQL of what the spool promised: which messages are drained already, and which report an alias leads to."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from server.kernel.db import Conn

Alias = tuple[str, UUID, UUID]
"""(receipt, promised id, the report that stands)."""
_STANDING: Final = "SELECT report_id AS id FROM report_aliases WHERE promised_id = %s"
_BY_RECEIPT: Final = (
    "SELECT id FROM reports WHERE receipt = %(receipt)s"
    " UNION ALL SELECT report_id FROM report_aliases WHERE receipt = %(receipt)s LIMIT 1"
)


async def drained(conn: Conn, promised: Sequence[UUID]) -> set[UUID]:
    """Those promised ids under which a report stands, or from which an alias leads to one."""
    rows = await (
        await conn.execute(
            "SELECT id FROM reports WHERE id = ANY(%(ids)s)"
            " UNION ALL SELECT promised_id FROM report_aliases WHERE promised_id = ANY(%(ids)s)",
            {"ids": list(promised)},
        )
    ).fetchall()
    return {row["id"] for row in rows}


async def add_aliases(conn: Conn, aliases: Sequence[Alias]) -> None:
    """Note where promised ids and receipts lead; a known alias stays as it is."""
    if not aliases:
        return
    await conn.execute(
        "INSERT INTO report_aliases (receipt, promised_id, report_id)"
        " SELECT * FROM unnest(%b::text[], %b::uuid[], %b::uuid[]) ON CONFLICT DO NOTHING",
        [list(column) for column in zip(*aliases, strict=True)],
    )


async def standing(conn: AsyncConnection[Any], promised_id: UUID) -> UUID | None:
    """The report that stands for a promised id; None when there is no alias."""
    return _id(await (await conn.execute(_STANDING, (promised_id,))).fetchone())


async def by_receipt(conn: AsyncConnection[Any], receipt: str) -> UUID | None:
    """The report of a receipt (cleaned), its own or one that the spool gave out; None when there is none."""
    return _id(await (await conn.execute(_BY_RECEIPT, {"receipt": receipt})).fetchone())


def _id(row: Any) -> UUID | None:
    if row is None:
        return None
    found: UUID = row["id"] if isinstance(row, dict) else row[0]
    return found
