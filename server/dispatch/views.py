"""How tasks look in answers: plain JSON, ids and codes, nobody's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from server.dispatch.rules import KINDS

IDS = ("emergency_id", "queue_id", "centre_id", "need_id", "incident_id", "team_id")
MOMENTS = ("lease_until", "created_at", "updated_at", "closed_at")
PLAIN = (
    "code",
    "kind",
    "state",
    "urgency",
    "priority",
    "bring",
    "skills",
    "women_required",
    "women_preferred",
    "crew_min",
    "women_min",
    "languages",
    "fence",
    "outcome",
)


def moment(value: datetime | None) -> str | None:
    """ISO 8601, or null."""
    return value.isoformat() if value else None


def properties(row: Mapping[str, Any], *, show_holder: bool) -> dict[str, Any]:
    """A task's properties; who holds it is for staff and the holder."""
    data: dict[str, Any] = {"id": str(row["id"]), **{k: row[k] for k in PLAIN}}
    data |= {k.removesuffix("_id"): str(row[k]) if row[k] else None for k in IDS}
    data |= {k: moment(row[k]) for k in MOMENTS}
    data["flagged"] = row["flagged_at"] is not None and row["state"] == "queued"
    data["holder"] = str(row["holder_id"]) if show_holder and row["holder_id"] else None
    data["held"] = row["holder_id"] is not None
    if row.get("category"):
        data["category"] = row["category"]
    return data


def claimed(row: DictRow) -> dict[str, Any]:
    """A task as its new holder gets it."""
    return {**properties(row, show_holder=True), "lon": row["lon"], "lat": row["lat"]}


def feature(row: Mapping[str, Any], *, show_holder: bool) -> dict[str, Any]:
    """A GeoJSON Feature at the shown point."""
    geometry = None if row["lon"] is None else {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": geometry,
        "properties": properties(row, show_holder=show_holder),
    }


def queue(row: Mapping[str, Any]) -> dict[str, Any]:
    """A queue with how it stands."""
    fa, en = KINDS.get(row["kind"], (row["kind"], row["kind"]))
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "kind_label": {"fa": fa, "en": en},
        "emergency": str(row["emergency_id"]),
        "centre": {
            "id": str(row["centre_id"]),
            "code": row["centre_code"],
            "fa": row["name_fa"],
            "en": row["name_en"],
        },
        "open": row["open"],
        "claimed": row["claimed"],
        "escalated": row["escalated"],
        "life": row["life"],
        "oldest": moment(row["oldest"]),
    }
