"""The volunteers' layer: coarse live positions that lie in Redis for a while. Nothing of them is stored."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from server.access.context import Context
from server.kernel.clock import now
from server.kernel.db import Conn
from server.kernel.geo import Box
from server.maps.asking import Ask
from server.volunteers import positions

MOST = 2000


async def found(ctx: Context, conn: Conn, centre: UUID | None) -> list[dict[str, Any]]:
    """Every volunteer with a live position, as a feature; of one centre where the reader is bound to it."""
    rows = await (
        await conn.execute(
            "SELECT id, code, status, centre_id FROM volunteers"
            " WHERE status <> 'inactive' AND (%(centre)s::uuid IS NULL OR centre_id = %(centre)s)",
            {"centre": centre},
        )
    ).fetchall()
    places = await positions.of(ctx, [row["id"] for row in rows])
    moment = now()
    return [
        {
            "type": "Feature",
            "id": str(row["id"]),
            "geometry": {"type": "Point", "coordinates": [round(place.lon, 6), round(place.lat, 6)]},
            "properties": {
                "layer": "volunteers",
                "code": row["code"],
                "category": None,
                "status": row["status"],
                "urgency": None,
                "updated_at": (moment - timedelta(seconds=place.age_s)).isoformat(),
                "accuracy_m": place.accuracy_m,
                "place": None,
            },
        }
        for row in rows
        if (place := places.get(row["id"]))
    ]


def _asked(feature: dict[str, Any], ask: Ask) -> bool:
    lon, lat = feature["geometry"]["coordinates"]
    return _inside(lon, lat, ask.boxes) and (not ask.statuses or feature["properties"]["status"] in ask.statuses)


def _inside(lon: float, lat: float, boxes: Iterable[Box]) -> bool:
    return any(box.holds(lon, lat) for box in boxes)


def answer(features: Iterable[dict[str, Any]], ask: Ask, seq: int) -> bytes:
    """As the other layers' answer; positions are few, so they are listed (at most MOST)."""
    inside = [one for one in features if _asked(one, ask)]
    return orjson.dumps(
        {"cells": [], "features": inside[:MOST], "total": len(inside), "counted": "features", "seq": seq}
    )


def by_ids(features: Iterable[dict[str, Any]], ids: set[str]) -> bytes:
    """A FeatureCollection of those whose position is alive."""
    return orjson.dumps({"type": "FeatureCollection", "features": [one for one in features if one["id"] in ids]})
