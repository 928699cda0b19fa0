"""Where the map looks first."""

from dataclasses import dataclass
from uuid import UUID

from server.kernel.db import Conn

COUNTRY = (32.6, 53.7)
COUNTRY_ZOOM = 5.0
NEAR_DEGREES = 4
"""An area narrower than this is looked at from near."""


@dataclass(frozen=True, slots=True)
class FirstView:
    """The emergency shown first, the centre as (lat, lon) and the zoom."""

    id: str | None
    centre: tuple[float, float]
    zoom: float


async def for_map(conn: Conn, bound: UUID | None) -> FirstView:
    """The emergency someone is bound to, else the newest open one; its area's middle, else the whole country."""
    row = await (
        await conn.execute(
            "SELECT id, ST_X(ST_Centroid(area)) AS lon, ST_Y(ST_Centroid(area)) AS lat,"
            " ST_XMax(area) - ST_XMin(area) AS width FROM emergencies WHERE status = 'open'"
            " AND (%s::uuid IS NULL OR id = %s)"
            " ORDER BY opened_at DESC LIMIT 1",
            (bound, bound),
        )
    ).fetchone()
    if row is None:
        return FirstView(None, COUNTRY, COUNTRY_ZOOM)
    if row["lon"] is None:
        return FirstView(str(row["id"]), COUNTRY, COUNTRY_ZOOM)
    return FirstView(
        str(row["id"]), (round(row["lat"], 4), round(row["lon"], 4)), 8.0 if row["width"] < NEAR_DEGREES else 6.5
    )
