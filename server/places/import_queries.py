"""All SQL of importing places."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from server.kernel import arrays
from server.kernel.db import Conn
from server.places.files import Line


class New(NamedTuple):
    """A place to be: its id if it is new, its line, the digest, (name, key, squashed, sound) of its names."""

    id: UUID
    line: Line
    digest: bytes
    names: list[tuple[str, str, str, str]]


_COLUMNS: Final = (
    "source, source_id, kind, name_fa, name_en, country, admin1_code, province_fa, province_en, population,"
    " accuracy_m, geom, area, digest"
)
_TEMP: Final = """
CREATE TEMP TABLE new_places (id uuid, source text, source_id text, kind text, name_fa text, name_en text, country text,
  admin1_code text, province_fa text, province_en text, population bigint, accuracy_m float8, geom geometry,
  area geometry, digest bytea) ON COMMIT DROP
"""
# Only what differs is written again: a later `created_at` always means something new. What ships has no digest.
_PUT: Final = f"""
INSERT INTO places AS p (id, {_COLUMNS}) SELECT id, {_COLUMNS} FROM new_places
ON CONFLICT (source, source_id) DO UPDATE SET kind = excluded.kind, name_fa = excluded.name_fa,
  name_en = excluded.name_en, country = excluded.country, admin1_code = excluded.admin1_code,
  province_fa = excluded.province_fa, province_en = excluded.province_en, population = excluded.population,
  accuracy_m = excluded.accuracy_m, geom = excluded.geom, area = excluded.area, digest = excluded.digest,
  created_at = clock_timestamp()
WHERE p.digest IS NOT NULL AND p.digest <> excluded.digest
RETURNING id, source, source_id, population
"""  # noqa: S608 - fixed names
_SHIPPED: Final = """
SELECT a.n FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[]) AS a(n, country, kind, en, fa)
WHERE a.kind IN ('province', 'county') AND EXISTS (
  SELECT 1 FROM place_names n JOIN places p ON p.id = n.place_id
  WHERE n.squashed IN (a.en, a.fa) AND p.source = 'hamyar' AND p.kind = a.kind AND p.country = a.country)
"""


async def shipped_areas(conn: Conn, asked: Sequence[tuple[str, str, str, str]]) -> set[int]:
    """Which of these (country, kind, squashed names) are provinces and counties that the product brings itself."""
    areas = [(n, *one) for n, one in enumerate(asked) if one[1] in ("province", "county")]
    if not areas:
        return set()
    columns = [list(column) for column in zip(*areas, strict=True)]
    return {row["n"] for row in await (await conn.execute(_SHIPPED, columns)).fetchall()}


async def put(conn: Conn, rows: Sequence[New]) -> int:
    """Write places that are new or changed, with their names; how many there were."""
    await conn.execute(_TEMP)
    async with conn.cursor() as cursor, cursor.copy(f"COPY new_places (id, {_COLUMNS}) FROM STDIN") as copy:
        for new in rows:
            x = new.line
            point = f"SRID=4326;POINT({x.lon} {x.lat})"
            area = f"SRID=4326;{x.area}" if x.area else None
            await copy.write_row(
                (
                    new.id, x.source, x.source_id, x.kind, x.name_fa, x.name_en, x.country, x.admin1_code,
                    x.province, x.province, x.population, x.accuracy_m, point, area, new.digest,
                )
            )  # fmt: skip
    written = await (await conn.execute(_PUT)).fetchall()
    await conn.execute("DROP TABLE new_places")
    if not written:
        return 0
    of = {(row["source"], row["source_id"]): (row["id"], row["population"]) for row in written}
    await conn.execute("DELETE FROM place_names WHERE place_id = ANY(%s)", ([row["id"] for row in written],))
    columns = "place_id, name, key, squashed, sound, weight"
    async with conn.cursor() as cursor, cursor.copy(f"COPY place_names ({columns}) FROM STDIN") as copy:
        for new in rows:
            target = of.get((new.line.source, new.line.source_id))
            if target is None:
                continue
            for keys in new.names:
                await copy.write_row((target[0], *keys, target[1]))
    return len(written)


async def geonames_there(conn: Conn, ids: Collection[str]) -> set[str]:
    """Which of GeoNames' ids are places of the gazetteer."""
    rows = await conn.execute(
        "SELECT source_id FROM places WHERE source = 'geonames' AND source_id = ANY(%s)", (list(ids),)
    )
    return {row["source_id"] for row in await rows.fetchall()}


async def add_names(conn: Conn, names: Sequence[tuple[str, str, str, str, str]]) -> int:
    """Add (GeoNames id, name, key, squashed, sound); how many were not there."""
    columns = [arrays.texts(column) for column in zip(*names, strict=True)]
    done = await conn.execute(
        "WITH added AS (INSERT INTO place_names (place_id, name, key, squashed, sound, weight)"
        " SELECT p.id, n.name, n.key, n.squashed, n.sound, p.population"
        " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) AS n(gid, name, key, squashed, sound)"
        " JOIN places p ON p.source = 'geonames' AND p.source_id = n.gid"
        " ON CONFLICT (place_id, name) DO NOTHING RETURNING place_id),"
        " touched AS (UPDATE places SET created_at = clock_timestamp() WHERE id IN (SELECT place_id FROM added))"
        " SELECT count(*) AS n FROM added",
        columns,
    )
    row = await done.fetchone()
    return int(row["n"]) if row else 0


async def name_provinces(conn: Conn) -> None:
    """Give imported places the names of the provinces they lie in, where those are known by their code."""
    await conn.execute(
        "UPDATE places p SET province_en = a.name_en, province_fa = a.name_fa FROM places a"
        " WHERE p.digest IS NOT NULL AND p.province_en IS NULL AND a.kind = 'province' AND p.id <> a.id"
        " AND a.country = p.country AND a.admin1_code = p.admin1_code"
    )


async def analyse(conn: Conn) -> None:
    """Let the planner know what came."""
    await conn.execute("ANALYZE places, place_names")
