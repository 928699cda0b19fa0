"""The claim: the hot route, kept thin. Its database work is in `claiming`, shared by all requests of the
process.
"""

import hashlib
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response

from server.access.context import Context, context
from server.access.guard import allow
from server.access.principal import Principal
from server.dispatch import problems, queries, rules
from server.dispatch.claiming import ClaimRequest, Claims
from server.kernel.errors import Problem, bad_request, not_found
from server.kernel.http import json_response, read_body

router = APIRouter()
MAX_BODY = 10_000
KEY_LENGTH = 200


def claims(request: Request) -> Claims:
    """The process's batcher, made at the first claim."""
    return claims_of(request.app.state)


def claims_of(state: Any) -> Claims:
    """The same, by the application's state."""
    if not hasattr(state, "claims"):
        ctx: Context = state.context
        # A drill's queues are seeded by the thousand and claimed by few hands: the cap is for real people.
        state.claims = Claims(ctx, cap=None if ctx.settings.drill else rules.CLAIM_CAP)
    made: Claims = state.claims
    return made


@router.post("/api/queues/{queue_id}/claim")
async def claim(
    who: Annotated[Principal, allow("task.claim")],
    request: Request,
    queue_id: UUID,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=KEY_LENGTH)] = None,
) -> Response:
    """{volunteer?, team?, max?, skills?} → {"tasks": [{id, fence, lease_until, …}]}, empty when there is none."""
    return json_response(await claim_from(request.app.state, who, queue_id, await read_body(request, MAX_BODY), key))


async def claim_from(state: Any, who: Principal, queue_id: UUID, raw: bytes, key: str | None) -> dict[str, Any]:
    """The best of a queue, as `raw` asks for it. `state`: the application's."""
    asked = _parse(raw)
    batcher = claims_of(state)
    queue = await batcher.queue(queue_id)
    if not who.may("task.claim", centre_id=queue["centre_id"], emergency_id=queue["emergency_id"]):
        raise not_found("queue")
    return await batcher.claim(_request(who, queue, asked, key))


@router.post("/api/tasks/{task_id}/claim")
async def claim_one(
    who: Annotated[Principal, allow("task.claim")],
    request: Request,
    task_id: UUID,
    ctx: Annotated[Context, Depends(context)],
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=KEY_LENGTH)] = None,
) -> Response:
    """{volunteer?, team?} → {"tasks": [this one]}; 409 with the reason why she may not have it."""
    asked = _parse(await read_body(request, MAX_BODY))
    async with ctx.db.tx() as conn:
        queue = await queries.queue_of(conn, task_id)
    if queue is None or not who.may("task.claim", centre_id=queue["centre_id"], emergency_id=queue["emergency_id"]):
        raise not_found("task")
    wanted = replace(_request(who, queue, {**asked, "max": 1, "skills": None}, key, task_id), task_id=task_id)
    # A dispatcher knows her people; who chooses for herself does what she has learnt.
    return json_response(await claims(request).claim(replace(wanted, by_skill=not wanted.for_another)))


def _request(
    who: Principal, queue: dict[str, Any], asked: dict[str, Any], key: str | None, task_id: UUID | None = None
) -> ClaimRequest:
    volunteer, bound = _claimant(who, asked["volunteer"], queue)
    skills = asked["skills"]
    said = f"{queue['id']}\0{volunteer}\0{asked['max']}\0{skills}\0{asked['team']}\0{task_id}"
    return ClaimRequest(
        queue["id"],
        volunteer,
        asked["max"],
        who.actor,
        tuple(sorted(skills)) if skills is not None else None,
        f"claim:{who.actor}",
        key,
        hashlib.sha256(said.encode()).digest() if key else b"",
        bound,
        for_another=volunteer != who.volunteer_id,
        team_id=asked["team"],
    )


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(raw) if raw.strip() else {}
        volunteer = UUID(data["volunteer"]) if data.get("volunteer") else None
        team = UUID(data["team"]) if data.get("team") else None
        limit, skills = data.get("max", 1), data.get("skills")
    except (ValueError, TypeError, AttributeError):
        raise bad_request(
            "claim.invalid",
            "Send {volunteer?, team?, max?, skills?} as JSON.",
            "بدنه باید JSON با volunteer، team، max و skills باشد.",
        ) from None
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= rules.CLAIM_MAX:
        raise bad_request(
            "claim.max",
            f"max is a whole number from 1 to {rules.CLAIM_MAX}.",
            f"max باید عددی از ۱ تا {rules.CLAIM_MAX} باشد.",
        )
    if skills is not None and not (isinstance(skills, list) and all(isinstance(s, str) for s in skills)):
        raise bad_request("claim.skills", "skills is a list of codes.", "skills باید فهرستی از کدها باشد.")
    return {"volunteer": volunteer, "team": team, "max": limit, "skills": skills}


def _claimant(who: Principal, asked: UUID | None, queue: dict[str, Any]) -> tuple[UUID, UUID | None]:
    """For whom, and to which centre that volunteer must belong (None: any)."""
    staff = who.may("task.reassign", centre_id=queue["centre_id"], emergency_id=queue["emergency_id"])
    mine = who.volunteer_id
    if asked is not None and asked != mine:
        if not staff:
            raise problems.not_this_volunteer()
        return asked, who.centre_bound("task.reassign")
    if mine is None:
        raise Problem(
            422,
            "claim.who",
            "Say for which volunteer.",
            "بگویید برای کدام داوطلب.",
            fields=[{"field": "volunteer", "code": "missing", "message": "volunteer"}],
        )
    return mine, None
