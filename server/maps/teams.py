"""The teams' layer: where each roughly is, how many they are, and whether they are heard. No names, no stored place."""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from server.access.context import Context
from server.kernel.clock import now
from server.kernel.db import Conn
from server.volunteers import positions
from server.volunteers.positions import Position
from server.volunteers.queries import SENDABLE

FRESH_S: Final = 1800
"""An older position of the leader says less than where the team was sent, or its house."""
MOST: Final = 2000
CENTRE_ACCURACY_M: Final = 1000.0
_TEAMS: Final = f"""
SELECT t.id, t.code, t.centre_id, t.leader_id, m.size, m.women, m.silent, m.ready, k.id AS task, k.code AS task_code,
  k.state, k.kind, k.urgency, ST_X(k.geom_shown) AS task_lon, ST_Y(k.geom_shown) AS task_lat,
  ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, c.name_fa, c.name_en, greatest(t.updated_at, k.updated_at) AS at
FROM teams t JOIN centres c ON c.id = t.centre_id
CROSS JOIN LATERAL (SELECT count(*) AS size, count(*) FILTER (WHERE v.gender = 'woman') AS women,
    coalesce(bool_or(v.silent_at IS NOT NULL), false) AS silent, coalesce(bool_and({SENDABLE}), false) AS ready
  FROM team_members x JOIN volunteers v ON v.id = x.volunteer_id WHERE x.team_id = t.id AND x.left_at IS NULL) m
LEFT JOIN LATERAL (SELECT k.id, k.code, k.state, k.kind, k.urgency, k.geom_shown, k.updated_at FROM tasks k
  WHERE k.holder_id = t.leader_id AND k.team_id = t.id AND k.state IN ('claimed', 'accepted', 'en_route', 'escalated')
    AND (%(emergency)s::uuid IS NULL OR k.emergency_id = %(emergency)s)
  ORDER BY k.state = 'en_route' DESC, k.rank DESC LIMIT 1) k ON true
WHERE t.status = 'active' AND m.size > 0 AND (%(centre)s::uuid IS NULL OR t.centre_id = %(centre)s)
ORDER BY t.id LIMIT {MOST}"""


def state_of(team: Mapping[str, Any]) -> str:
    """`silent`, `on_way`, `holds` (has a task, has not set out), `ready` or `rests`. Silence before all else."""
    if team["silent"] or team["state"] == "escalated":
        return "silent"
    if team["state"]:
        return "on_way" if team["state"] == "en_route" else "holds"
    return "ready" if team["ready"] else "rests"


def place_of(team: Mapping[str, Any], live: Position | None) -> tuple[str, float, float, float | None, int]:
    """Where the map shows a team: (how that is known, lon, lat, accuracy in metres, age in seconds).

    The leader's own coarse position while it is fresh, else the shown point of their task, else the house.
    """
    if live and live.age_s <= FRESH_S:
        return "live", live.lon, live.lat, live.accuracy_m, live.age_s
    if team["state"] in {"en_route", "escalated"} and team["task_lon"] is not None:
        return "task", team["task_lon"], team["task_lat"], None, 0
    return "centre", team["lon"], team["lat"], CENTRE_ACCURACY_M, 0


async def found(ctx: Context, conn: Conn, centre: UUID | None, emergency: UUID | None) -> list[dict[str, Any]]:
    """Every team that stands, as a feature; of one centre where the reader is bound to it.

    `emergency`: the reader's own; of tasks of another nothing is told.
    """
    rows = await (await conn.execute(_TEAMS, {"centre": centre, "emergency": emergency})).fetchall()
    live = await positions.of(ctx, [row["leader_id"] for row in rows])
    moment = now()
    features = []
    for row in rows:
        how, lon, lat, accuracy, age = place_of(row, live.get(row["leader_id"]))
        if lon is None:
            continue
        at = moment - timedelta(seconds=age) if how == "live" else row["at"]
        features.append(
            {
                "type": "Feature",
                "id": str(row["id"]),
                "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
                "properties": {
                    "layer": "teams",
                    "code": row["code"],
                    "category": None,
                    "status": state_of(row),
                    "urgency": row["urgency"],
                    "updated_at": at.isoformat(),
                    "accuracy_m": accuracy,
                    "place": {"fa": row["name_fa"], "en": row["name_en"]},
                    "position": how,
                    "people": row["size"],
                    "women": row["women"],
                    "task": str(row["task"]) if row["task"] else None,
                    "task_code": row["task_code"],
                    "kind": row["kind"],
                },
            }
        )
    return features
