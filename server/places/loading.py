"""The gazetteer into the database: by COPY, idempotent, and nothing at all the second time."""

from collections.abc import Iterable

from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.places.geonames import PlaceRow, load_country
from server.places.names import normalise, squash
from server.places.sounds import sound

_PLACES = (
    "id",
    "source",
    "source_id",
    "kind",
    "name_fa",
    "name_en",
    "country",
    "admin1_code",
    "province_fa",
    "province_en",
    "population",
    "accuracy_m",
    "geom",
)


async def load(conn: Conn, country: str) -> int:
    """Bring `places` and `place_names` up to the gazetteer of `country`; return how many of its places there are.

    A place once loaded keeps its id: the row is found again by (source, source_id).
    """
    rows = load_country(country)
    if await _is_loaded(conn, country, rows):
        return len(rows)
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('places.load'))")
    await _copy_places(conn, rows)
    await _copy_names(conn, rows)
    await conn.execute("ANALYZE places, place_names")
    return len(rows)


async def _is_loaded(conn: Conn, country: str, rows: list[PlaceRow]) -> bool:
    found = await (
        await conn.execute(
            "SELECT p.source, p.source_id, p.population, count(n.sound) AS names FROM places p"
            " LEFT JOIN place_names n ON n.place_id = p.id WHERE p.country = %s AND p.source IN ('geonames', 'hamyar')"
            " AND p.digest IS NULL"
            " GROUP BY p.id",
            (country.upper(),),
        )
    ).fetchall()
    have = {(r["source"], r["source_id"]): (r["population"], r["names"]) for r in found}
    return all(have.get((r.source, r.source_id)) == (r.population, len(_names(r))) for r in rows)


def _names(row: PlaceRow) -> list[str]:
    """Every name worth finding: those that leave something once signs are taken out."""
    return [n for n in dict.fromkeys((row.name_fa or "", row.name_en, *row.names)) if squash(n)]


async def _copy_places(conn: Conn, rows: Iterable[PlaceRow]) -> None:
    await conn.execute(
        "CREATE TEMP TABLE new_places (id uuid, source text, source_id text, kind text, name_fa text,"
        " name_en text, country text, admin1_code text, province_fa text, province_en text,"
        " population bigint, accuracy_m float8, geom geometry) ON COMMIT DROP"
    )
    async with conn.cursor() as cursor, cursor.copy(f"COPY new_places ({', '.join(_PLACES)}) FROM STDIN") as copy:
        for r in rows:
            await copy.write_row(
                (
                    uuid7(),
                    r.source,
                    r.source_id,
                    r.kind,
                    r.name_fa,
                    r.name_en,
                    r.country,
                    r.admin1_code,
                    r.province_fa or None,
                    r.province_en or None,
                    r.population,
                    r.accuracy_m,
                    f"SRID=4326;POINT({r.lon} {r.lat})",
                )
            )
    columns = ", ".join(_PLACES)
    renewed = ", ".join(f"{c} = excluded.{c}" for c in _PLACES if c not in {"id", "source", "source_id"})
    renewed += ", digest = NULL"
    # Only what differs is written again, so that a later `created_at` always means something new.
    await conn.execute(
        f"INSERT INTO places ({columns}) SELECT {columns} FROM new_places"  # noqa: S608 - fixed names
        f" ON CONFLICT (source, source_id) DO UPDATE SET {renewed}, created_at = clock_timestamp()"
    )


async def _copy_names(conn: Conn, rows: Iterable[PlaceRow]) -> None:
    await conn.execute(
        "CREATE TEMP TABLE new_names (source text, source_id text, name text, key text, squashed text, sound text)"
        " ON COMMIT DROP"
    )
    async with conn.cursor() as cursor, cursor.copy("COPY new_names FROM STDIN") as copy:
        for r in rows:
            for name in _names(r):
                await copy.write_row((r.source, r.source_id, name, normalise(name), squash(name), sound(name)))
    await conn.execute(
        "DELETE FROM place_names n USING places p WHERE p.id = n.place_id"
        " AND EXISTS (SELECT 1 FROM new_places f WHERE (f.source, f.source_id) = (p.source, p.source_id))"
    )
    await conn.execute(
        "INSERT INTO place_names (place_id, name, key, squashed, sound, weight)"
        " SELECT p.id, n.name, n.key, n.squashed, n.sound, p.population FROM new_names n"
        " JOIN places p USING (source, source_id) ON CONFLICT DO NOTHING"
    )
