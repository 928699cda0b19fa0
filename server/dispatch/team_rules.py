"""Who may be put together to a team, and what a team must not lose while it has a task. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.dispatch.fitting import Candidate, Entry, herself
from server.volunteers.skills import lacking

PEOPLE_LEAST: Final = 2
PEOPLE_MOST: Final = 50


def unfit(who: Candidate, now: datetime, team_id: UUID | None = None, *, free: bool = True) -> list[Entry]:
    """Why somebody cannot join a team now; `team_id`: the one she would join. `free`: she may hold no task.

    Who has fallen silent may join: the person who forms the team has her before their eyes or on the phone.
    """
    why = herself(who, now, asking=True)
    if who.squad is not None and who.squad.id != team_id:
        why.append({"code": "in_team", "team": who.squad.code})
    if free and who.held:
        why.append({"code": "busy"})
    return [entry for entry in why if entry["code"] != "cap"]


def lacks(task: Mapping[str, Any], people: int, women: int, skills: Sequence[str]) -> list[Entry]:
    """What a team of so many, with these skills together, lacks for a task (a row with `queries.TASK`)."""
    found: list[Entry] = []
    if people < task["crew_min"]:
        found.append({"code": "too_few", "need": task["crew_min"], "have": people})
    needed = max(task["women_min"], int(task["women_required"]))
    if women < needed:
        found.append({"code": "too_few_women", "need": needed, "have": women})
    if missing := lacking(skills, task["skills"]):
        found.append({"code": "skills", "lacking": missing})
    return found
