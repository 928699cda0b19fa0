"""What a map asks for: layer, box, filters, emergency. Parsed here, refused in two languages."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.errors import Problem, bad_request
from server.kernel.geo import Box
from server.maps import reading_queries as sql
from server.maps.grid import cut_at_date_line
from server.maps.models import LAYERS, NO_EMERGENCY

LAYER_PERMISSION: Mapping[str, str] = {
    "incidents": "incident.read",
    "needs": "need.read",
    "tasks": "task.read",
    "reports": "report.list",
    "closures": "closure.read",
    "centres": "centre.read",
    "movements": "movement.read",
    "gaps": "need.read",
    "shelters": "shelter.read",
    "hazards": "hazard.read",
    "volunteers": "volunteer.locate",
    "teams": "volunteer.locate",
}
"""Who may see a layer holds the list permission of its records, beside `map.read`."""
OF_THE_MOMENT = ("volunteers", "teams")
"""Layers made at each question from live positions, which are stored nowhere; they belong to no emergency."""
IDS_MOST = 200
ZOOM_MOST = 24
WORLD = Box(-180, -90, 180, 90)
ROUND = 360.0
LON_MOST = 540.0
"""Maps that repeat the world sideways ask beyond 180°, by one turn at most."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of the map, parsed. `boxes`: two when the view crosses 180°."""

    layer: str
    boxes: tuple[Box, ...]
    zoom: int
    statuses: tuple[str, ...]
    categories: tuple[str, ...]
    since: datetime | None
    emergency: str

    @property
    def key(self) -> str:
        """The question as text, for ETags and the cache."""
        return repr(self)


def layer_for(principal: Principal, layer: str) -> str:
    """The layer, if there is such a one and the principal may see it."""
    if layer not in LAYER_PERMISSION:
        raise bad_request(
            "map.layer",
            f"No such layer; there are {', '.join((*LAYERS, *OF_THE_MOMENT))}.",
            "چنین لایه‌ای روی نقشه نیست.",
            layers=[*LAYERS, *OF_THE_MOMENT],
        )
    if not principal.may(LAYER_PERMISSION[layer]):
        raise Problem(
            403,
            "map.layer_forbidden",
            "Your role may not see this layer.",
            "دیدن این لایه برای نقش شما مجاز نیست.",
        )
    return layer


def parse(principal: Principal, query: Mapping[str, str]) -> Ask:
    """The question in a query string."""
    return Ask(
        layer_for(principal, query.get("layer", "needs")),
        boxes_of(query.get("bbox", "-180,-90,180,90")),
        _zoom(query.get("zoom", "6")),
        codes(query.get("status", "")),
        codes(query.get("category", "")),
        _since(query.get("since", "")),
        query.get("emergency", ""),
    )


def boxes_of(text: str) -> tuple[Box, ...]:
    """`w,s,e,n` in degrees. West above east, or longitudes beyond ±180°, cross the date line."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise _no_box() from None
    if not (
        all(map(math.isfinite, (west, south, east, north)))
        and WORLD.south <= south < north <= WORLD.north
        and abs(west) <= LON_MOST
        and abs(east) <= LON_MOST
        and west != east
    ):
        raise _no_box()
    if WORLD.west <= west < east <= WORLD.east:
        return (Box(west, south, east, north),)
    if east - west >= ROUND:
        return (Box(-180, south, math.nextafter(180, math.inf), north),)
    return tuple(cut_at_date_line(_wrap(west), south, _wrap(east), north))


def _wrap(lon: float) -> float:
    return lon if WORLD.west <= lon <= WORLD.east else (lon + 180) % ROUND - 180


def _no_box() -> Problem:
    return bad_request(
        "map.bbox",
        "bbox is west,south,east,north in degrees, with south below north.",
        "bbox باید غرب،جنوب،شرق،شمال به درجه باشد و جنوب کمتر از شمال.",
    )


def _zoom(text: str) -> int:
    try:
        zoom = float(text)
    except ValueError:
        zoom = math.nan
    if not 0 <= zoom <= ZOOM_MOST:
        raise bad_request(
            "map.zoom",
            f"zoom is a number from 0 to {ZOOM_MOST}.",
            f"بزرگ‌نمایی باید عددی از ۰ تا {ZOOM_MOST} باشد.",
        )
    return int(zoom)


def codes(text: str) -> tuple[str, ...]:
    """Codes parted by commas, each once, in order."""
    return tuple(sorted({part.strip() for part in text.split(",") if part.strip()}))[:50]


def _since(text: str) -> datetime | None:
    if not text:
        return None
    try:
        # An unescaped + of a zone arrives as a blank.
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    except ValueError:
        raise bad_request(
            "map.since", "since is a moment in ISO 8601.", "since باید زمانی به شکل ISO 8601 باشد."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def ids_of(text: str) -> list[UUID]:
    """At most IDS_MOST ids parted by commas."""
    parts = [part for part in text.split(",") if part]
    try:
        ids = [UUID(part) for part in parts]
    except ValueError:
        raise bad_request(
            "map.ids", "ids are UUIDs parted by commas.", "شناسه‌ها باید UUID و با ویرگول جدا باشند."
        ) from None
    if len(ids) > IDS_MOST:
        raise bad_request(
            "map.too_many_ids",
            f"At most {IDS_MOST} ids.",
            f"بیش از {IDS_MOST} شناسه پذیرفته نیست.",
            most=IDS_MOST,
        )
    return ids


async def emergency_of(conn: Conn, principal: Principal, asked: str, layer: str) -> UUID:
    """Whose map it is: the asked one if theirs, the one they are bound to, else the sole open one.

    `none` asks for what has no emergency yet (reports in triage). Centres belong to none.
    """
    if layer == "centres" or layer in OF_THE_MOMENT:
        return NO_EMERGENCY
    if asked == "none":
        if principal.emergency_id:
            raise _not_theirs()
        return NO_EMERGENCY
    if asked:
        try:
            emergency = UUID(asked)
        except ValueError:
            raise bad_request(
                "map.emergency", "emergency is the id of one.", "emergency باید شناسهٔ یک وضعیت اضطراری باشد."
            ) from None
        if not principal.may("map.read", emergency_id=emergency):
            raise _not_theirs()
        return emergency
    if principal.emergency_id:
        return principal.emergency_id
    found = await sql.open_emergencies(conn)
    if len(found) > 1:
        raise bad_request(
            "map.which_emergency",
            "Several emergencies are open: say which, with emergency=id.",
            "چند وضعیت اضطراری باز است؛ با emergency=id بگویید کدام.",
            emergencies=[
                {"id": str(e["id"]), "code": e["code"], "fa": e["name_fa"], "en": e["name_en"]} for e in found
            ],
        )
    return found[0]["id"] if found else NO_EMERGENCY


def _not_theirs() -> Problem:
    return Problem(
        403,
        "map.emergency_forbidden",
        "You are bound to another emergency.",
        "دسترسی شما به وضعیت اضطراری دیگری محدود است.",
    )
