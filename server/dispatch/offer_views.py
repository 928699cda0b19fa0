"""How offers look in answers."""

from collections.abc import Mapping
from typing import Any

from server.dispatch import views


def offer(row: Mapping[str, Any], *, mine: bool) -> dict[str, Any]:
    """An offer with what its receiver needs to decide. Who was asked is for staff (`mine` false) and herself."""
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "channel": row["channel"],
        "points": row["points"],
        "reasons": row["reasons"],
        "made_at": views.moment(row["made_at"]),
        "expires_at": views.moment(row["expires_at"]),
        "left_s": round(row["left_s"]) if row["stands"] else 0,
        "stands": row["stands"],
        "answer": row["answer"],
        "answered_at": views.moment(row["answered_at"]),
        "noted": row["noted"],
        "team": str(row["team_id"]) if row["team_id"] else None,
        "volunteer": str(row["volunteer_id"]),
        "volunteer_code": None if mine else row["volunteer_code"],
        "task": {
            "id": str(row["task_id"]),
            "code": row["task_code"],
            "kind": row["task_kind"],
            "category": row["category"],
            "state": row["state"],
            "urgency": row["urgency"],
            "centre": str(row["centre_id"]),
            "emergency": str(row["emergency_id"]),
            "skills": row["skills"],
            "languages": row["languages"],
            "bring": row["bring"],
            "crew_min": row["crew_min"],
            "women_min": row["women_min"],
            "women_required": row["women_required"],
            "lon": row["lon"],
            "lat": row["lat"],
        },
    }
