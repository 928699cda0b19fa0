"""Who may claim, and what she may not have. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.dispatch import problems
from server.dispatch.claim_queries import Able
from server.kernel.errors import Problem, not_found
from server.volunteers.duty import resting
from server.volunteers.skills import HELPFUL, covered, known, lacking

ALONE: Final = 1


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Who wants how many tasks of which queue, or the task `task_id` of it. `scope` and `key` are the idempotency key,
    if one was sent.

    `team_id`: the volunteer leads this team and takes it along. `skills`: only tasks for which these suffice.
    `by_skill`: of a task by name, only if she (or her team together) has the skills that it takes.
    `centre_bound`: the claimant's own centre must be this one (a dispatcher claims for their own people).
    `for_another`: the volunteer did not ask herself, so she is texted.
    """

    queue_id: UUID
    volunteer_id: UUID
    limit: int
    actor: str
    skills: tuple[str, ...] | None = None
    scope: str = ""
    key: str | None = None
    request_hash: bytes = b""
    centre_bound: UUID | None = None
    for_another: bool = False
    task_id: UUID | None = None
    team_id: UUID | None = None
    by_skill: bool = False


class Claimant(NamedTuple):
    """Who may claim: how many tasks, of which sort, and with which skills."""

    limit: int
    able: Able
    skills: tuple[str, ...]


def unfit(person: Mapping[str, Any]) -> Problem | None:
    """Why nothing is given to a volunteer now (a row of `claim_queries.lock_volunteers`); None when she may be sent."""
    if person["status"] != "active":
        return problems.volunteer_away(person["status"])
    if person["vetting"] != "vetted":
        return problems.not_vetted()
    return resting(person["rests_until"]) if person["rests_until"] else None


def claimant(
    request: ClaimRequest,
    person: Mapping[str, Any] | None,
    teams: Mapping[UUID, Mapping[str, Any]],
    has: int,
    cap: int | None,
) -> Claimant | Problem:
    """What a request may have. `has`: claims that she has not accepted yet; `cap`: the most of them.

    At the cap a task by name is limited to none: if it is hers already, she is told so again.
    """
    if person is None:
        return not_found("volunteer")
    if request.centre_bound is not None and person["centre_id"] != request.centre_bound:
        return problems.not_this_volunteer()
    if problem := unfit(person):
        return problem
    limit = request.limit if cap is None else max(0, min(request.limit, cap - has))
    if cap is not None and not limit and request.task_id is None:
        return problems.claim_cap(has, cap)
    wanted = None if request.skills is None else tuple(sorted(covered(known(request.skills)) | HELPFUL))
    if request.team_id is not None:
        return _with_team(request, teams.get(request.team_id), limit, wanted)
    woman = person["gender"] == "woman"
    return Claimant(limit, Able(woman, ALONE, int(woman), wanted), tuple(person["skills"]))


def _with_team(
    request: ClaimRequest, team: Mapping[str, Any] | None, limit: int, wanted: tuple[str, ...] | None
) -> Claimant | Problem:
    if team is None:
        return not_found("team")
    if team["leader_id"] != request.volunteer_id or team["status"] != "active":
        return problems.not_leading()
    return Claimant(limit, Able(team["women"] > 0, team["people"], team["women"], wanted), tuple(team["skills"]))


def crew_problem(task: Mapping[str, Any], able: Able) -> Problem | None:
    """Why these people do not suffice: too few, too few women among them, none where a woman is needed. One rule for
    claims and for what goes from hand to hand.
    """
    if task["crew_min"] > able.people or (task["crew_min"] > ALONE and task["women_min"] > able.women):
        return problems.team_required(task["crew_min"], task["women_min"])
    return problems.woman_required() if not able.woman and (task["women_required"] or task["women_min"]) else None


def bar(task: Mapping[str, Any], who: Claimant, request: ClaimRequest) -> Problem | None:
    """Why she may not have this task, that she asked for by name; None when she may. `task`: as `chosen` gives it."""
    able = who.able
    if task["state"] != "queued":
        return problems.wrong_state(task["state"]) if task["closed_at"] else problems.taken()
    if problem := crew_problem(task, able):
        return problem
    if not able.woman and task["women_first"]:
        return problems.women_first()
    missing = lacking(who.skills, task["skills"]) if request.by_skill else []
    return problems.skills_lacking(missing) if missing else None
