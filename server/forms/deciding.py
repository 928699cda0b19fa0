"""A person's word on what a form says and could not be carried out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from field_forms.mapping import FormReport
from field_forms.openrosa import InstanceRefused
from server.access.context import Context
from server.access.principal import Principal
from server.access.problems import sealing_closed
from server.access.sealing import SealedError
from server.forms import answering, effect_edits, settling, stored, versions
from server.forms import effect_queries as queries
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit
from server.reports.weaving import OnNeeds


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants what of which effect; `on_needs`: what follows from needs."""

    principal: Principal
    submission_id: UUID
    effect_id: UUID
    on_needs: Sequence[OnNeeds] = ()


def over() -> Problem:
    """409: it was carried out or let be meanwhile, or a later edit counts."""
    return Problem(
        409,
        "effect.over",
        "This no longer waits: it was settled, or a later form counts in its place.",
        "این دیگر در انتظار نیست: روشن شده، یا فرم تازه‌تری جای آن را گرفته است.",
    )


async def _taken(conn: Conn, wish: Wish) -> tuple[DictRow, DictRow]:
    """The submission and its refused effect, locked, within the person's bounds. Raises 404, 409 `effect.over`."""
    submission = await queries.take(conn, wish.submission_id)
    if submission is None or not _may(wish.principal, submission):
        raise not_found("submission")
    effect = await queries.effect(conn, wish.effect_id)
    if effect is None or effect["submission_id"] != submission["id"]:
        raise not_found("effect")
    return submission, effect


def _may(principal: Principal, submission: DictRow) -> bool:
    return any(
        scope.emergency_id in {None, submission["at_emergency"]} and scope.centre_id in {None, submission["centre_id"]}
        for scope in principal.scopes_for("submission.settle")
    )


async def dismiss(conn: Conn, ctx: Context, wish: Wish) -> dict[str, Any]:
    """It is not carried out, and needs nobody any more. Twice is once."""
    del ctx
    submission, effect = await _taken(conn, wish)
    if effect["state"] == "dismissed":
        return _shown(submission, effect)
    if effect["state"] != "refused":
        raise over()
    await queries.mark_effects(conn, [effect["id"]], "dismissed", {"by": wish.principal.actor})
    await _tell(conn, wish, submission, "dismissed", effect)
    return _shown(submission, await queries.effect(conn, effect["id"]) or effect)


async def retry(conn: Conn, ctx: Context, wish: Wish) -> dict[str, Any]:
    """Try it once more, the person answering for it: her rights count, not those of the phone."""
    submission, effect = await _taken(conn, wish)
    if effect["state"] == "done":
        return _shown(submission, effect)
    if effect["state"] != "refused" or not submission["current"]:
        raise over()
    report = await _report(conn, ctx, submission)
    actor = wish.principal.actor
    job, members = await settling.job_of(conn, ctx, submission, report, actor, wish.on_needs)
    job = replace(job, who=wish.principal, by_hand=True)
    job.earlier = await queries.done_effects(conn, [m["id"] for m in members])
    await effect_edits.once_more(job, effect)
    await settling.follow(job)
    again = await queries.effect(conn, effect["id"]) or effect
    await _tell(conn, wish, submission, again["state"], effect)
    return _shown(submission, again)


async def _report(conn: Conn, ctx: Context, submission: DictRow) -> FormReport:
    """What the form says, read again. Raises 503 without the opening key, 409 where nothing can be read."""
    version = await versions.load(conn, submission["version_id"]) if submission["version_id"] else None
    try:
        xml = await stored.xml_of(conn, ctx, submission["opened_report_id"] or submission["report_id"])
        found = await asyncio.to_thread(partial(answering.Says(version).report, xml, summary=False))
    except SealedError:
        raise sealing_closed() from None
    except InstanceRefused:
        found = None
    if found is None:
        raise over()
    return found


async def _tell(conn: Conn, wish: Wish, submission: DictRow, state: str, effect: DictRow) -> None:
    data = {"effect": str(effect["id"]), "kind": effect["kind"], "state": state}
    event = NewEvent(
        "submission.settled",
        "submission",
        submission["id"],
        submission["at_emergency"],
        wish.principal.actor,
        submission["centre_id"],
        data,
    )
    await emit(conn, event)


def _shown(submission: DictRow, effect: DictRow) -> dict[str, Any]:
    return {
        **effect,
        "form_id": submission["form_id"],
        "report_id": submission["report_id"],
        "emergency_id": submission["at_emergency"],
        "centre_id": submission["centre_id"],
    }
