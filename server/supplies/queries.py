"""All SQL of supplies."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.supplies.rules import Account, Entry, Origin


async def items_by(conn: Conn, *, ids: Sequence[UUID] = (), codes: Sequence[str] = ()) -> list[DictRow]:
    """Catalogue items by id or code."""
    return await (
        await conn.execute(
            "SELECT id, code, name_fa, name_en, category, unit FROM items WHERE id = ANY(%s) OR code = ANY(%s)",
            (list(ids), list(codes)),
        )
    ).fetchall()


async def items(conn: Conn, category: str | None, after: str, limit: int) -> list[DictRow]:
    """The catalogue by code."""
    return await (
        await conn.execute(
            "SELECT id, code, name_fa, name_en, category, unit, version FROM items WHERE code > %(after)s"
            " AND (%(category)s::text IS NULL OR category = %(category)s) ORDER BY code LIMIT %(limit)s",
            {"after": after, "category": category, "limit": limit},
        )
    ).fetchall()


async def add_item(conn: Conn, row: dict[str, Any]) -> None:
    """Insert an item; a known code stays as it is."""
    await conn.execute(
        "INSERT INTO items (id, code, name_fa, name_en, category, unit) VALUES (%(id)s, %(code)s,"
        " %(name_fa)s,"
        " %(name_en)s, %(category)s, %(unit)s) ON CONFLICT (code) DO NOTHING",
        row,
    )


async def centres_by_code(conn: Conn, codes: Sequence[str]) -> dict[str, UUID]:
    """Code → id."""
    rows = await (await conn.execute("SELECT id, code FROM centres WHERE code = ANY(%s)", (list(codes),))).fetchall()
    return {r["code"]: r["id"] for r in rows}


async def open_accounts(conn: Conn, accounts: Sequence[tuple[UUID, Account]]) -> dict[Account, UUID]:
    """The accounts' ids; those that are not there yet are opened with the ids given."""
    columns = (
        [i for i, _ in accounts],
        [a.kind for _, a in accounts],
        [a.centre_id for _, a in accounts],
        [a.task_id for _, a in accounts],
    )
    await conn.execute(
        "INSERT INTO stock_accounts (id, kind, centre_id, task_id) SELECT * FROM"
        " unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[]) ON CONFLICT (kind, centre_id, task_id)"
        " DO NOTHING",
        columns,
    )
    rows = await (
        await conn.execute(
            "SELECT a.id, a.kind, a.centre_id, a.task_id FROM stock_accounts a JOIN"
            " unnest(%s::text[], %s::uuid[], %s::uuid[]) AS g(kind, centre_id, task_id) ON a.kind = g.kind"
            " AND a.centre_id IS NOT DISTINCT FROM g.centre_id AND a.task_id IS NOT DISTINCT FROM g.task_id",
            columns[1:],
        )
    ).fetchall()
    return {Account(r["kind"], r["centre_id"], r["task_id"]): r["id"] for r in rows}


async def lock_stock(conn: Conn, pairs: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Decimal]:
    """(account, item) → quantity, locked in order until the movement is written."""
    rows = await (
        await conn.execute(
            "SELECT s.account_id, s.item_id, s.quantity FROM stock s JOIN unnest(%s::uuid[], %s::uuid[])"
            " AS g(a, i)"
            " ON s.account_id = g.a AND s.item_id = g.i ORDER BY s.account_id, s.item_id FOR NO KEY"
            " UPDATE OF s",
            ([p[0] for p in pairs], [p[1] for p in pairs]),
        )
    ).fetchall()
    return {(r["account_id"], r["item_id"]): r["quantity"] for r in rows}


async def add_movement(conn: Conn, row: dict[str, Any]) -> bool:
    """Insert a movement; False when its natural key is there already."""
    done = await conn.execute(
        "INSERT INTO movements (id, code, kind, natural_key, emergency_id, task_id, need_id, actor)"
        " VALUES (%(id)s,"
        " %(code)s, %(kind)s, %(natural_key)s, %(emergency_id)s, %(task_id)s, %(need_id)s, %(actor)s)"
        " ON CONFLICT (natural_key) DO NOTHING",
        row,
    )
    return done.rowcount == 1


async def add_entries(conn: Conn, movement_id: UUID, rows: Sequence[tuple[UUID, UUID, Decimal]]) -> None:
    """Insert a movement's (account, item, quantity) sides; triggers keep the stock and the balance."""
    await conn.execute(
        "INSERT INTO entries (movement_id, account_id, item_id, quantity) SELECT %s, a, i, q FROM"
        " unnest(%s::uuid[], %s::uuid[], %s::numeric[]) AS g(a, i, q)",
        (movement_id, [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]),
    )


async def movement_by_key(conn: Conn, natural_key: str) -> tuple[DictRow, list[Entry]] | None:
    """A movement with its sides."""
    row = await (
        await conn.execute("SELECT id, code, kind FROM movements WHERE natural_key = %s", (natural_key,))
    ).fetchone()
    return None if row is None else (row, await _sides(conn, row["id"]))


async def movement_whole(conn: Conn, movement_id: UUID) -> tuple[DictRow, list[Entry]] | None:
    """A movement with what it is for, and its sides."""
    row = await (
        await conn.execute(
            "SELECT id, kind, emergency_id, task_id, need_id FROM movements WHERE id = %s", (movement_id,)
        )
    ).fetchone()
    return None if row is None else (row, await _sides(conn, row["id"]))


async def _sides(conn: Conn, movement_id: UUID) -> list[Entry]:
    sides = await (
        await conn.execute(
            "SELECT a.kind, a.centre_id, a.task_id, e.item_id, e.quantity FROM entries e JOIN"
            " stock_accounts a"
            " ON a.id = e.account_id WHERE e.movement_id = %s",
            (movement_id,),
        )
    ).fetchall()
    return [Entry(Account(s["kind"], s["centre_id"], s["task_id"]), s["item_id"], s["quantity"]) for s in sides]


async def on_the_road(conn: Conn, task_id: UUID) -> dict[UUID, Decimal]:
    """Item → quantity that is under way for a task."""
    rows = await (
        await conn.execute(
            "SELECT s.item_id, s.quantity FROM stock s JOIN stock_accounts a ON a.id = s.account_id"
            " WHERE a.kind = 'transit' AND a.task_id = %s AND s.quantity > 0 ORDER BY s.item_id",
            (task_id,),
        )
    ).fetchall()
    return {r["item_id"]: r["quantity"] for r in rows}


async def origins(conn: Conn, task_id: UUID) -> list[Origin]:
    """What each centre sent for a task and did not get back."""
    rows = await (
        await conn.execute(
            "SELECT a.centre_id, e.item_id, -sum(e.quantity) AS quantity FROM movements m JOIN entries e"
            " ON e.movement_id = m.id"
            " JOIN stock_accounts a ON a.id = e.account_id WHERE m.task_id = %s AND a.kind = 'centre'"
            " GROUP BY a.centre_id, e.item_id HAVING sum(e.quantity) < 0 ORDER BY 3 DESC, 1",
            (task_id,),
        )
    ).fetchall()
    return [Origin(r["centre_id"], r["item_id"], r["quantity"]) for r in rows]


async def delivered_for(conn: Conn, need_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """Need → how much has reached it so far, of whatever items its tasks brought."""
    rows = await (
        await conn.execute(
            "SELECT m.need_id, sum(e.quantity) AS quantity FROM movements m JOIN entries e ON"
            " e.movement_id = m.id"
            " JOIN stock_accounts a ON a.id = e.account_id WHERE m.need_id = ANY(%s) AND a.kind ="
            " 'received' GROUP BY m.need_id",
            (list(need_ids),),
        )
    ).fetchall()
    return {r["need_id"]: r["quantity"] for r in rows}


async def shelves(conn: Conn, categories: Sequence[str]) -> list[DictRow]:
    """Every item of the categories with each active centre that has some; items on no shelf come once,
    without one.
    """
    return await (
        await conn.execute(
            "SELECT i.id AS item_id, i.code, i.unit, i.category, coalesce(s.quantity, 0) AS quantity,"
            " s.centre_id, s.lon, s.lat"
            " FROM items i LEFT JOIN (SELECT st.item_id, st.quantity, a.centre_id, ST_X(c.geom) AS lon,"
            " ST_Y(c.geom) AS lat"
            " FROM stock st JOIN stock_accounts a ON a.id = st.account_id AND a.kind = 'centre' JOIN"
            " centres c"
            " ON c.id = a.centre_id AND c.active WHERE st.quantity > 0) s ON s.item_id = i.id"
            " WHERE i.category = ANY(%s) ORDER BY i.code, s.centre_id",
            (list(categories),),
        )
    ).fetchall()


async def stock(
    conn: Conn,
    *,
    centres: Sequence[UUID] | None,
    item: UUID | None,
    category: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[DictRow]:
    """What the centres hold, by item code."""
    return await (
        await conn.execute(
            "SELECT c.id AS centre_id, c.code AS centre_code, c.name_fa AS centre_fa, c.name_en AS"
            " centre_en, i.id AS item_id,"
            " i.code, i.name_fa, i.name_en, i.category, i.unit, s.quantity, s.updated_at"
            " FROM stock s JOIN stock_accounts a ON a.id = s.account_id AND a.kind = 'centre' JOIN"
            " centres c ON c.id = a.centre_id"
            " JOIN items i ON i.id = s.item_id WHERE (%(centres)s::uuid[] IS NULL OR c.id = ANY(%(centres)s))"
            " AND (%(item)s::uuid IS NULL OR i.id = %(item)s) AND (%(category)s::text IS NULL OR"
            " i.category = %(category)s)"
            " AND (%(code)s::text IS NULL OR (i.code, c.id) > (%(code)s, %(centre)s)) ORDER BY i.code,"
            " c.id LIMIT %(limit)s",
            {
                "centres": None if centres is None else list(centres),
                "item": item,
                "category": category,
                "code": after[0] if after else None,
                "centre": after[1] if after else None,
                "limit": limit,
            },
        )
    ).fetchall()


async def movements(conn: Conn, filters: dict[str, Any], after: tuple[Any, UUID] | None, limit: int) -> list[DictRow]:
    """Movements, the newest first, each with its sides as JSON."""
    texts = {
        "emergency": "m.emergency_id = %(emergency)s",
        "task": "m.task_id = %(task)s",
        "need": "m.need_id = %(need)s",
        "kind": "m.kind = %(kind)s",
        "since": "m.at > %(since)s",
        "centres": "EXISTS (SELECT 1 FROM entries x JOIN stock_accounts y ON y.id = x.account_id"
        " WHERE x.movement_id = m.id AND y.centre_id = ANY(%(centres)s))",
    }
    where = [texts[name] for name, value in filters.items() if value is not None]
    if after:
        where.append("(m.at, m.id) < (%(after_at)s, %(after_id)s)")
        filters = filters | {"after_at": after[0], "after_id": after[1]}
    return await (
        await conn.execute(
            "SELECT m.id, m.code, m.kind, m.emergency_id, m.task_id, m.need_id, m.actor, m.at, (SELECT"
            " jsonb_agg(jsonb_build_object("
            "'account', a.kind, 'centre', a.centre_id, 'item', i.id, 'code', i.code, 'unit', i.unit,"
            " 'quantity', e.quantity) ORDER BY e.quantity, i.code) FROM entries e JOIN stock_accounts a"
            " ON a.id = e.account_id"
            f" JOIN items i ON i.id = e.item_id WHERE e.movement_id = m.id) AS entries FROM movements m WHERE"
            f" {' AND '.join(where) or 'true'} ORDER BY m.at DESC, m.id DESC LIMIT %(limit)s",
            filters | {"limit": limit},
        )
    ).fetchall()


async def in_motion(conn: Conn, emergency: UUID | None) -> list[DictRow]:
    """What is on the road: per task and item how much, from which centre, to which shown point.

    Columns: task_id, task_code, state, need_id, emergency_id, item_id, code, name_fa, name_en, category,
    unit, quantity, centre_id, from_lon, from_lat, to_lon, to_lat (degrees).
    """
    return await (
        await conn.execute(
            "SELECT t.id AS task_id, t.code AS task_code, t.state, t.need_id, t.emergency_id, i.id AS"
            " item_id, i.code, i.name_fa,"
            " i.name_en, i.category, i.unit, s.quantity, c.id AS centre_id, ST_X(c.geom) AS from_lon,"
            " ST_Y(c.geom) AS from_lat,"
            " ST_X(t.geom_shown) AS to_lon, ST_Y(t.geom_shown) AS to_lat"
            " FROM stock s JOIN stock_accounts a ON a.id = s.account_id AND a.kind = 'transit' JOIN"
            " tasks t ON t.id = a.task_id"
            " JOIN items i ON i.id = s.item_id LEFT JOIN LATERAL (SELECT ea.centre_id FROM movements m"
            " JOIN entries e"
            " ON e.movement_id = m.id AND e.item_id = i.id JOIN stock_accounts ea ON ea.id ="
            " e.account_id AND ea.kind = 'centre'"
            " WHERE m.task_id = t.id AND m.kind = 'dispatch' ORDER BY e.quantity, m.at DESC LIMIT 1) o"
            " ON true"
            " LEFT JOIN centres c ON c.id = o.centre_id WHERE s.quantity > 0"
            " AND (%(emergency)s::uuid IS NULL OR t.emergency_id = %(emergency)s) ORDER BY t.id, i.code",
            {"emergency": emergency},
        )
    ).fetchall()


async def drift(conn: Conn) -> int:
    """How many balances differ from the sum of their entries, or are below zero where goods are real. Must
    be none.
    """
    row = await (
        await conn.execute(
            "SELECT count(*) AS n FROM (SELECT account_id, item_id, sum(quantity) AS total FROM entries"
            " GROUP BY 1, 2) e"
            " FULL JOIN stock s USING (account_id, item_id) JOIN stock_accounts a ON a.id = account_id"
            " WHERE coalesce(e.total, 0) <> coalesce(s.quantity, 0) OR (s.quantity < 0 AND a.kind <>"
            " 'outside')"
        )
    ).fetchone()
    return int(row["n"]) if row else 0


async def centres_exist(conn: Conn, ids: Sequence[UUID]) -> bool:
    """Whether all of them are there."""
    row = await (await conn.execute("SELECT count(*) AS n FROM centres WHERE id = ANY(%s)", (list(ids),))).fetchone()
    return row is not None and row["n"] == len(set(ids))
