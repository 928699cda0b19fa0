"""The SQL of a volunteer's page alone: who she is and what is asked of her, and what lies around a place."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.dispatch.offer_queries import STANDS
from server.dispatch.rules import HELD
from server.kernel.db import Conn
from server.pages.board_queries import CARD

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def _box(box: Bounds) -> dict[str, Any]:
    return dict(zip(("w", "s", "e", "n"), box, strict=True))


async def mine(conn: Conn, volunteer_id: UUID) -> DictRow | None:
    """Who the page is for: her centre, whether she may be sent, her duty and its timer. Moments by the database's
    clock, `resting` and `late` (a sign of life is overdue) judged by it.
    """
    return await (
        await conn.execute(
            "SELECT v.id, v.code, v.status, v.gender, v.skills, v.centre_id, v.vetting, v.rest_until, v.rest_why,"
            " v.on_duty_since, v.check_every_s, v.check_due_at, v.silent_at,"
            " coalesce(v.rest_until > clock_timestamp(), false) AS resting,"
            " coalesce(v.check_due_at < clock_timestamp(), false) AS late, clock_timestamp() AS now,"
            " c.name_fa AS centre_fa, c.name_en AS centre_en, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat"
            " FROM volunteers v JOIN centres c ON c.id = v.centre_id WHERE v.id = %s",
            (volunteer_id,),
        )
    ).fetchone()


async def cards(conn: Conn, task_ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """Tasks as the board shows them, by id."""
    if not task_ids:
        return {}
    rows = await (await conn.execute(f"{CARD} WHERE t.id = ANY(%s)", (list(task_ids),))).fetchall()
    return {row["id"]: row for row in rows}


async def offers_of(conn: Conn, volunteer_id: UUID) -> list[DictRow]:
    """What is proposed to her and can still be taken, the most pressing first: {id, task_id, kind, reasons, noted,
    expires_at, giver}; `giver` is the code of who would hand it over, `noted`: with words.
    """
    return await (
        await conn.execute(
            "SELECT o.id, o.task_id, o.kind, o.reasons, o.expires_at, o.note_sealed IS NOT NULL AS noted,"
            " CASE o.kind WHEN 'hand_over' THEN g.code END AS giver"
            " FROM offers o JOIN tasks t ON t.id = o.task_id LEFT JOIN volunteers g ON g.id = t.holder_id"
            f" WHERE o.volunteer_id = %s AND {STANDS} ORDER BY (t.urgency = 'life') DESC, o.expires_at, o.id",
            (volunteer_id,),
        )
    ).fetchall()


async def left(conn: Conn, volunteer_id: UUID, hours: int, limit: int) -> list[DictRow]:
    """Her leases that ended of late, the latest first: {task_id, code, kind, category, end_reason, ended_at, fence}.

    Of a task that she holds again, what was before is left out; what she handed over herself is no loss.
    """
    return await (
        await conn.execute(
            "SELECT t.id AS task_id, t.code, t.kind, coalesce(n.category, i.category) AS category, l.end_reason,"
            " l.ended_at, l.fence FROM leases l JOIN tasks t ON t.id = l.task_id LEFT JOIN needs n ON n.id = t.need_id"
            " LEFT JOIN incidents i ON i.id = t.incident_id WHERE l.volunteer_id = %(me)s"
            " AND l.ended_at > clock_timestamp() - make_interval(hours => %(hours)s)"
            " AND t.holder_id IS DISTINCT FROM CASE WHEN t.closed_at IS NULL THEN l.volunteer_id END"
            " AND NOT EXISTS (SELECT 1 FROM leases o WHERE o.task_id = l.task_id AND o.volunteer_id = l.volunteer_id"
            " AND o.fence > l.fence) ORDER BY l.ended_at DESC LIMIT %(limit)s",
            {"me": volunteer_id, "hours": hours, "limit": limit},
        )
    ).fetchall()


async def mark(conn: Conn, volunteer_id: UUID) -> str:
    """What changes whenever something is hers or no longer: tasks with fence and state, live offers. One cheap look."""
    row = await (
        await conn.execute(
            "SELECT md5(coalesce(string_agg(x.what, ',' ORDER BY x.what), '')) AS mark FROM ("
            "SELECT t.id || ':' || t.fence || t.state AS what FROM tasks t WHERE t.holder_id = %(me)s"
            " AND t.state = ANY(%(held)s) UNION ALL SELECT o.id::text FROM offers o JOIN tasks t ON t.id = o.task_id"
            f" WHERE o.volunteer_id = %(me)s AND {STANDS}) x",
            {"me": volunteer_id, "held": list(HELD)},
        )
    ).fetchone()
    return str(row["mark"])[:12] if row else ""


async def hand_overs(conn: Conn, volunteer_id: UUID) -> dict[UUID, DictRow]:
    """What she has asked colleagues to take from her and they have not answered, by task: {id, task_id, code,
    expires_at}.
    """
    rows = await (
        await conn.execute(
            "SELECT o.id, o.task_id, v.code, o.expires_at FROM offers o JOIN tasks t ON t.id = o.task_id"
            " JOIN volunteers v ON v.id = o.volunteer_id"
            f" WHERE t.holder_id = %s AND o.kind = 'hand_over' AND {STANDS} ORDER BY o.id",
            (volunteer_id,),
        )
    ).fetchall()
    return {row["task_id"]: row for row in rows}


async def places_in(conn: Conn, box: Bounds, least: int, limit: int) -> list[DictRow]:
    """Named places of at least so many people, the larger first: [{lon, lat, name_fa, name_en, population}]."""
    return await (
        await conn.execute(
            "SELECT ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.name_fa, p.name_en, p.population FROM places p"
            " WHERE p.geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326) AND p.kind IN"
            " ('village', 'town', 'city', 'shelter', 'hospital', 'assembly_point') AND p.population >= %(least)s"
            " ORDER BY p.population DESC, p.id LIMIT %(limit)s",
            {**_box(box), "least": least, "limit": limit},
        )
    ).fetchall()


async def towns_near(conn: Conn, lon: float, lat: float, limit: int) -> list[DictRow]:
    """The towns nearest to a point: [{lon, lat, name_fa, name_en}]."""
    return await (
        await conn.execute(
            "SELECT ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.name_fa, p.name_en FROM places p"
            " WHERE p.kind IN ('town', 'city') AND p.population > 0"
            " ORDER BY p.geom <-> ST_SetSRID(ST_MakePoint(%s, %s), 4326) LIMIT %s",
            (lon, lat, limit),
        )
    ).fetchall()


async def closed_in(conn: Conn, emergency_id: UUID, box: Bounds, limit: int) -> list[DictRow]:
    """What nobody passes there now: [{shape: GeoJSON as text}], no finer than the map needs."""
    return await (
        await conn.execute(
            "SELECT ST_AsGeoJSON(ST_SimplifyPreserveTopology(c.geom, (%(n)s - %(s)s) / 200), 5) AS shape"
            " FROM closures c WHERE c.emergency_id = %(emergency)s AND c.status = 'active'"
            " AND c.verification <> 'refuted' AND (c.valid_until IS NULL OR c.valid_until > clock_timestamp())"
            " AND c.geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326) ORDER BY c.id LIMIT %(limit)s",
            {**_box(box), "emergency": emergency_id, "limit": limit},
        )
    ).fetchall()
