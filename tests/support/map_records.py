"""Records for the map's tests, made up from a seed."""

import random
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.maps.grid import cell_of

CATEGORIES = ("water", "food", "shelter", "medicine")
STATUSES = ("open", "tasked", "met")
URGENCIES = ("life", "high", "normal", "none")


async def add_emergency(conn: Conn) -> UUID:
    """An open flood."""
    key = uuid7()
    await conn.execute(
        "INSERT INTO emergencies (id, code, name_fa, name_en, kind) VALUES (%s, %s, 'سیل', 'Flood', 'flood')",
        (key, new_code(8, "E-")),
    )
    return key


async def add_need(
    conn: Conn, emergency: UUID, dice: random.Random, lon: float | None = None, lat: float | None = None
) -> UUID:
    """A need on the map, with its event."""
    key = uuid7()
    await conn.execute(
        "INSERT INTO needs (id, code, emergency_id, category, status, urgency, people, geom_shown)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
        (
            key,
            new_code(8, "N-"),
            emergency,
            dice.choice(CATEGORIES),
            dice.choice(STATUSES),
            dice.choice(URGENCIES),
            dice.randrange(1, 40),
            lon if lon is not None else dice.gauss(48, 0.5),
            lat if lat is not None else dice.gauss(33, 0.5),
        ),
    )
    await emit(conn, NewEvent("need.created", "need", key, emergency))
    return key


async def add_incident(conn: Conn, emergency: UUID, dice: random.Random) -> UUID:
    """An incident on the map, with its event."""
    key = uuid7()
    await conn.execute(
        "INSERT INTO incidents (id, code, emergency_id, category, geom)"
        " VALUES (%s, %s, %s, 'flooding', ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
        (key, new_code(8, "I-"), emergency, dice.gauss(48, 0.5), dice.gauss(33, 0.5)),
    )
    await emit(conn, NewEvent("incident.created", "incident", key, emergency))
    return key


async def scatter(conn: Conn, emergency: UUID, size: int, dice: random.Random) -> list[dict[str, Any]]:
    """Features of the layer `needs`, most in one province, some anywhere on earth, some on its or the grid's edges."""
    points = []
    for number in range(size):
        where = number % 10
        if where == 0:
            lon, lat = dice.uniform(-180, 180), dice.uniform(-90, 90)
        elif where == 1:
            lon = dice.choice((-180.0, 180.0, 0.0, -1e-20, 48.515625, 47.8125, 45.0))
            lat = dice.choice((-90.0, 90.0, 0.0, 33.75, 33.046875, -1e-20))
        else:
            lon, lat = dice.gauss(48.2, 0.8), dice.gauss(33.4, 0.6)
        points.append(
            {
                "id": uuid7(),
                "lon": lon,
                "lat": lat,
                "category": dice.choice(CATEGORIES),
                "status": dice.choice(STATUSES),
                "urgency": dice.choice(URGENCIES),
            }
        )
    async with conn.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO map_features (layer, id, emergency_id, category, status, urgency, seen_at, lon, lat, gx, gy,"
            " geom, props)"
            " VALUES ('needs', %s, %s, %s, %s, %s, now(), %s, %s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s)",
            [
                (
                    p["id"],
                    emergency,
                    p["category"],
                    p["status"],
                    p["urgency"],
                    p["lon"],
                    p["lat"],
                    *cell_of(p["lon"], p["lat"]),
                    p["lon"],
                    p["lat"],
                    Jsonb({"layer": "needs", "code": "N-1"}),
                )
                for p in points
            ],
        )
    return points


async def features_now(conn: Conn) -> list[dict[str, Any]]:
    """Every feature."""
    return await (await conn.execute("SELECT * FROM map_features ORDER BY layer, id")).fetchall()


async def cells_now(conn: Conn) -> list[dict[str, Any]]:
    """Every cell."""
    return await (
        await conn.execute("SELECT * FROM map_cells ORDER BY layer, emergency_id, detail, zoom, x, y, category, status")
    ).fetchall()
