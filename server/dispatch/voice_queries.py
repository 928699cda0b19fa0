"""The SQL of what stands behind a task."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_BEHIND = (
    " FROM report_links l JOIN reports r ON r.id = l.report_id WHERE l.undone_at IS NULL"
    " AND (l.need_id = %s OR l.incident_id = %s) ORDER BY r.received_at, r.id"
)


async def need_summary(conn: Conn, need_id: UUID) -> dict[str, Any] | None:
    """The need's codes and numbers."""
    row = await (
        await conn.execute(
            "SELECT id, code, category, status, verification, urgency, quantity, unit, people,"
            " households, vulnerable,"
            " corroboration, priority_why, first_reported_at, last_reported_at FROM needs WHERE id = %s",
            (need_id,),
        )
    ).fetchone()
    if row is None:
        return None
    return {
        **row,
        "id": str(row["id"]),
        "quantity": None if row["quantity"] is None else float(row["quantity"]),
    }


async def voice_ids(conn: Conn, need_id: UUID | None, incident_id: UUID | None) -> list[UUID]:
    """The reports that speak of the cause."""
    rows = await (await conn.execute("SELECT r.id" + _BEHIND, (need_id, incident_id))).fetchall()
    return list(dict.fromkeys(r["id"] for r in rows))


async def reports_behind(conn: Conn, need_id: UUID | None, incident_id: UUID | None) -> list[DictRow]:
    """The same with their sealed words."""
    rows = await (
        await conn.execute(
            "SELECT r.id, r.channel, r.content_type, r.flags, r.received_at, r.body_sealed, r.data_key_wrapped"
            + _BEHIND,
            (need_id, incident_id),
        )
    ).fetchall()
    return list({r["id"]: r for r in rows}.values())


async def exact_point(conn: Conn, need_id: UUID) -> DictRow | None:
    """The need's sealed exact point."""
    return await (
        await conn.execute("SELECT geom_exact_sealed, data_key_wrapped FROM needs WHERE id = %s", (need_id,))
    ).fetchone()
