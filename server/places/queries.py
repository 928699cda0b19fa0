"""All SQL of places and centres."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn
from server.kernel.geo import Box
from server.places.search_queries import PLACE

_CENTRE = (
    "c.id, c.code, c.name_fa, c.name_en, c.place_id, c.active, c.version, c.created_at, c.updated_at,"
    " ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat"
)

# The index orders by degrees; of the nearest few by degrees the nearest by metres is meant.
_NEAREST = """
SELECT n.id FROM (SELECT id, geom FROM centres WHERE active
                  ORDER BY geom <-> ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) LIMIT 8) n
ORDER BY ST_DistanceSphere(n.geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)) LIMIT 1
"""
_NEAREST_EACH = """
SELECT s.n, c.id FROM unnest(%s::int[], %s::float8[], %s::float8[]) AS s(n, lon, lat)
CROSS JOIN LATERAL (
  SELECT k.id FROM (SELECT id, geom FROM centres WHERE active
                    ORDER BY geom <-> ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) LIMIT 8) k
  ORDER BY ST_DistanceSphere(k.geom, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)) LIMIT 1) c
"""


def _box(box: Box | None) -> dict[str, float | None]:
    sides = ("west", "south", "east", "north")
    return {side: getattr(box, side) if box else None for side in sides}


_ASKED: Final = (
    ("emergency_id", "uuid"),
    ("category", "text"),
    ("place_id", "uuid"),
    ("lon", "float8"),
    ("lat", "float8"),
    ("dx", "float8"),
    ("dy", "float8"),
    ("at", "timestamptz"),
)


def asked_columns(spots: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Questions "what of this category is near here" as array columns, each with its index first.

    A spot has emergency_id, category, place_id, lon, lat (degrees), dx, dy (reach in degrees) and at.
    """
    columns = [arrays.OF_KIND[kind](spot[name] for spot in spots) for name, kind in _ASKED]
    return [arrays.numbers(range(len(spots))), *columns]


async def spot(conn: Conn, place_id: UUID) -> DictRow | None:
    """A place's point as EWKT with its accuracy in metres, as records take it over."""
    return await (
        await conn.execute("SELECT id, ST_AsEWKT(geom) AS ewkt, accuracy_m FROM places WHERE id = %s", (place_id,))
    ).fetchone()


async def place(conn: Conn, place_id: UUID) -> DictRow | None:
    """One place with its outline as GeoJSON, drawn no finer than a two-hundredth of its size; None without one."""
    return await (
        await conn.execute(
            f"SELECT {PLACE}, ST_AsGeoJSON(ST_SimplifyPreserveTopology(p.area, greatest(ST_XMax(p.area)"  # noqa: S608
            " - ST_XMin(p.area), ST_YMax(p.area) - ST_YMin(p.area)) / 200), 5) AS area FROM places p WHERE p.id = %s",
            (place_id,),
        )
    ).fetchone()


async def mark(conn: Conn) -> tuple[int, str]:
    """What changes whenever the table of places does: whether there are any, and the newest; one look at an index."""
    row = await (await conn.execute("SELECT max(created_at) AS newest FROM places")).fetchone()
    return (1, str(row["newest"])) if row and row["newest"] else (0, "")


async def gazetteer_rows(conn: Conn, country: str, most: int) -> list[DictRow]:
    """The places that reading may name, with their names: what ships, then `country`'s, areas first, then by people."""
    return await (
        await conn.execute(
            "SELECT p.id, p.source, p.source_id, p.kind, p.name_fa, p.name_en, p.country, p.admin1_code, p.province_fa,"
            " p.province_en, p.population, p.accuracy_m,"
            " p.digest IS NOT NULL AND p.population = 0 AND p.kind = 'village' AS hamlet,"
            " ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat,"
            " array(SELECT n.name FROM place_names n WHERE n.place_id = p.id ORDER BY n.id) AS names FROM places p"
            " WHERE p.kind IN ('village', 'town', 'city', 'county', 'province')"
            " ORDER BY p.digest IS NULL DESC, p.country = %s DESC, p.kind IN ('province', 'county') DESC,"
            " p.population DESC, p.id LIMIT %s",
            (country, most),
        )
    ).fetchall()


async def nearest_centre(conn: Conn, lon: float, lat: float) -> UUID | None:
    """The active centre nearest to a point, or None while there is none."""
    row = await (await conn.execute(_NEAREST, {"lon": lon, "lat": lat})).fetchone()
    return row["id"] if row else None


async def nearest_centres(conn: Conn, points: Sequence[tuple[float, float] | None]) -> list[UUID | None]:
    """As `nearest_centre`, for many (lon, lat) points in one statement; None stays None."""
    # Many reports of one batch name the same town.
    asked = list(dict.fromkeys(p for p in points if p is not None))
    if not asked:
        return [None] * len(points)
    columns = (
        arrays.numbers(range(len(asked))),
        arrays.numbers(p[0] for p in asked),
        arrays.numbers(p[1] for p in asked),
    )
    rows = await (await conn.execute(_NEAREST_EACH, columns)).fetchall()
    nearest = {asked[row["n"]]: row["id"] for row in rows}
    return [nearest.get(p) if p is not None else None for p in points]


async def centres(conn: Conn, *, box: Box | None, active: bool | None, limit: int) -> list[DictRow]:
    """Centres by code; there are tens of them, not millions."""
    return await (
        await conn.execute(
            f"SELECT {_CENTRE} FROM centres c WHERE (%(active)s::bool IS NULL OR c.active = %(active)s)"  # noqa: S608
            " AND (%(west)s::float8 IS NULL"
            " OR c.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)) ORDER"
            " BY c.code LIMIT %(limit)s",
            {"active": active, "limit": limit, **_box(box)},
        )
    ).fetchall()


async def centre(conn: Conn, centre_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One centre."""
    return await (
        await conn.execute(
            f"SELECT {_CENTRE} FROM centres c WHERE c.id = %s" + (" FOR UPDATE" if lock else ""),  # noqa: S608
            (centre_id,),
        )
    ).fetchone()


async def insert_centre(conn: Conn, values: Mapping[str, Any]) -> None:
    """A new centre; `values` holds id, code, name_fa, name_en, place_id, active, lon, lat."""
    await conn.execute(
        "INSERT INTO centres (id, code, name_fa, name_en, place_id, active, geom)"
        " VALUES (%(id)s, %(code)s, %(name_fa)s,"
        " %(name_en)s, %(place_id)s, %(active)s, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))",
        values,
    )


async def update_centre(conn: Conn, centre_id: UUID, values: Mapping[str, Any]) -> None:
    """All editable columns of a centre, as they shall be."""
    await conn.execute(
        "UPDATE centres SET name_fa = %(name_fa)s, name_en = %(name_en)s, place_id = %(place_id)s, active = %(active)s,"
        " geom = ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) WHERE id = %(id)s",
        {**values, "id": centre_id},
    )
