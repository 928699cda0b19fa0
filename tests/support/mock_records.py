"""Made-up records for the map page's mock: towns, needs, incidents, tasks; from one seed, nobody in them."""

import random
from datetime import UTC, datetime, timedelta
from math import cos, floor, radians, sin
from typing import Any
from uuid import UUID

from fastapi import Request

from mapping.geometry import parse_box
from server.standards import taxonomy

Record = dict[str, Any]
START = datetime.now(UTC)
EMERGENCY = "0199a000-0000-7000-8000-00000000e001"
TOWNS = (
    ("پلدختر", "Poldokhtar", 33.152, 47.714, 30),
    ("معمولان", "Mamulan", 33.379, 47.960, 22),
    ("خرم‌آباد", "Khorramabad", 33.488, 48.356, 18),
    ("کوهدشت", "Kuhdasht", 33.533, 47.610, 14),
    ("نورآباد", "Nurabad", 34.074, 47.973, 8),
    ("الشتر", "Aleshtar", 33.863, 48.262, 8),
    ("سرپل ذهاب", "Sarpol-e Zahab", 34.461, 45.863, 6),
    ("سوسنگرد", "Susangerd", 31.564, 48.190, 8),
    ("آق‌قلا", "Aq Qala", 37.014, 54.455, 6),
    ("شیراز", "Shiraz", 29.610, 52.531, 4),
)
NEED_STATUS = ("open", "open", "open", "tasked", "tasked", "met", "closed")
TASK_STATE = ("queued", "queued", "claimed", "accepted", "en_route", "escalated", "done")
VERIFICATION = ("unverified", "unverified", "likely", "confirmed", "confirmed", "refuted")
URGENCY = ("life", "high", "high", "normal", "normal", "normal", "none")


class World:
    """All records by layer and id, and the line of changes that streams follow."""

    def __init__(self, seed: int, size: int) -> None:
        self.dice = random.Random(seed)
        self.layers: dict[str, dict[str, Record]] = {}
        self.links: dict[str, list[Record]] = {}
        self.changes: list[Record] = []
        self.version: dict[str, int] = {}
        for layer, share in (
            ("needs", 0.5),
            ("incidents", 0.2),
            ("tasks", 0.15),
            ("reports", 0.1),
            ("volunteers", 0.05),
        ):
            self.layers[layer] = {}
            for _ in range(int(size * share)):
                self.add(layer)
        self.layers["centres"] = {}
        self.layers["closures"] = {}
        self.layers["movements"] = {}
        for town in TOWNS:
            self.add("centres", town)
        for _ in range(14):
            self.add("closures")
        for _ in range(9):
            self.add("movements")
        add_layers(self)

    def uuid(self) -> str:
        """A UUID from the seed."""
        return str(UUID(int=self.dice.getrandbits(128), version=4))

    def add(self, layer: str, town: tuple[str, str, float, float, int] | None = None) -> Record:
        """Make one record near a town and keep it."""
        dice = self.dice
        near = town or dice.choices(TOWNS, weights=[t[4] for t in TOWNS])[0]
        spread = 0.002 if layer == "centres" else 0.09
        lat = near[2] + dice.gauss(0, spread)
        lon = near[3] + dice.gauss(0, spread / cos(radians(near[2])))
        source = taxonomy.INCIDENTS if layer in {"incidents", "closures"} else taxonomy.NEEDS
        category = dice.choice(list(source))
        states = {
            "needs": NEED_STATUS,
            "tasks": TASK_STATE,
            "closures": ("active", "active", "lifted"),
            "incidents": ("open", "open", "resolved"),
            "movements": ("in_transit",),
        }
        urgency = dice.choice(URGENCY)
        priority = {"life": 80, "high": 55, "normal": 30, "none": 5}[urgency] + dice.randrange(19)
        geometry: Record = {"type": "Point", "coordinates": [round(lon, 5), round(lat, 5)]}
        if layer == "closures":
            category = dice.choice(("road_blocked", "bridge_out"))
            geometry = {
                "type": "LineString",
                "coordinates": [[lon + i * 0.004, lat + dice.gauss(0, 0.002)] for i in range(5)],
            }
        elif layer == "movements":
            other = dice.choice(TOWNS[:6])
            steps = [[lon + (other[3] - lon) * i / 12, lat + (other[2] - lat) * i / 12] for i in range(13)]
            geometry = {
                "type": "LineString",
                "coordinates": [[x + dice.gauss(0, 0.01), y + dice.gauss(0, 0.01)] for x, y in steps],
            }
        made = START - timedelta(minutes=dice.expovariate(1 / 300))
        one: Record = {
            "type": "Feature",
            "id": self.uuid(),
            "geometry": geometry,
            "properties": {
                "layer": layer,
                "code": f"{layer[0].upper()}{dice.randrange(1000, 9999)}{dice.choice('ACDEFHJKMNPQRTUVWXY')}",
                "category": None if layer in {"centres", "volunteers"} else category,
                "status": dice.choice(states.get(layer, ("open",))),
                "urgency": None if layer in {"centres", "volunteers", "movements"} else urgency,
                "verification": dice.choice(VERIFICATION) if layer in {"needs", "incidents"} else None,
                "corroboration": 1 + int(dice.expovariate(0.6)),
                "people": dice.choice((None, 3, 5, 12, 40, 150)),
                "priority": priority,
                "updated_at": made.isoformat(),
                "accuracy_m": dice.choice((50, 500, 1500, 5000)),
                "place": {"fa": near[0], "en": near[1]},
            },
        }
        self.layers.setdefault(layer, {})[one["id"]] = one
        self.version[one["id"]] = 1
        return one

    def change(self, verb: str, kind: str, one: str) -> None:
        """Append a change to the line that streams follow."""
        self.changes.append(
            {
                "seq": len(self.changes) + 1,
                "verb": verb,
                "at": datetime.now(UTC).isoformat(),
                "type": kind,
                "id": one,
                "emergency": EMERGENCY,
            }
        )

    def happen(self) -> None:
        """Let one thing happen: mostly a new need, else a change of one."""
        if self.dice.random() < 0.6:
            one = self.add("needs")
            one["properties"]["updated_at"] = datetime.now(UTC).isoformat()
            one["properties"]["status"] = "open"
            self.change("need.created", "need", one["id"])
        else:
            one = self.dice.choice(list(self.layers["needs"].values()))
            one["properties"]["urgency"] = self.dice.choice(URGENCY)
            one["properties"]["updated_at"] = datetime.now(UTC).isoformat()
            self.version[one["id"]] += 1
            self.change("need.changed", "need", one["id"])


def add_layers(world: World) -> None:
    """Gaps among the needs; shelters, areas of danger and teams around the towns."""
    dice = random.Random(11)
    gaps = world.layers["gaps"] = {}
    for one in world.layers["needs"].values():
        facts = one["properties"]
        if facts["status"] not in {"open", "tasked"} or facts["verification"] == "refuted" or dice.random() < 0.5:
            continue
        waited = START - timedelta(minutes=dice.expovariate(1 / 400))
        gaps[one["id"]] = {
            **one,
            "properties": facts
            | {
                "layer": "gaps",
                "status": dice.choice(("nobody", "waiting", "waiting", "silent", "short")),
                "since": waited.isoformat(),
                "missing": dice.choice((None, 12, 40)),
                "unit": "piece",
                "lacks": [{"code": "no_woman", "fa": "زن داوطلبی نزدیک نیست", "en": "No woman near who can do this"}],
            },
        }
    for layer, count in (("shelters", 2), ("hazards", 1), ("teams", 2)):
        world.layers[layer] = {}
        for number, town in enumerate(TOWNS * count):
            one = world.add(layer, town)
            facts = one["properties"] | {"urgency": None, "category": None, "priority": None}
            lon, lat = town[3] + dice.gauss(0, 0.05), town[2] + dice.gauss(0, 0.05)
            one["geometry"] = {"type": "Point", "coordinates": [round(lon, 5), round(lat, 5)]}
            if layer == "shelters":
                taken = dice.choice((20, 130, 200))
                facts |= {"capacity": 200, "people": taken, "status": "full" if taken == 200 else "open"}
            elif layer == "teams":
                facts |= {
                    "status": dice.choice(("ready", "on_way", "holds", "rests", "silent")),
                    "people": dice.choice((3, 4, 6)),
                    "women": dice.choice((1, 2)),
                    "position": dice.choice(("live", "task", "centre")),
                }
            else:
                kinds = ("flood", "landslide", "quake_damage", "fire", "contamination", "other")
                one["geometry"] = _area(dice, lon, lat)
                facts |= {
                    "category": kinds[number % len(kinds)],
                    "status": "active",
                    "verification": dice.choice(("unverified", "confirmed")),
                    "level": dice.choice(("minor", "severe", "extreme")),
                    "source": "drawn",
                    "people": None,
                    "at": [round(lon, 5), round(lat, 5)],
                }
            one["properties"] = facts


def _area(dice: random.Random, lon: float, lat: float) -> Record:
    """A ragged area around a point."""
    wide = dice.uniform(0.04, 0.14)
    ring = [
        [
            lon + wide * dice.uniform(0.7, 1.2) * cos(radians(a)),
            lat + wide * 0.7 * dice.uniform(0.7, 1.2) * sin(radians(a)),
        ]
        for a in range(0, 360, 6)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def point_of(feature: Record) -> tuple[float, float]:
    """The point a record is counted at: its own, or the first of its line."""
    place = feature["geometry"]["coordinates"]
    kind = feature["geometry"]["type"]
    return tuple(place if kind == "Point" else place[0] if kind == "LineString" else place[0][0])


def select(world: World, request: Request) -> list[Record]:
    """The records of a layer inside the box that pass the filters."""
    query = request.query_params
    west, south, east, north = parse_box(query["bbox"])
    statuses = set(filter(None, query.get("status", "").split(",")))
    categories = set(filter(None, query.get("category", "").split(",")))
    since = datetime.fromisoformat(query["since"]) if query.get("since") else None
    found = []
    for one in world.layers.get(query.get("layer", "needs"), {}).values():
        lon, lat = point_of(one)
        facts = one["properties"]
        if not (west <= lon < east and south <= lat < north):
            continue
        if (statuses and facts["status"] not in statuses) or (categories and facts["category"] not in categories):
            continue
        if since and datetime.fromisoformat(facts["updated_at"]) < since:
            continue
        found.append(one)
    return found


def cells_of(found: list[Record], zoom: int) -> list[Record]:
    """Counts on a grid of about 48 pixels."""
    side = 360 / 2**zoom / 256 * 48
    grid: dict[tuple[int, int], list[Record]] = {}
    for one in found:
        lon, lat = point_of(one)
        grid.setdefault((floor(lon / side), floor(lat / side)), []).append(one)
    rank = {"life": 3, "high": 2, "normal": 1}
    return [
        {
            "lon": sum(point_of(o)[0] for o in group) / len(group),
            "lat": sum(point_of(o)[1] for o in group) / len(group),
            "n": len(group),
            "top_urgency": max((o["properties"]["urgency"] or "none" for o in group), key=lambda u: rank.get(u, 0)),
        }
        for group in grid.values()
    ]


def detail(world: World, layer: str, one: Record) -> Record:
    """A record with its voices, tasks, history and reasons."""
    dice = random.Random(one["id"])
    reports = list(world.layers["reports"].values())
    facts = one["properties"]
    full = {**facts, "version": world.version[one["id"]]}
    if layer in {"needs", "incidents"}:
        voices = dice.sample(reports, k=min(len(reports), 1 + facts["corroboration"] % 4))
        full["links"] = [
            {
                "report": voice["id"],
                "receipt": voice["properties"]["code"],
                "at": voice["properties"]["updated_at"],
                "channel": dice.choice(("sms", "form", "web", "import")),
                "primary": index == 0,
            }
            for index, voice in enumerate(voices)
        ]
        task = dice.choice(list(world.layers["tasks"].values()))
        full["tasks"] = [
            {
                "id": task["id"],
                "code": task["properties"]["code"],
                "state": task["properties"]["status"],
                "priority": task["properties"]["priority"],
                "queue": "q-0",
                "holder_code": dice.choice((None, "V37K")),
            }
        ]
        full["history"] = [
            {
                "at": facts["updated_at"],
                "verb": "need.verified" if facts["verification"] != "unverified" else "need.changed",
                "by": "C4",
            },
            {"at": (START - timedelta(hours=6)).isoformat(), "verb": "need.created", "by": None},
        ]
        full["why"] = [
            {"code": "urgency", "points": facts["priority"] - 20, "value": facts["urgency"]},
            {"code": "people", "points": 9, "value": facts["people"]},
            {"code": "vulnerable", "points": 7, "value": "infant"},
            {"code": "corroboration", "points": 4, "value": facts["corroboration"]},
        ]
    return {**one, "properties": full}
