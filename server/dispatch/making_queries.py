"""The SQL of making tasks from needs: everything for a whole batch at once."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn

QueueKey = tuple[UUID, UUID, str]
PROVINCE = (
    "coalesce((SELECT p.country || '.' || p.admin1_code FROM places p WHERE p.id = n.place_id),"
    " (SELECT p.country || '.' || p.admin1_code FROM places p WHERE p.admin1_code IS NOT NULL"
    " ORDER BY p.geom <-> n.geom_shown LIMIT 1))"
)
"""The province of a need `n` (`IR.23`): of its place, else of the place nearest to it."""
PROVINCE_OF_INCIDENT = PROVINCE.replace("n.geom_shown", "i.geom").replace("n.place_id", "i.place_id")
"""The same of an incident `i`, whose point is nobody's home and stands as it is."""


async def needs(conn: Conn, need_ids: Sequence[UUID]) -> list[DictRow]:
    """The needs with their nearest active centre, their open task and whether a closed one settled them.

    Distances are on the sphere: degrees would prefer centres to the north or south.
    """
    return await (
        await conn.execute(
            "SELECT n.id, n.emergency_id, n.category, n.status, n.verification, n.urgency, n.quantity,"
            " n.unit, n.people,"
            " n.households, n.vulnerable, n.priority, ST_X(n.geom_shown) AS lon, ST_Y(n.geom_shown) AS"
            " lat, c.id AS centre_id,"
            " t.id AS task_id, t.state AS task_state, tq.centre_id AS task_centre, EXISTS (SELECT 1 FROM"
            " tasks o"
            "  WHERE o.need_id = n.id AND o.state IN ('failed', 'cancelled') AND o.outcome IS DISTINCT"
            " FROM 'need_gone'"
            "  AND o.closed_at >= n.last_reported_at) AS settled, " + PROVINCE + " AS province"
            " FROM needs n LEFT JOIN tasks t ON t.need_id = n.id AND t.state IN"
            "  ('queued', 'claimed', 'accepted', 'en_route', 'escalated') LEFT JOIN queues tq ON tq.id ="
            " t.queue_id"
            " LEFT JOIN LATERAL (SELECT id FROM centres WHERE active AND n.geom_shown IS NOT NULL"
            "  ORDER BY ST_DistanceSphere(geom, n.geom_shown), id LIMIT 1) c ON true"
            " WHERE n.id = ANY(%s) ORDER BY n.id",
            (list(need_ids),),
        )
    ).fetchall()


async def queues_for(conn: Conn, keys: Collection[QueueKey]) -> dict[QueueKey, UUID]:
    """(emergency, centre, kind) → queue, made on demand. In order, so that two chains never wait in a ring."""
    rows = sorted(keys, key=str)
    columns = ([k[0] for k in rows], [k[1] for k in rows], [k[2] for k in rows])
    select = (
        "SELECT q.id, q.emergency_id, q.centre_id, q.kind FROM queues q JOIN"
        " unnest(%s::uuid[], %s::uuid[], %s::text[]) AS g(e, c, k)"
        " ON q.emergency_id = g.e AND q.centre_id = g.c AND q.kind = g.k"
    )
    found = await (await conn.execute(select, columns)).fetchall()
    if len(found) < len(rows):
        await conn.execute(
            "INSERT INTO queues (id, emergency_id, centre_id, kind) SELECT gen_random_uuid(), e, c, k FROM"
            " unnest(%s::uuid[], %s::uuid[], %s::text[]) AS g(e, c, k) ON CONFLICT DO NOTHING",
            columns,
        )
        found = await (await conn.execute(select, columns)).fetchall()
    return {(r["emergency_id"], r["centre_id"], r["kind"]): r["id"] for r in found}


async def add_tasks(conn: Conn, rows: Sequence[dict[str, Any]]) -> list[DictRow]:
    """Insert queued tasks; a need that has an open one of the kind already keeps that."""
    if not rows:
        return []
    return await (
        await conn.execute(
            "WITH made AS (INSERT INTO tasks (id, code, emergency_id, need_id, queue_id, kind, urgency,"
            " priority, bring, skills, languages,"
            " women_required, women_preferred, crew_min, women_min, geom_shown)"
            " SELECT id, code, emergency_id, need_id, queue_id, kind, urgency, priority, bring,"
            " ARRAY(SELECT jsonb_array_elements_text(skills)), ARRAY(SELECT jsonb_array_elements_text(languages)),"
            " women_required, women_preferred, crew_min, women_min,"
            " ST_SetSRID(ST_MakePoint(lon, lat), 4326) FROM jsonb_to_recordset(%s) AS g(id uuid, code"
            " text, emergency_id uuid,"
            " need_id uuid, queue_id uuid, kind text, urgency text, priority float8, bring jsonb, skills"
            " jsonb, languages jsonb,"
            " women_required bool, women_preferred bool, crew_min bigint, women_min bigint, lon float8, lat float8)"
            " ON CONFLICT DO NOTHING RETURNING id, emergency_id, queue_id)"
            " SELECT m.id, m.emergency_id, q.centre_id FROM made m JOIN queues q ON q.id = m.queue_id",
            (_json(rows),),
        )
    ).fetchall()


async def change_queued(conn: Conn, rows: Sequence[dict[str, Any]]) -> list[DictRow]:
    """Bring queued tasks in line with their needs; only what differs is written and returned."""
    if not rows:
        return []
    return await (
        await conn.execute(
            "UPDATE tasks t SET queue_id = g.queue_id, kind = g.kind, urgency = g.urgency, priority = g.priority,"
            " bring = g.bring, skills = g.s, languages = g.l, women_required = g.women_required,"
            " women_preferred = g.women_preferred, crew_min = g.crew_min, women_min = g.women_min,"
            " geom_shown = g.point"
            # What a person has set stays set.
            " FROM (SELECT x.id, x.queue_id, x.kind, x.urgency, x.priority, x.bring, x.women_required,"
            " x.women_preferred,"
            " CASE WHEN o.asks_by IS NULL THEN ARRAY(SELECT jsonb_array_elements_text(x.skills)) ELSE o.skills"
            " END AS s,"
            " ARRAY(SELECT jsonb_array_elements_text(x.languages)) AS l,"
            " CASE WHEN o.asks_by IS NULL THEN x.crew_min ELSE o.crew_min END AS crew_min,"
            " CASE WHEN o.asks_by IS NULL THEN x.women_min ELSE o.women_min END AS women_min,"
            " ST_SetSRID(ST_MakePoint(x.lon, x.lat), 4326) AS point FROM jsonb_to_recordset(%s) AS x(id uuid,"
            " queue_id uuid, kind text, urgency text, priority float8, bring jsonb, skills jsonb, languages jsonb,"
            " women_required bool, women_preferred bool, crew_min bigint, women_min bigint, lon float8, lat float8)"
            " JOIN tasks o ON o.id = x.id) g, queues q"
            " WHERE t.id = g.id AND q.id = g.queue_id AND t.state = 'queued' AND ((t.queue_id, t.kind, t.urgency,"
            " t.priority, t.bring, t.skills, t.languages, t.women_required, t.women_preferred, t.crew_min, t.women_min)"
            " IS DISTINCT FROM (g.queue_id, g.kind, g.urgency, g.priority, g.bring, g.s, g.l, g.women_required,"
            " g.women_preferred, g.crew_min, g.women_min)"
            " OR t.geom_shown IS DISTINCT FROM g.point)"
            " RETURNING t.id, t.emergency_id, q.centre_id",
            (_json(rows),),
        )
    ).fetchall()


async def cancel(conn: Conn, task_ids: Sequence[UUID]) -> list[DictRow]:
    """Cancel tasks that still stand in a queue."""
    if not task_ids:
        return []
    return await (
        await conn.execute(
            "UPDATE tasks t SET state = 'cancelled', closed_at = clock_timestamp(), outcome ="
            " 'need_gone' FROM queues q"
            " WHERE t.id = ANY(%s) AND t.state = 'queued' AND q.id = t.queue_id RETURNING t.id,"
            " t.emergency_id, q.centre_id",
            (list(task_ids),),
        )
    ).fetchall()


async def set_status(conn: Conn, need_ids: Sequence[UUID], status: str, sources: Sequence[str]) -> list[DictRow]:
    """Move needs between states; returns those that moved."""
    return await (
        await conn.execute(
            "UPDATE needs SET status = %s WHERE id = ANY(%s) AND status = ANY(%s) RETURNING id, emergency_id",
            (status, list(need_ids), list(sources)),
        )
    ).fetchall()


def _json(rows: Sequence[dict[str, Any]]) -> Jsonb:
    return Jsonb([{k: str(v) if isinstance(v, UUID) else v for k, v in row.items()} for row in rows])
