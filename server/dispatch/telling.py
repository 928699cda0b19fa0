"""A volunteer is texted a task that a dispatcher gave her, or that is proposed to her: with a code that works once,
from her own number.

Only what somebody else decides is texted: who claims in the app has the task before her eyes. The text names neither
place nor people; where to go is in the app, or she asks her centre.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from server.access.context import Context
from server.access.sealing import SealedError
from server.dispatch import sms_queries as queries
from server.dispatch import sms_rules as rules
from server.kernel.db import Conn
from server.kernel.ids import new_code
from server.messaging.models import HIGH, LIFE, NORMAL
from server.messaging.outbox import Draft, put

log = structlog.get_logger("dispatch")
TABLE: Final = "volunteers"
PURPOSE: Final = "task_code"
_PRIORITY: Final = {"life": LIFE, "high": HIGH}


async def tell(conn: Conn, ctx: Context, tasks: Sequence[Mapping[str, Any]]) -> dict[UUID, datetime]:
    """Text those of the new holders who have a number; their leases last longer: task → until when.

    `tasks`: rows as `queries.hold` gives them (id, fence, holder_id, urgency, emergency_id). One text a fence.
    """
    people = await queries.numbers(conn, list({t["holder_id"] for t in tasks}))
    drafts, told = [], []
    for task in tasks:
        person = people.get(task["holder_id"])
        number = _number(ctx, person) if person else None
        if person is None or number is None:
            continue
        code = await issue(conn, ctx, task["id"], task["fence"], task["holder_id"], rules.FIRST, rules.FIRST_LIVES_S)
        told.append(task["id"])
        drafts.append(
            Draft(
                "task",
                number,
                template="task.new",
                params={"code": code},
                lang=language(person["languages"], ctx.settings.language),
                priority=_PRIORITY.get(task["urgency"], NORMAL),
                dedupe_key=f"task:{task['id']}:{task['fence']}",
                task_id=task["id"],
                emergency_id=task["emergency_id"],
                expires_s=ctx.settings.sms_accept_s,
            )
        )
    await put(conn, ctx, drafts)
    return await queries.prolong(conn, told, ["claimed"], ctx.settings.sms_accept_s) if told else {}


async def propose(conn: Conn, ctx: Context, offers: Sequence[Mapping[str, Any]]) -> None:
    """Text offers: each {id, task_id, task_fence, volunteer_id, kind, urgency, emergency_id, answer_s}.

    Who has no number (or none that can be opened now) is passed over: the offer stands on her page.
    """
    people = await queries.numbers(conn, list({o["volunteer_id"] for o in offers}))
    drafts = []
    for offer in offers:
        person = people.get(offer["volunteer_id"])
        number = _number(ctx, person) if person else None
        if person is None or number is None:
            continue
        lives_s = rules.OFFER_LIVES_S if offer["kind"] == "offer" else offer["answer_s"]
        code = await issue(
            conn,
            ctx,
            offer["task_id"],
            offer["task_fence"],
            offer["volunteer_id"],
            rules.OFFERED,
            lives_s,
            offer_id=offer["id"],
        )
        drafts.append(
            Draft(
                "task",
                number,
                template=f"offer.{offer['kind']}",
                params={"code": code},
                lang=language(person["languages"], ctx.settings.language),
                priority=_PRIORITY.get(offer["urgency"], NORMAL),
                dedupe_key=f"offer:{offer['id']}",
                task_id=offer["task_id"],
                emergency_id=offer["emergency_id"],
                expires_s=offer["answer_s"],
            )
        )
    await put(conn, ctx, drafts)


async def issue(
    conn: Conn,
    ctx: Context,
    task_id: UUID,
    fence: int,
    volunteer_id: UUID,
    verbs: Sequence[str],
    lives_s: int,
    *,
    offer_id: UUID | None = None,
) -> str:
    """A fresh code for one task, fence and volunteer, or for an offer of it; only its keyed hash is kept."""
    code = new_code(rules.CODE_SIGNS)
    await queries.add_code(
        conn,
        {
            "hash": ctx.sealing.keyed_hash(PURPOSE, code),
            "task_id": task_id,
            "fence": fence,
            "volunteer_id": volunteer_id,
            "verbs": list(verbs),
            "lives_s": lives_s,
            "offer_id": offer_id,
        },
    )
    return code


def language(languages: Sequence[str], default: str) -> str:
    """The one of ours that a volunteer reads; the country's where nothing is said."""
    return next((code for code in (default, "fa", "en") if code in languages), default)


def _number(ctx: Context, person: Mapping[str, Any]) -> str | None:
    """The number in plain; None without the opening key: then nobody is texted, and the board shows it unanswered."""
    try:
        record = ctx.sealing.of(TABLE, person["id"], bytes(person["data_key_wrapped"]))
        plain = record.open("phone_sealed", bytes(person["phone_sealed"]))
    except SealedError:
        log.warning("task.untold", volunteer=str(person["id"]))
        return None
    return plain.decode() if plain else None
