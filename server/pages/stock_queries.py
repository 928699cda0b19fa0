"""The SQL of the stock page: shelves, the road, and what arrived. Sums by item, so that the page stays small."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn


async def shelves(conn: Conn, centres: Sequence[UUID] | None) -> list[DictRow]:
    """Every item with what each centre holds of it: [{centre, quantity}] in `held`, and the total."""
    return await (
        await conn.execute(
            "SELECT i.id, i.code, i.name_fa, i.name_en, i.category, i.unit, coalesce(sum(s.quantity), 0) AS total,"
            " coalesce(jsonb_object_agg(a.centre_id, s.quantity) FILTER (WHERE s.quantity > 0), '{}') AS held,"
            " max(s.updated_at) AS updated_at FROM items i LEFT JOIN (stock s JOIN"
            " stock_accounts a ON a.id = s.account_id"
            " AND a.kind = 'centre' AND (%(centres)s::uuid[] IS NULL OR a.centre_id ="
            " ANY(%(centres)s))) ON s.item_id = i.id"
            " GROUP BY i.id ORDER BY i.category, i.code",
            {"centres": None if centres is None else list(centres)},
        )
    ).fetchall()


async def on_the_way(conn: Conn) -> dict[UUID, Any]:
    """Item → how much of it is on the road."""
    rows = await (
        await conn.execute(
            "SELECT s.item_id, sum(s.quantity) AS n FROM stock s JOIN stock_accounts a ON a.id = s.account_id"
            " WHERE a.kind = 'transit' AND s.quantity > 0 GROUP BY 1"
        )
    ).fetchall()
    return {row["item_id"]: row["n"] for row in rows}


async def arrived(conn: Conn) -> dict[UUID, Any]:
    """Item → how much of it has been handed over to people, ever."""
    rows = await (
        await conn.execute(
            "SELECT s.item_id, s.quantity AS n FROM stock s JOIN stock_accounts a ON a.id = s.account_id"
            " WHERE a.kind = 'received' AND s.quantity > 0"
        )
    ).fetchall()
    return {row["item_id"]: row["n"] for row in rows}


async def road(conn: Conn, emergency: UUID | None, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """What is on the road: item, quantity, task, from which centre, to which place, since when."""
    return await (
        await conn.execute(
            "SELECT t.id AS task_id, t.code AS task_code, t.state, i.code, i.name_fa, i.name_en, i.unit, s.quantity,"
            " o.centre_id, o.at, p.name_fa AS place_fa, p.name_en AS place_en FROM stock s"
            " JOIN stock_accounts a ON a.id = s.account_id AND a.kind = 'transit' JOIN tasks t ON t.id = a.task_id"
            " JOIN items i ON i.id = s.item_id LEFT JOIN needs n ON n.id = t.need_id LEFT JOIN"
            " places p ON p.id = n.place_id"
            " LEFT JOIN LATERAL (SELECT ea.centre_id, m.at FROM movements m JOIN entries e ON e.movement_id = m.id"
            " AND e.item_id = i.id JOIN stock_accounts ea ON ea.id = e.account_id AND ea.kind = 'centre'"
            " WHERE m.task_id = t.id AND m.kind = 'dispatch' ORDER BY m.at DESC LIMIT 1) o ON true"
            " WHERE s.quantity > 0 AND (%(emergency)s::uuid IS NULL OR t.emergency_id = %(emergency)s)"
            " AND (%(centres)s::uuid[] IS NULL OR o.centre_id = ANY(%(centres)s)) ORDER BY o.at"
            " DESC, t.id LIMIT %(limit)s",
            {
                "emergency": emergency,
                "centres": None if centres is None else list(centres),
                "limit": limit,
            },
        )
    ).fetchall()


async def latest(conn: Conn, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """The newest movements, one line an item: kind, quantity, the centre concerned, the task."""
    return await (
        await conn.execute(
            "SELECT m.id, m.code, m.kind, m.at, m.task_id, t.code AS task_code, i.name_fa, i.name_en, i.code AS item,"
            " i.unit, sum(e.quantity) FILTER (WHERE e.quantity > 0) AS quantity, min(a.centre_id::text) AS centre_id"
            " FROM (SELECT * FROM movements x WHERE %(centres)s::uuid[] IS NULL OR EXISTS (SELECT 1 FROM entries y"
            " JOIN stock_accounts z ON z.id = y.account_id WHERE y.movement_id = x.id AND"
            " z.centre_id = ANY(%(centres)s))"
            " ORDER BY x.id DESC LIMIT %(limit)s) m JOIN entries e ON e.movement_id = m.id"
            " JOIN stock_accounts a ON a.id = e.account_id JOIN items i ON i.id = e.item_id"
            " LEFT JOIN tasks t ON t.id = m.task_id GROUP BY m.id, m.code, m.kind, m.at, m.task_id, t.code, i.id"
            " ORDER BY m.at DESC, m.id DESC, i.code LIMIT %(limit)s",
            {"centres": None if centres is None else list(centres), "limit": limit},
        )
    ).fetchall()
