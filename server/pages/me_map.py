"""The small maps of a volunteer's page: where a task lies, seen from her and from her centre."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from mapping.sketch import Ground, Mark, Sketch, Spot, View, draw, view_of
from server.kernel.db import Conn
from server.kernel.geo import distance_m
from server.pages import dates, me_queries
from server.pages.assets import DIST
from server.pages.bearing import bearing, point_of_compass
from server.pages.i18n import translator
from server.volunteers.positions import Position

SQUARE: Final = 10
"""Sides of the squares that the build cuts the ground into, in degrees (`near` of mapping/client/build/cut.ts)."""
CLOSED_MOST: Final = 30
SPOTS: Final = 40
FEW: Final = 4
"""Of a map with fewer names nobody knows where it is: signposts say where the next towns lie."""
TOWNS: Final = 24
_LEAST_PEOPLE: Final = ((40.0, 0), (120.0, 1_000), (400.0, 20_000), (float("inf"), 100_000))
"""Metres a pixel up to which places of so many people are looked for."""
_FAR_M: Final = 400_000
"""Beyond this nobody is on the way; a centre or position so far off would make a map of nothing."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to find a task: so many kilometres on that `side` of where she is (`mine`) or of the centre."""

    km: float
    turn: int
    side: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Around:
    """A drawn map and how many closed roads are on it."""

    sketch: Sketch
    closed: int


def way_to(task: Mapping[str, Any], me: Position | None) -> Way | None:
    """From where she is, if that is known, else from the task's centre, to its shown point."""
    if task["lon"] is None:
        return None
    lon, lat = (me.lon, me.lat) if me else (task["centre_lon"], task["centre_lat"])
    turn = bearing(lon, lat, task["lon"], task["lat"])
    metres = distance_m(lon, lat, task["lon"], task["lat"])
    return Way(metres / 1000, round(turn), point_of_compass(turn), me is not None)


def _name(row: Mapping[str, Any], stem: str, lang: str) -> str:
    fa, en = row.get(f"{stem}_fa"), row.get(f"{stem}_en")
    return str((fa or en or "") if lang == "fa" else (en or fa or ""))


@lru_cache(maxsize=8)
def _square(path: Path, changed_ns: int) -> Ground:  # noqa: ARG001 - the time is the cache's key
    return Ground.of([json.loads(path.read_bytes())])


def ground_under(view: View, dist: Path = DIST) -> Ground:
    """Natural Earth as the build has cut it; nothing where the build has nothing."""
    west, south, east, north = view.box
    found = []
    for i in range(floor(west / SQUARE), floor(east / SQUARE) + 1):
        for j in range(floor(south / SQUARE), floor(north / SQUARE) + 1):
            for path in dist.glob(f"basemap/*/near/{i}_{j}.json"):
                try:
                    found.append(_square(path, path.stat().st_mtime_ns))
                except (OSError, ValueError):
                    continue
    return Ground(
        tuple(line for one in found for line in one.land),
        tuple(line for one in found for line in one.coast),
        tuple(line for one in found for line in one.border),
        tuple(line for one in found for line in one.inner),
    )


def lines_of(shape: str) -> list[tuple[tuple[float, float], ...]]:
    """The lines of a GeoJSON geometry; of an area its outline."""
    geometry = json.loads(shape)
    kind, at = geometry["type"], geometry.get("coordinates")
    match kind:
        case "Point":
            found: Iterable[Any] = [[at]]
        case "MultiPoint":
            found = [[point] for point in at]
        case "LineString":
            found = [at]
        case "MultiLineString":
            found = at
        case "Polygon":
            found = at[:1]
        case "MultiPolygon":
            found = [rings[0] for rings in at if rings]
        case _:
            found = []
    return [tuple((float(p[0]), float(p[1])) for p in line) for line in found if line]


def _marks(task: Mapping[str, Any], me: Position | None, lang: str) -> list[Mark]:
    """The task, its centre, and where she is: those that are near enough to share a map."""
    tone = str(task["urgency"] or "none")
    target = (task["lon"], task["lat"])
    marks = [Mark("task", *target, radius_m=float(task["accuracy_m"] or 0), tone=tone)]
    centre = (task["centre_lon"], task["centre_lat"])
    if distance_m(*centre, *target) < _FAR_M:
        marks.append(Mark("centre", *centre, label=_name(task, "centre", lang)))
    if me and distance_m(me.lon, me.lat, *target) < _FAR_M:
        marks.append(Mark("me", me.lon, me.lat, radius_m=me.accuracy_m))
    return marks


async def _drawn(conn: Conn, emergency_id: UUID, marks: Sequence[Mark], label: str, lang: str) -> Around:
    view = view_of(marks)
    least = next(people for m_px, people in _LEAST_PEOPLE if view.m_px <= m_px)
    places = await me_queries.places_in(conn, view.box, least, SPOTS)
    spots = [Spot(p["lon"], p["lat"], _name(p, "name", lang), p["population"]) for p in places]
    far = await me_queries.towns_near(conn, view.lon, view.lat, TOWNS) if len(spots) < FEW else []
    beyond = [Spot(p["lon"], p["lat"], _name(p, "name", lang)) for p in far]
    rows = await me_queries.closed_in(conn, emergency_id, view.box, CLOSED_MOST)
    closed = [line for row in rows for line in lines_of(row["shape"])]
    unit = translator(lang)

    def say_km(km: float) -> str:
        if km < 1:
            return unit("{n} m", n=dates.number(round(km * 1000), lang))
        return unit("{km} km", km=dates.number(km, lang))

    ground = ground_under(view)
    sketch = draw(view, marks, label=label, say_km=say_km, spots=spots, beyond=beyond, closed=closed, ground=ground)
    return Around(sketch, len(rows))


async def map_of(conn: Conn, task: Mapping[str, Any], me: Position | None, lang: str) -> Around | None:
    """The map of one task; None while nobody knows where it is. `task` is a row of `board_queries.CARD`."""
    way = way_to(task, me)
    if way is None:
        return None
    say = translator(lang)
    km = dates.number(round(way.km, 1) if way.km < 10 else round(way.km), lang)  # noqa: PLR2004 - metres matter near by
    place = _name(task, "place", lang)
    side = say(way.side)
    said = (
        say("{km} km {side} of you", km=km, side=side)
        if way.mine
        else say("{km} km {side} of {centre}", km=km, side=side, centre=_name(task, "centre", lang))
    )
    label = say("Map") + ": " + " · ".join(part for part in (place, said) if part)
    return await _drawn(conn, task["emergency_id"], _marks(task, me, lang), label, lang)


async def map_of_many(conn: Conn, tasks: Sequence[Mapping[str, Any]], me: Position | None, lang: str) -> Around | None:
    """One map with a numbered pin for each task that has a place, in the order of the list."""
    marks = [
        Mark("other", t["lon"], t["lat"], text=dates.digits(number, lang), tone=str(t["urgency"] or "none"))
        for number, t in enumerate(tasks, 1)
        if t["lon"] is not None
    ]
    if not marks:
        return None
    first = marks[0]
    if me and distance_m(me.lon, me.lat, first.lon, first.lat) < _FAR_M:
        marks.append(Mark("me", me.lon, me.lat, radius_m=me.accuracy_m))
    say = translator(lang)
    return await _drawn(conn, tasks[0]["emergency_id"], marks, say("Map") + ": " + say("where these tasks are"), lang)
