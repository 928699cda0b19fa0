"""ACCEPT, DONE and FAIL by text: a code that works once, from the number of the volunteer it was given to.

The code of an offer takes ACCEPT and NO (which is read as FAIL): yes makes the task hers, no is remembered.

A number alone is easily borrowed and a code easily read over a shoulder: one without the other changes nothing. What
does not fit is kept as the report it is, shown to the task's dispatchers (`task.changed`, data {"sms": …}) and answered
with words that tell a stranger nothing.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal, Scope
from server.dispatch import answering, service, telling
from server.dispatch import sms_queries as queries
from server.dispatch import sms_rules as rules
from server.dispatch.service import Order
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.events import NewEvent, emit_many
from server.kernel.ids import clean_code
from server.messaging.models import HIGH
from server.reports import answer_queries
from server.reports.answering import Told, by_code
from server.reports.hearing import Heard
from server.volunteers.hearing import heard as alive

_SHOWN: Final = 5
"""Of how many tasks a text without a good code is shown."""
_ENDED: Final = {"DONE": "task.done", "FAIL": "task.failed"}


async def answer(conn: Conn, ctx: Context, heard: Sequence[Heard]) -> list[UUID]:
    """Carry out what volunteers have texted, each in a savepoint of its own, and answer it."""
    texts = [h for h in heard if by_code(h) and h.number and h.sender_hash]
    if not texts:
        return []
    senders = [h.sender_hash for h in texts if h.sender_hash]
    await answer_queries.lock_senders(conn, senders)
    told = Told(ctx, await answer_queries.recent(conn, senders))
    for h in sorted(texts, key=lambda h: (h.at, h.report_id)):
        await _one(conn, ctx, h, told)
    await told.put(conn)
    return []


async def _one(conn: Conn, ctx: Context, heard: Heard, told: Told) -> None:
    code = clean_code(heard.code or "")
    row = await queries.code(conn, ctx.sealing.keyed_hash(telling.PURPOSE, code)) if code else None
    sender, verb = heard.sender_hash or b"", heard.verb or ""
    if row is None:
        await _show(conn, verb, "number", await queries.held_by_number(conn, sender, _SHOWN))
        told.reply(heard, "task.code_unknown" if code else "task.code_missing", {})
        return
    own = row["phone_hash"] is not None and bytes(row["phone_hash"]) == sender
    if not own or verb not in row["verbs"]:
        await _show(conn, verb, "own" if own else "other", [row | {"id": row["task_id"]}])
        told.reply(heard, "task.code_unknown", {})
    elif row["used"]:
        # The same words again have had their effect and their answer; other words with a spent code have none.
        if row["used_as"] != verb:
            await _show(conn, verb, "own", [row | {"id": row["task_id"]}])
            told.reply(heard, "task.code_used", {})
    elif row["expired"]:
        await _show(conn, verb, "own", [row | {"id": row["task_id"]}])
        told.reply(heard, "task.code_old", {})
    else:
        await _carry_out(conn, ctx, heard, row, told)


async def _show(conn: Conn, verb: str, whose: str, tasks: Sequence[DictRow]) -> None:
    """Tell the dispatchers of these tasks that a text came which changed nothing. `whose`: the number it came from."""
    await emit_many(
        conn,
        [
            NewEvent(
                "task.changed",
                "task",
                t["id"],
                t["emergency_id"],
                "system",
                t["centre_id"],
                {"sms": verb, "from": whose},
            )
            for t in tasks
        ],
    )


async def _carry_out(conn: Conn, ctx: Context, heard: Heard, row: DictRow, told: Told) -> None:
    """Spend the code and do what it says under its own fence; a fence that is old ends as in the app."""
    verb, volunteer = heard.verb or "", row["volunteer_id"]
    who = Principal("sms", volunteer, (Scope("volunteer", row["volunteer_centre"], None, volunteer),))
    reason = rules.fail_reason(heard.tail) if verb == "FAIL" else None
    order = Order(row["fence"], reason, heard.tail or None if verb != "ACCEPT" else None)
    await queries.spend(conn, bytes(row["code_hash"]), heard.report_id, verb)
    if row["offer_id"]:
        await _answer_offer(conn, ctx, who, row, heard, told)
    else:
        await _act(conn, ctx, who, row, heard, told, order)
    # Afterwards: what is done locks a need before its volunteer, and so must everybody.
    await alive(conn, [volunteer])


async def _act(conn: Conn, ctx: Context, who: Principal, row: DictRow, heard: Heard, told: Told, order: Order) -> None:
    verb = heard.verb or ""
    try:
        async with conn.transaction():
            done = await service.act(conn, ctx, who, row["task_id"], rules.VERBS[verb], order)
        stands = done.problem is None
    except Problem:
        stands = False
    if not stands:
        told.reply(heard, "task.passed_on", {"code": row["task_code"]})
    elif verb == "ACCEPT":
        await _accepted(conn, ctx, row, row["fence"], heard, told)
    else:
        told.reply(heard, _ENDED[verb], {"code": row["task_code"]})


async def _answer_offer(conn: Conn, ctx: Context, who: Principal, row: DictRow, heard: Heard, told: Told) -> None:
    """Yes or no to an offer; who is too late, or cannot be sent just now, is told so."""
    if heard.verb != "ACCEPT":
        try:
            async with conn.transaction():
                await answering.decline(conn, who, row["offer_id"])
        except Problem:
            told.reply(heard, "task.passed_on", {"code": row["task_code"]})
        else:
            told.reply(heard, "offer.declined", {})
        return
    try:
        async with conn.transaction():
            done = await answering.accept(conn, ctx, who, row["offer_id"])
    except Problem:
        told.reply(heard, "offer.unfit", {})
        return
    if done.problem is not None:
        told.reply(heard, "offer.too_late", {})
    else:
        await _accepted(conn, ctx, row, done.body["fence"], heard, told)


async def _accepted(conn: Conn, ctx: Context, row: DictRow, fence: int, heard: Heard, told: Told) -> None:
    """It is hers: a code for the end of it, and a lease as long as a telephone without a heartbeat needs."""
    code = await telling.issue(conn, ctx, row["task_id"], fence, row["volunteer_id"], rules.NEXT, rules.NEXT_LIVES_S)
    await queries.prolong(conn, [row["task_id"]], ["accepted", "en_route"], ctx.settings.sms_hold_s)
    told.reply(heard, "task.accepted", {"code": code}, HIGH)
