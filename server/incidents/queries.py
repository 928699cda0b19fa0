"""All SQL of incidents."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.incidents.listing import Filters, where
from server.kernel import arrays
from server.kernel.db import Conn
from server.places.queries import asked_columns

_SELECT: Final = """
SELECT t.*, ST_X(t.geom) AS lon, ST_Y(t.geom) AS lat, p.name_fa AS place_fa, p.name_en AS place_en
FROM incidents t LEFT JOIN places p ON p.id = t.place_id
"""
# Two ways to be near: the same named place, or a point within reach. Each has its index. The nearest come off the index
# in order: sorting all within reach afterwards costs a little less for a handful and 100 ms for fifty thousand.
_CANDIDATES: Final = """
SELECT s.n, c.* FROM unnest(%s::int[], %s::uuid[], %s::text[], %s::uuid[], %s::float8[], %s::float8[], %s::float8[],
                            %s::float8[], %s::timestamptz[])
  AS s(n, emergency, category, place, lon, lat, dx, dy, at)
CROSS JOIN LATERAL (
  (SELECT i.id, i.place_id, i.accuracy_m, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, i.last_reported_at,
          i.verification = 'refuted' AS refuted
   FROM incidents i WHERE i.emergency_id = s.emergency AND i.category = s.category AND i.place_id = s.place
     AND i.status = 'open' AND i.last_reported_at BETWEEN s.at - interval '72 hours' AND s.at + interval '72 hours'
   ORDER BY i.last_reported_at DESC LIMIT 40)
  UNION ALL
  (SELECT i.id, i.place_id, i.accuracy_m, ST_X(i.geom), ST_Y(i.geom), i.last_reported_at,
          i.verification = 'refuted'
   FROM incidents i WHERE i.emergency_id = s.emergency AND i.category = s.category AND i.status = 'open'
     AND i.geom && ST_MakeEnvelope(s.lon - s.dx, s.lat - s.dy, s.lon + s.dx, s.lat + s.dy, 4326)
     AND i.last_reported_at BETWEEN s.at - interval '72 hours' AND s.at + interval '72 hours'
   ORDER BY i.geom <-> ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) LIMIT 40)) c
"""
_COLUMNS: Final = (
    ("id", "uuid"),
    ("code", "text"),
    ("emergency_id", "uuid"),
    ("category", "text"),
    ("verification", "text"),
    ("urgency", "text"),
    ("people", "bigint"),
    ("corroboration", "bigint"),
    ("place_id", "uuid"),
    ("lon", "float8"),
    ("lat", "float8"),
    ("accuracy_m", "float8"),
    ("first_reported_at", "timestamptz"),
    ("last_reported_at", "timestamptz"),
    ("status", "text"),
)
_NAMES: Final = ", ".join(name for name, _ in _COLUMNS)
_ARRAYS: Final = ", ".join(f"%s::{kind}[]" for _, kind in _COLUMNS)
_STORED: Final = _NAMES.replace("lon, lat", "geom")
_VALUES: Final = _NAMES.replace("lon, lat", "ST_SetSRID(ST_MakePoint(lon, lat), 4326)")
_INSERT: Final = f"INSERT INTO incidents ({_STORED}) SELECT {_VALUES} FROM unnest({_ARRAYS}) AS v({_NAMES})"  # noqa: S608
_UPDATE: Final = f"""
UPDATE incidents i SET verification = v.verification, urgency = v.urgency, people = v.people, category = v.category,
  corroboration = v.corroboration, place_id = v.place_id, geom = ST_SetSRID(ST_MakePoint(v.lon, v.lat), 4326),
  accuracy_m = v.accuracy_m, first_reported_at = v.first_reported_at, last_reported_at = v.last_reported_at,
  status = v.status
FROM unnest({_ARRAYS}) AS v({_NAMES}) WHERE i.id = v.id
"""  # noqa: S608 - fixed column names


async def candidates(conn: Conn, spots: Sequence[Mapping[str, Any]]) -> list[DictRow]:
    """Open incidents that may be the same: rows with `n`, the index in `spots`.

    A spot has emergency_id, category, place_id, lon, lat, dx, dy (reach in degrees) and at.
    """
    if not spots:
        return []
    return await (await conn.execute(_CANDIDATES, asked_columns(spots))).fetchall()


async def candidates_of(conn: Conn, ids: Sequence[UUID]) -> list[DictRow]:
    """Those of the incidents that are open, as `candidates` gives them, each with its emergency and category."""
    return await (
        await conn.execute(
            "SELECT i.id, i.emergency_id, i.category, i.place_id, i.accuracy_m, ST_X(i.geom) AS lon,"
            " ST_Y(i.geom) AS lat, i.last_reported_at, i.verification = 'refuted' AS refuted"
            " FROM incidents i WHERE i.id = ANY(%s::uuid[]) AND i.status = 'open'",
            (arrays.uuids(ids),),
        )
    ).fetchall()


async def lock(conn: Conn, ids: Sequence[UUID]) -> list[DictRow]:
    """The rows, locked in the order of their ids."""
    return await (
        await conn.execute(
            "SELECT i.*, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat FROM incidents i WHERE i.id = ANY(%s) ORDER BY i.id"
            " FOR UPDATE",
            (list(ids),),
        )
    ).fetchall()


def _arrays(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """One array a column."""
    return [arrays.OF_KIND[kind](r[name] for r in rows) for name, kind in _COLUMNS]


async def insert_many(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """New incidents in one statement."""
    if rows:
        await conn.execute(_INSERT, _arrays(rows))


async def update_many(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """Changed incidents in one statement; each row is complete."""
    if rows:
        await conn.execute(_UPDATE, _arrays(rows))


async def page(conn: Conn, filters: Filters) -> list[DictRow]:
    """Incidents by newest change."""
    tail, values = where(filters, "t.geom")
    return await (await conn.execute(sql.SQL(_SELECT) + tail, values)).fetchall()


async def one(conn: Conn, incident_id: UUID) -> DictRow | None:
    """One incident with its place's names."""
    return await (await conn.execute(_SELECT + " WHERE t.id = %s", (incident_id,))).fetchone()


async def decide(conn: Conn, incident_id: UUID, values: Mapping[str, Any], actor: str) -> None:
    """Write the fields that a person has decided, and that they are decided."""
    sets = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder(k)) for k in values)
    await conn.execute(
        sql.SQL(
            "UPDATE incidents SET {}, decided_by = %(_actor)s,"
            " decided = array(SELECT DISTINCT unnest(decided || %(_fields)s::text[]) ORDER BY 1) WHERE id = %(_id)s"
        ).format(sets),
        {**values, "_actor": actor, "_fields": list(values), "_id": incident_id},
    )


async def fold_into(conn: Conn, incident_id: UUID, into: UUID, actor: str) -> None:
    """Mark as taken over by another."""
    await conn.execute(
        "UPDATE incidents SET status = 'resolved', merged_into = %s, decided_by = %s WHERE id = %s",
        (into, actor, incident_id),
    )


async def history(conn: Conn, subject_id: UUID) -> list[DictRow]:
    """What happened to a record, oldest first, sealed or not yet."""
    return await (
        await conn.execute(
            "SELECT at, verb, actor, data FROM (SELECT at, verb, actor, data, seq AS n, 0 AS late FROM events"
            " WHERE subject_id = %(id)s UNION ALL SELECT at, verb, actor, data, id, 1 FROM events_unsealed"
            " WHERE subject_id = %(id)s) x ORDER BY late DESC, n DESC LIMIT 200",
            {"id": subject_id},
        )
    ).fetchall()
