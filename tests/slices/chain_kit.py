"""What the chain's tests share: an emergency, messages sent, batches worked."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.kernel.ids import uuid7
from server.reports.chain import process_batch
from server.reports.intake import Accepted, Incoming, accept

POLDOKHTAR = (47.71014, 33.15249)


async def emergency(ctx: Context, code: str = "E-TEST1") -> UUID:
    """A flood, opened."""
    made = uuid7()
    async with ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO emergencies (id, code, name_fa, name_en, kind, drill)"
            " VALUES (%s, %s, 'سیل آزمایشی', 'Test flood', 'flood', true)",
            (made, code),
        )
    return made


async def centre(ctx: Context, code: str, lon: float, lat: float) -> UUID:
    """A centre at a point."""
    made = uuid7()
    async with ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO centres (id, code, name_fa, name_en, geom) VALUES (%s, %s, 'مرکز', 'Centre',"
            " ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            (made, code, lon, lat),
        )
    return made


async def send(
    ctx: Context, where: UUID | None, *messages: str | tuple[str, str] | Incoming, **more: Any
) -> list[Accepted]:
    """Accept messages: a text, (sender, text), or a whole Incoming."""
    items = []
    for message in messages:
        if isinstance(message, Incoming):
            items.append(message)
            continue
        sender, text = message if isinstance(message, tuple) else (None, message)
        items.append(Incoming("sms", "sms:test", str(uuid7()), text.encode(), sender, emergency_id=where, **more))
    async with ctx.db.tx() as conn:
        return await accept(conn, ctx, items)


async def told(ctx: Context, where: UUID | None, *messages: Any, **more: Any) -> list[Accepted]:
    """Send, and work until nothing is left."""
    accepted = await send(ctx, where, *messages, **more)
    while await process_batch(ctx):
        pass
    return accepted


async def rows(ctx: Context, query: str, *values: Any) -> list[DictRow]:
    """The rows of a query."""
    async with ctx.db.tx() as conn:
        return await (await conn.execute(query, values)).fetchall()


async def needs_of(ctx: Context, where: UUID, category: str | None = None) -> list[DictRow]:
    """The needs of an emergency, oldest first."""
    return await rows(
        ctx,
        "SELECT n.*, ST_X(geom_shown) AS lon, ST_Y(geom_shown) AS lat, p.name_en FROM needs n"
        " LEFT JOIN places p ON p.id = n.place_id WHERE emergency_id = %s AND (%s::text IS NULL OR category = %s)"
        " ORDER BY n.id",
        where,
        category,
        category,
    )


async def incidents_of(ctx: Context, where: UUID) -> list[DictRow]:
    """The incidents of an emergency, oldest first."""
    return await rows(
        ctx,
        "SELECT i.*, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM incidents i WHERE emergency_id = %s ORDER BY id",
        where,
    )


def at(hour: int) -> datetime:
    """A moment of a made-up day."""
    return datetime(2026, 3, 1, hour, tzinfo=UTC)
