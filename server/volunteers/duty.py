"""Duty: who checks in is on duty and gives a sign of life from time to time; who served long rests."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit
from server.messaging.alarms import end_alarm
from server.volunteers import duty_queries as queries
from server.volunteers import duty_rules as rules
from server.volunteers.hearing import ALARM


def resting(until: datetime) -> Problem:
    """409: the rest after a long duty is not over."""
    return Problem(
        409,
        "volunteer.rests",
        "This volunteer has to rest first.",
        "این داوطلب باید نخست استراحت کند.",
        extra={"until": until.isoformat()},
    )


def not_there(row: DictRow) -> Problem | None:
    """409 for whom no centre has confirmed, or whom it has put down as inactive; None for everybody else."""
    if row["vetting"] != "vetted":
        return Problem(
            409,
            "volunteer.not_vetted",
            "A centre has to confirm this volunteer first.",
            "نخست باید مرکز این داوطلب را تأیید کند.",
        )
    if row["status"] == "inactive":
        return Problem(
            409,
            "volunteer.inactive",
            "The centre has put this volunteer down as inactive.",
            "مرکز این داوطلب را غیرفعال کرده است.",
        )
    return None


async def card(conn: Conn, volunteer_id: UUID, *, lock: bool = False) -> DictRow:
    """Her row as `queries.card` gives it. Raises 404."""
    row = await queries.card(conn, volunteer_id, lock=lock)
    if row is None:
        raise not_found("volunteer")
    return row


async def check_in(conn: Conn, volunteer_id: UUID, every_s: int | None, actor: str) -> DictRow:
    """On duty from now, or a sign of life of who is; a sign is then due every `every_s` seconds.

    Raises 409 while a rest by the rules, or by a person of the centre, is not over. Her own rest ends with it.
    """
    row = await card(conn, volunteer_id, lock=True)
    if problem := not_there(row):
        raise problem
    now, began = row["now"], row["on_duty_since"] is None
    # Who was on duty when her rest began goes on giving signs of life: she may be on her way home.
    if began and row["rest_until"] and row["rest_until"] > now and row["rest_why"] != "own":
        raise resting(row["rest_until"])
    every = every_s or row["check_every_s"] or rules.CHECK_EVERY_S
    changes: dict[str, Any] = {
        "heard_at": now,
        "check_every_s": every,
        "check_due_at": now + timedelta(seconds=every),
        "silent_at": None,
    }
    if began:
        changes |= {
            "on_duty_since": now,
            "duty_began_at": rules.stretch(now, row["duty_began_at"], row["duty_ended_at"]),
            "rest_until": None,
            "rest_why": None,
            "status": "active",
        }
        await queries.enter_shift(conn, volunteer_id, rules.EARLY_H)
    await queries.write(conn, volunteer_id, changes)
    await _not_silent(conn, row)
    await tell(conn, row, "volunteer.checked_in", actor, {"every_s": every, "began": began})
    return await card(conn, volunteer_id)


async def check_out(conn: Conn, volunteer_id: UUID, actor: str) -> DictRow:
    """Off duty; the rest that the rules ask for begins. Who is not on duty is answered the same; nothing changes."""
    row = await card(conn, volunteer_id, lock=True)
    if row["on_duty_since"] is None and row["check_every_s"] is None:
        return row
    now = row["now"]
    changes: dict[str, Any] = {
        "on_duty_since": None,
        "duty_ended_at": now,
        "heard_at": now,
        "check_every_s": None,
        "check_due_at": None,
        "silent_at": None,
    }
    rest = rules.rest_after(row["duty_began_at"], now) if row["on_duty_since"] else timedelta()
    if rest:
        changes |= {"rest_until": max(now + rest, row["rest_until"] or now), "rest_why": "duty"}
    await queries.write(conn, volunteer_id, changes)
    await queries.leave_shifts(conn, volunteer_id)
    await _not_silent(conn, row)
    data = {"rest_h": int(rest / timedelta(hours=1)), "holds": row["holds"]}
    await tell(conn, row, "volunteer.checked_out", actor, data)
    return await card(conn, volunteer_id)


async def set_availability(conn: Conn, volunteer_id: UUID, asked: dict[str, Any], actor: str) -> DictRow:
    """What she says of herself: `status` (active, resting, away) and `rest_h` (0 ends her own rest).

    A rest by the rules, or by a person of the centre, she may prolong and not shorten: 409 `volunteer.rests`.
    """
    row = await card(conn, volunteer_id, lock=True)
    if problem := not_there(row):
        raise problem
    now, until = row["now"], row["rest_until"]
    bound = until is not None and until > now and row["rest_why"] != "own"
    changes: dict[str, Any] = {}
    if (status := asked.get("status")) and status != row["status"]:
        changes["status"] = status
    if (hours := asked.get("rest_h")) is not None:
        wished = now + timedelta(hours=hours) if hours else None
        if bound and (wished is None or wished < until):
            raise resting(until)
        changes |= {"rest_until": wished, "rest_why": (row["rest_why"] if bound else "own") if wished else None}
    if not changes:
        return row
    await queries.write(conn, volunteer_id, changes)
    await tell(conn, row, "volunteer.changed", actor, {"fields": sorted(asked)})
    return await card(conn, volunteer_id)


async def _not_silent(conn: Conn, row: DictRow) -> None:
    if row["silent_at"] is not None:
        await end_alarm(conn, ALARM, row["code"])
        await tell(conn, row, "volunteer.heard", "system", {"code": row["code"]})


async def tell(conn: Conn, row: DictRow, verb: str, actor: str, data: dict[str, Any]) -> None:
    """An event about a volunteer of a centre."""
    await emit(conn, NewEvent(verb, "volunteer", row["id"], None, actor, row["centre_id"], data))


def shown(row: DictRow) -> dict[str, Any]:
    """Her card as the API gives it. Moments as ISO 8601; `now` is the database's clock, for countdowns."""
    moments = ("rest_until", "on_duty_since", "heard_at", "check_due_at", "silent_at", "now")
    resting_now = row["rest_until"] is not None and row["rest_until"] > row["now"]
    return {
        "id": str(row["id"]),
        "code": row["code"],
        "centre": {"id": str(row["centre_id"]), "code": row["centre"], "fa": row["name_fa"], "en": row["name_en"]},
        **{k: row[k] for k in ("skills", "languages", "gender", "vehicle", "capacity_kg", "status", "vetting")},
        **{k: row[k].isoformat() if row[k] else None for k in moments},
        "rest_why": row["rest_why"] if resting_now else None,
        "resting": resting_now,
        "check_every_s": row["check_every_s"],
        "team": row["team"],
        "holds": row["holds"],
        "may_be_sent": row["status"] == "active" and row["vetting"] == "vetted" and not resting_now,
    }
