"""All SQL of needs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.incidents.listing import Filters, where
from server.kernel import arrays
from server.kernel.db import Conn
from server.places.queries import asked_columns

_SHOWN: Final = (
    "t.id, t.code, t.emergency_id, t.incident_id, t.category, t.status, t.verification, t.urgency, t.quantity, t.unit,"
    " t.people, t.households, t.vulnerable, t.corroboration, t.priority, t.priority_why, t.place_id, t.accuracy_m,"
    " t.first_reported_at, t.last_reported_at, t.decided_by, t.decided, t.merged_into, t.version, t.created_at,"
    " t.updated_at, ST_X(t.geom_shown) AS lon, ST_Y(t.geom_shown) AS lat,"
    " t.geom_exact_sealed IS NOT NULL AS has_exact, p.name_fa AS place_fa, p.name_en AS place_en"
)
_SELECT: Final = f"SELECT {_SHOWN} FROM needs t LEFT JOIN places p ON p.id = t.place_id"  # noqa: S608 - fixed names
# Villages and towns meet by name, houses by distance: what is exact is looked for around its shown point only.
_CANDIDATES: Final = """
SELECT s.n, c.* FROM unnest(%s::int[], %s::uuid[], %s::text[], %s::uuid[], %s::float8[], %s::float8[], %s::float8[],
                            %s::float8[], %s::timestamptz[])
  AS s(n, emergency, category, place, lon, lat, dx, dy, at)
CROSS JOIN LATERAL (
  (SELECT d.id, d.place_id, d.accuracy_m, ST_X(d.geom_shown) AS lon, ST_Y(d.geom_shown) AS lat, d.last_reported_at,
          d.geom_exact_sealed, d.data_key_wrapped, d.verification = 'refuted' AS refuted
   FROM needs d WHERE d.emergency_id = s.emergency AND d.category = s.category AND d.place_id = s.place
     AND d.status IN ('open', 'tasked') AND d.geom_exact_sealed IS NULL
     AND d.last_reported_at BETWEEN s.at - interval '72 hours' AND s.at + interval '72 hours'
   ORDER BY d.last_reported_at DESC LIMIT 40)
  UNION ALL
  (SELECT d.id, d.place_id, d.accuracy_m, ST_X(d.geom_shown), ST_Y(d.geom_shown), d.last_reported_at,
          d.geom_exact_sealed, d.data_key_wrapped, d.verification = 'refuted' AS refuted
   FROM needs d WHERE d.emergency_id = s.emergency AND d.category = s.category AND d.status IN ('open', 'tasked')
     AND d.geom_shown && ST_MakeEnvelope(s.lon - s.dx, s.lat - s.dy, s.lon + s.dx, s.lat + s.dy, 4326)
     AND d.last_reported_at BETWEEN s.at - interval '72 hours' AND s.at + interval '72 hours'
   ORDER BY d.geom_shown <-> ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) LIMIT 100)) c
"""
_COLUMNS: Final = (
    ("id", "uuid"),
    ("code", "text"),
    ("emergency_id", "uuid"),
    ("incident_id", "uuid"),
    ("category", "text"),
    ("status", "text"),
    ("verification", "text"),
    ("urgency", "text"),
    ("quantity", "numeric"),
    ("unit", "text"),
    ("people", "bigint"),
    ("households", "bigint"),
    ("vulnerable", "text"),
    ("corroboration", "bigint"),
    ("priority", "float8"),
    ("priority_why", "jsonb"),
    ("place_id", "uuid"),
    ("lon", "float8"),
    ("lat", "float8"),
    ("geom_exact_sealed", "bytea"),
    ("accuracy_m", "float8"),
    ("first_reported_at", "timestamptz"),
    ("last_reported_at", "timestamptz"),
    ("sealing_key_id", "text"),
    ("data_key_wrapped", "bytea"),
)
_KEPT: Final = frozenset({"id", "code", "emergency_id"})


def _column(name: str) -> str:
    return {"lon": "geom_shown"}.get(name, name)


def _value(name: str) -> str:
    """How a column comes out of unnest: lists go in as words parted by blanks, points as two numbers."""
    return {
        "lon": "ST_SetSRID(ST_MakePoint(v.lon, v.lat), 4326)",
        "vulnerable": "array_remove(string_to_array(v.vulnerable, ' '), '')",
    }.get(name, f"v.{name}")


_FROM: Final = (
    f" FROM unnest({', '.join(f'%s::{kind}[]' for _, kind in _COLUMNS)})"
    f" AS v({', '.join(name for name, _ in _COLUMNS)})"
)
_INSERT: Final = (
    f"INSERT INTO needs ({', '.join(_column(n) for n, _ in _COLUMNS if n != 'lat')})"
    f" SELECT {', '.join(_value(n) for n, _ in _COLUMNS if n != 'lat')}" + _FROM
)
_UPDATE: Final = (
    "UPDATE needs d SET "  # noqa: S608 - fixed column names
    + ", ".join(f"{_column(n)} = {_value(n)}" for n, _ in _COLUMNS if n != "lat" and n not in _KEPT)
    + _FROM
    + " WHERE d.id = v.id"
)


async def candidates(conn: Conn, spots: Sequence[Mapping[str, Any]]) -> list[DictRow]:
    """Open needs that may be the same: rows with `n`, the index in `spots`; points are the shown ones.

    A spot has emergency_id, category, place_id, lon, lat, dx, dy (reach in degrees) and at.
    """
    if not spots:
        return []
    return await (await conn.execute(_CANDIDATES, asked_columns(spots))).fetchall()


async def candidates_of(conn: Conn, ids: Sequence[UUID]) -> list[DictRow]:
    """Those of the needs that are open, as `candidates` gives them, each with its emergency and category."""
    return await (
        await conn.execute(
            "SELECT d.id, d.emergency_id, d.category, d.place_id, d.accuracy_m, ST_X(d.geom_shown) AS lon,"
            " ST_Y(d.geom_shown) AS lat, d.last_reported_at, d.geom_exact_sealed, d.data_key_wrapped,"
            " d.verification = 'refuted' AS refuted"
            " FROM needs d WHERE d.id = ANY(%s::uuid[]) AND d.status IN ('open', 'tasked')",
            (arrays.uuids(ids),),
        )
    ).fetchall()


async def lock(conn: Conn, ids: Sequence[UUID]) -> list[DictRow]:
    """The rows with their sealed columns, locked in the order of their ids."""
    return await (
        await conn.execute(
            "SELECT d.*, ST_X(d.geom_shown) AS lon, ST_Y(d.geom_shown) AS lat FROM needs d"
            " WHERE d.id = ANY(%s) ORDER BY d.id FOR UPDATE",
            (list(ids),),
        )
    ).fetchall()


def _arrays(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    def cell(row: Mapping[str, Any], name: str) -> Any:
        return " ".join(row[name]) if name == "vulnerable" else row[name]

    return [arrays.OF_KIND[kind](cell(r, name) for r in rows) for name, kind in _COLUMNS]


async def insert_many(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """New needs in one statement."""
    if rows:
        await conn.execute(_INSERT, _arrays(rows))


async def update_many(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """Changed needs in one statement; each row is complete."""
    if rows:
        await conn.execute(_UPDATE, _arrays(rows))


async def page(conn: Conn, filters: Filters) -> list[DictRow]:
    """Needs by newest change."""
    tail, values = where(filters, "t.geom_shown")
    return await (await conn.execute(sql.SQL(_SELECT) + tail, values)).fetchall()


async def one(conn: Conn, need_id: UUID) -> DictRow | None:
    """One need as it may be shown, with its place's names."""
    return await (await conn.execute(_SELECT + " WHERE t.id = %s", (need_id,))).fetchone()


async def decide(conn: Conn, need_id: UUID, values: Mapping[str, Any], decided: Sequence[str], actor: str) -> None:
    """Write `values`; of them `decided` were set by a person."""
    sets = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder(k)) for k in values)
    await conn.execute(
        sql.SQL(
            "UPDATE needs SET {}, decided_by = %(_actor)s,"
            " decided = array(SELECT DISTINCT unnest(decided || %(_fields)s::text[]) ORDER BY 1)"
            " WHERE id = %(_id)s"
        ).format(sets),
        {
            **{k: Jsonb(v) if k == "priority_why" else v for k, v in values.items()},
            "_actor": actor,
            "_fields": list(decided),
            "_id": need_id,
        },
    )


async def set_status(conn: Conn, ids: Sequence[UUID], status: str) -> None:
    """The state of several needs, not as a person's decision."""
    await conn.execute("UPDATE needs SET status = %s WHERE id = ANY(%s)", (status, list(ids)))


async def fold_into(conn: Conn, need_id: UUID, into: UUID, actor: str) -> None:
    """Mark as taken over by another."""
    await conn.execute(
        "UPDATE needs SET status = 'closed', merged_into = %s, decided_by = %s WHERE id = %s", (into, actor, need_id)
    )


async def ageing(conn: Conn, after: UUID, hours: tuple[float, float], limit: int) -> list[DictRow]:
    """Open needs by id first told of between so many `hours` ago (least, most), with the database's time as `now`."""
    return await (
        await conn.execute(
            "SELECT id, emergency_id, category, urgency, people, households, vulnerable, corroboration, verification,"
            " priority, first_reported_at, clock_timestamp() AS now FROM needs"
            " WHERE status IN ('open', 'tasked') AND id > %s AND first_reported_at BETWEEN"
            " clock_timestamp() - make_interval(hours => %s) AND clock_timestamp() - make_interval(hours => %s)"
            " ORDER BY id LIMIT %s",
            (after, int(hours[1]), int(hours[0]), limit),
        )
    ).fetchall()


async def rescore(conn: Conn, rows: Sequence[tuple[UUID, float, list[dict[str, Any]]]]) -> list[UUID]:
    """New scores (id, value, why); returns those that were written. Rows that others hold wait for the next round."""
    done = await (
        await conn.execute(
            "UPDATE needs d SET priority = v.priority, priority_why = v.why"
            " FROM unnest(%s::uuid[], %s::float8[], %s::jsonb[]) AS v(id, priority, why)"
            " WHERE d.id = v.id AND d.status IN ('open', 'tasked')"
            " AND d.id IN (SELECT id FROM needs WHERE id = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED) RETURNING d.id",
            ([r[0] for r in rows], [r[1] for r in rows], [Jsonb(r[2]) for r in rows], [r[0] for r in rows]),
        )
    ).fetchall()
    return [r["id"] for r in done]
