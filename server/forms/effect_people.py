"""Closures, volunteers who check in, and what became of needs, as forms tell of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from field_forms.mapping import FormReport
from field_forms.structures import FormCheckin, FormClosure, FormFollowup
from server.access.context import Context
from server.closures import telling
from server.forms import effect_queries as queries
from server.forms.effects import Done, Job, Kind
from server.kernel.errors import Problem
from server.kernel.events import NewEvent, emit
from server.needs import following
from server.needs import service as needs
from server.volunteers import positions
from server.volunteers import queries as volunteer_queries

_LIVE = frozenset({"open", "tasked"})


def moment(said: str | None) -> datetime | None:
    """An ISO 8601 moment; a date ends with its day, and a moment without a zone is UTC. None for a bare time."""
    if said is None:
        return None
    try:
        day = date.fromisoformat(said)
    except ValueError:
        pass
    else:
        return datetime.combine(day, time.min, UTC) + timedelta(days=1)
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _close(job: Job, nth: int, told: FormClosure) -> Done:
    """Closed: joined or made. Open: the nearest is lifted."""
    own = next((r for r in job.earlier if (r["kind"], r["nth"]) == ("closure", nth) and r["data"].get("made")), None)
    facts = telling.Told(job.the_emergency(), told.kind, told.geometry, moment(told.until), job.report_id)
    if told.state == "open":
        lifted = await telling.lift(job.conn, facts, job.actor)
        return Done("closure", lifted.id, {"state": "open", "version": lifted.version})
    found = await telling.close(job.conn, facts, job.actor, own=own["subject_id"] if own else None)
    made = found.made or (own is not None and own["subject_id"] == found.id)
    return Done("closure", found.id, {"state": "closed", "version": found.version, "made": made})


async def _reopen(job: Job, row: DictRow) -> None:
    """What an earlier edit closed is lifted, what it lifted is closed; what it only joined stays others' word."""
    lifted = row["data"].get("state") == "open"
    if row["subject_id"] is None or not (lifted or row["data"].get("made")):
        return
    version = int(row["data"]["version"])
    if not await telling.take_back(job.conn, row["subject_id"], version, lifted=lifted, actor=job.actor):
        raise Problem(
            409,
            "closure.changed",
            "Somebody has changed this closure since; say whether it still stands.",
            "کسی پس از آن این بسته‌بودن را تغییر داده است؛ بگویید هنوز برقرار است یا نه.",
        )


async def _check_in(job: Job, nth: int, told: FormCheckin) -> Done:
    """A volunteer is active, resting or away; a rough position, for a while, where the form has one."""
    del nth
    row = await queries.volunteer_by_code(job.conn, told.volunteer)
    if row is None or not _may_speak_for(job, row):
        raise Problem(
            422,
            "volunteer.unknown",
            "There is no volunteer of this code whom this phone may check in.",
            "داوطلبی با این کد که این گوشی بتواند حضورش را ثبت کند نیست.",
        )
    before = next((r["data"]["before"] for r in job.earlier if _same(r, "checkin", row["id"])), row["status"])
    data = {"state": told.state, "before": before, "until": told.until}
    if row["status"] != told.state:
        await _set_status(job, row, told.state)
    if told.lon is not None and told.lat is not None:
        job.later.append(partial(_keep_position, job.ctx, row["id"], told.lon, told.lat))
    return Done("volunteer", row["id"], data)


def _same(row: Mapping[str, Any], kind: str, subject: UUID) -> bool:
    return bool(row["kind"] == kind and row["subject_id"] == subject)


async def _set_status(job: Job, row: Mapping[str, Any], status: str) -> None:
    await volunteer_queries.change(job.conn, row["id"], {"status": status})
    event = NewEvent(
        "volunteer.changed", "volunteer", row["id"], None, job.actor, row["centre_id"], {"fields": ["status"]}
    )
    await emit(job.conn, event)


def _may_speak_for(job: Job, row: Mapping[str, Any]) -> bool:
    """A volunteer's own link speaks for her alone; a team's phone for its centre's, one that is bound to none for all.

    Whom the house has struck off (`inactive`) comes back by no form.
    """
    if row["status"] == "inactive":
        return False
    bound: UUID | None = job.submission["centre_id"]
    if bound is not None and row["centre_id"] != bound:
        return False
    if job.by_hand:
        return True
    who = job.who
    if who is None:
        return False
    return who.volunteer_id == row["id"] or who.has_role("field", "dispatcher", "coordinator", "admin")


async def _keep_position(ctx: Context, volunteer_id: UUID, lon: float, lat: float) -> None:
    try:
        await positions.keep(ctx, volunteer_id, lon, lat, None)
    except Problem:
        return  # a position is worth nothing later: the check-in itself is kept


async def _check_out(job: Job, row: DictRow) -> None:
    """Back to what she was before, unless she has changed since."""
    code = row["data"].get("before")
    found = await volunteer_queries.volunteer(job.conn, row["subject_id"], lock=True)
    if found is not None and code and found["status"] == row["data"]["state"] != code:
        await _set_status(job, found, code)


async def _follow(job: Job, nth: int, told: FormFollowup) -> Done:
    """Met: the need is met. Partly or not: it stays or is open again, with what is missing."""
    del nth
    row = await _need(job, told)
    data = {
        "result": told.result,
        "missing": told.missing,
        "reasons": list(told.reasons),
        "before": row["status"],
        "by": job.actor,
    }
    before = next((r["data"]["before"] for r in job.earlier if _same(r, "followup", row["id"])), None)
    data |= {"before": before} if before else {}
    if told.result == "met":
        if row["status"] in _LIVE:
            await needs.mark_met(job.conn, job.ctx, row["id"], job.actor)
            job.needs.append(row["id"])
    else:
        missing = Decimal(str(told.missing)) if told.missing is not None else None
        if not await following.still_lacking(job.conn, row["id"], missing, told.unit, job.actor):
            raise _no_need()
        job.needs.append(row["id"])
    return Done("need", row["id"], data)


def _no_need() -> Problem:
    return Problem(
        422,
        "need.unknown",
        "It is not clear which need was visited.",
        "روشن نیست کدام نیاز دیده شده است.",
    )


async def _need(job: Job, told: FormFollowup) -> DictRow:
    """The need that was visited: by its code, or of the chosen household and category."""
    if told.need:
        row = await queries.need_by_code(job.conn, told.need)
        for _ in range(8):  # merged again and again: the one that took it over answers for it
            if row is None or row["merged_into"] is None:
                break
            row = await queries.need_by_id(job.conn, row["merged_into"])
        if row is None or (job.emergency is not None and row["emergency_id"] != job.emergency):
            raise _no_need()
        return row
    if told.recipient is None or told.category is None:
        raise _no_need()
    asked = {
        "dataset": told.recipient.dataset,
        "key": told.recipient.id,
        "category": told.category,
        "emergency": job.the_emergency(),
    }
    found = await queries.needs_of_entity(job.conn, asked)
    if not found:
        raise _no_need()
    if told.result == "met" and found[0]["corroboration"] > 1 and not job.by_hand:
        # One family has what it lacked; the others who told of the same need were not visited.
        raise Problem(
            409,
            "need.shared",
            "Others too have told of this need; say whether it is met for all of them.",
            "دیگران هم این نیاز را گفته‌اند؛ بگویید برای همه برآورده شده است یا نه.",
            extra={"need": str(found[0]["id"])},
        )
    return found[0]


async def _unfollow(job: Job, row: DictRow) -> None:
    """What was met by an earlier edit's word is open again, unless somebody else has decided since."""
    if row["data"].get("result") != "met" or row["data"].get("before") not in _LIVE:
        return
    need = await queries.need_by_id(job.conn, row["subject_id"])
    if need is None or need["status"] != "met":
        return
    if need["decided_by"] != row["data"].get("by"):
        raise Problem(
            409,
            "need.decided",
            "Somebody has decided about this need since; say whether it is met.",
            "کسی پس از آن دربارهٔ این نیاز تصمیم گرفته است؛ بگویید برآورده شده یا نه.",
        )
    await following.still_lacking(job.conn, need["id"], None, None, job.actor)
    job.needs.append(need["id"])


def _closures(report: FormReport) -> tuple[FormClosure, ...]:
    return report.closures


def _checkins(report: FormReport) -> tuple[FormCheckin, ...]:
    return report.checkins


def _followups(report: FormReport) -> tuple[FormFollowup, ...]:
    return report.followups


CLOSURE = Kind("closure", _closures, _close, _reopen)
CHECKIN = Kind("checkin", _checkins, _check_in, _check_out)
FOLLOWUP = Kind("followup", _followups, _follow, _unfollow)
