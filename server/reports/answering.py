"""Every sender gets an answer: a receipt, what became of a report, a correction, an end to all messages.

Called by the chain with what it has just read, in the batch's transaction: an answer stands in the outbox exactly when
its report is read. A lock on each number makes two chain processes take turns with it, so what one storm is answered
stays counted. Nothing of a number or of words is kept here; the outbox seals the number.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.ids import clean_code
from server.messaging import outbox_queries
from server.messaging.models import NORMAL
from server.messaging.numbers import normal_number
from server.messaging.outbox import Draft, put
from server.reports import answer_queries as queries
from server.reports import answer_rules as rules
from server.reports import correcting
from server.reports.hearing import Heard

BY_CODE: Final = frozenset({"ACCEPT", "DONE", "FAIL"})
"""Answered where tasks are (`dispatch.by_sms`)."""


def by_code(heard: Heard) -> bool:
    """Whether it is a volunteer's text about a task; typed by somebody who listened it proves no number."""
    return heard.verb in BY_CODE and heard.channel == "sms"


async def answer(conn: Conn, ctx: Context, heard: Sequence[Heard]) -> list[UUID]:
    """Put the answers to a batch into the outbox; the needs that its corrections have changed."""
    own = await _own_numbers(conn, ctx) if any(h.number for h in heard) else set()
    people = [h for h in heard if h.sender_hash and rules.is_person(h.number, own) and not by_code(h)]
    if not people:
        return []
    await queries.lock_senders(conn, [h.sender_hash for h in people if h.sender_hash])
    told = Told(ctx, await queries.recent(conn, list({h.sender_hash for h in people if h.sender_hash})))
    await _receipts(conn, [h for h in people if h.verb in {None, "NEED", *BY_CODE} and not h.again], told)
    await _stops(conn, [h for h in people if h.verb in {"STOP", "START"} and not h.code], told)
    await _statuses(conn, [h for h in people if h.verb == "STATUS"], told)
    changed = await _corrections(conn, ctx, [h for h in people if h.verb in {"FIX", "STOP"} and h.code], told)
    await told.put(conn)
    return changed


async def _own_numbers(conn: Conn, ctx: Context) -> set[str]:
    return {normal_number(n, ctx.settings.country) for n in await queries.own_numbers(conn)}


class Told:
    """What each number was told of late, and what it is to be told now."""

    def __init__(self, ctx: Context, rows: Sequence[DictRow]) -> None:
        self.ctx = ctx
        self.rows: dict[bytes, list[DictRow]] = defaultdict(list)
        for row in rows:
            self.rows[bytes(row["to_hash"])].append(row)
        self.drafts: list[Draft] = []
        self._said: set[tuple[str, str, str]] = set()
        self._now: dict[bytes, int] = defaultdict(int)

    def recent(self, sender: bytes) -> rules.Recent:
        """How things stand with a number."""
        receipts = [r for r in self.rows[sender] if r["template"] == "receipt"]
        last = receipts[-1] if receipts else None
        return rules.Recent(
            last["age_s"] if last else None,
            bool(last and last["state"] == "queued"),
            self.many(sender) is not None,
            len(self.rows[sender]),
        )

    def many(self, sender: bytes) -> UUID | None:
        """The receipt for many that has not left yet."""
        waiting = [r["id"] for r in self.rows[sender] if r["template"] == "receipt.many" and r["state"] == "queued"]
        return waiting[-1] if waiting else None

    def gone(self, sender: bytes) -> None:
        """The receipt for many has just left: forget that it was waiting."""
        self.rows[sender] = [r for r in self.rows[sender] if r["template"] != "receipt.many"]

    def reply(self, to: Heard, template: str, params: Mapping[str, Any], priority: int = NORMAL) -> None:
        """Answer a command, unless the same was just told or the number has been told enough for this hour."""
        sender, kept = to.sender_hash or b"", dict(params)
        rows = self.rows[sender]
        lately = any(r["template"] == template and r["params"] == kept and r["age_s"] < rules.SAME_S for r in rows)
        mark = (sender.hex(), template, repr(sorted(kept.items())))
        if lately or mark in self._said or len(rows) + self._now[sender] >= rules.CAP:
            return
        self._said.add(mark)
        self._now[sender] += 1
        self._draft(to, "answer", template, kept, priority, f"answer:{to.report_id}")

    def receipt(self, to: Heard) -> None:
        """The receipt of one report."""
        self._draft(
            to, "receipt", "receipt", {"code": to.receipt}, rules.priority_of(to.urgency), f"receipt:{to.report_id}"
        )

    def receipt_of_many(self, these: Sequence[Heard], wait_s: float) -> None:
        """One receipt for several reports of a number; it may still grow until it leaves."""
        last, priority = these[-1], min(rules.priority_of(h.urgency) for h in these)
        params = {"count": len(these), "code": last.receipt}
        self._draft(last, "receipt", "receipt.many", params, priority, f"receipts:{these[0].report_id}", wait_s)

    async def put(self, conn: Conn) -> None:
        """Write the answers down."""
        await put(conn, self.ctx, self.drafts)

    def _draft(
        self, to: Heard, kind: str, template: str, params: dict[str, Any], priority: int, key: str, wait_s: float = 0.0
    ) -> None:
        self.drafts.append(
            Draft(
                kind,
                to.number or "",
                template=template,
                params=params,
                lang=rules.answered_in(to.lang, self.ctx.settings.language),
                priority=priority,
                dedupe_key=key,
                report_id=to.report_id,
                emergency_id=to.emergency_id,
                delay_s=wait_s,
            )
        )


async def _receipts(conn: Conn, heard: Sequence[Heard], told: Told) -> None:
    """A receipt at once for the first report of a number, one for all that follow within the window."""
    of: dict[bytes, list[Heard]] = defaultdict(list)
    for h in sorted(heard, key=lambda h: (h.at, h.report_id)):
        of[h.sender_hash or b""].append(h)
    plans = {sender: rules.collapse(told.recent(sender), len(new)) for sender, new in of.items()}
    growing: list[tuple[UUID, int, str, UUID, int]] = []
    for sender, plan in plans.items():
        if plan.adds and (many := told.many(sender)):
            new = of[sender]
            priority = min(rules.priority_of(h.urgency) for h in new)
            growing.append((many, len(new), new[-1].receipt, new[-1].report_id, priority))
    grown = await queries.add_to_many(conn, growing)
    for sender, plan in plans.items():
        if plan.adds and told.many(sender) in grown:
            continue
        if plan.adds:
            # It left in this very moment: what it does not speak of is acknowledged anew.
            told.gone(sender)
        now = rules.collapse(told.recent(sender), len(of[sender])) if plan.adds else plan
        if now.at_once:
            told.receipt(of[sender][0])
        if now.joined:
            told.receipt_of_many(of[sender][-now.joined :], now.wait_s)


async def _stops(conn: Conn, heard: Sequence[Heard], told: Told) -> None:
    """STOP and START of a number; each is confirmed when it changes something."""
    for h in heard:
        sender = h.sender_hash or b""
        if h.verb == "STOP" and not h.again and await outbox_queries.stop(conn, sender, h.report_id):
            told.reply(h, "stop.done", {})
        elif h.verb == "START" and not h.again and await outbox_queries.resume(conn, sender):
            told.reply(h, "start.done", {})


async def _statuses(conn: Conn, heard: Sequence[Heard], told: Told) -> None:
    """What became of a report: of the one whose code was sent, else of the sender's last. A state, and nothing else.

    Whoever has the code may ask; a number that asks about many codes of others is trying them out and hears nothing.
    """
    if not heard:
        return
    known = await queries.of_codes(conn, [clean_code(h.code) for h in heard if h.code])
    last = await queries.last_of(conn, [h.sender_hash for h in heard if not h.code and h.sender_hash])
    found = {h.report_id: known.get(clean_code(h.code)) if h.code else last.get(h.sender_hash or b"") for h in heard}
    strange = [h for h in heard if h.code and not _is_own(h, found[h.report_id])]
    asked = await queries.strangers_asked(conn, [h.sender_hash for h in strange if h.sender_hash]) if strange else {}
    states = await _states(conn, [row["id"] for row in found.values() if row])
    for h in heard:
        row = found[h.report_id]
        if h in strange and asked.get(h.sender_hash or b"", 0) > rules.STRANGERS:
            continue
        if row:
            # The code as it was sent: the spool may have promised another one for the same report.
            code = clean_code(h.code) if h.code else row["receipt"]
            told.reply(h, "status", {"code": code, "state": states[row["id"]]})
        elif h.code:
            told.reply(h, "status", {"code": clean_code(h.code)[:12], "state": "unknown"})
        else:
            told.reply(h, "help", {})


def _is_own(heard: Heard, row: DictRow | None) -> bool:
    return row is not None and row["sender_hash"] is not None and bytes(row["sender_hash"]) == heard.sender_hash


async def _states(conn: Conn, report_ids: Sequence[UUID]) -> dict[UUID, str]:
    if not report_ids:
        return {}
    reports, links = await queries.facts(conn, report_ids)
    parts: dict[UUID, list[rules.Part]] = defaultdict(list)
    for link in links:
        parts[link["report_id"]].append(rules.Part(link["status"], link["task"]))
    return {
        r["id"]: rules.state_of(r["read_state"], triage=r["triage"], seen=r["seen"], parts=parts[r["id"]])
        for r in reports
    }


async def _corrections(conn: Conn, ctx: Context, heard: Sequence[Heard], told: Told) -> list[UUID]:
    """FIX code … and STOP code, from the report's own sender alone; the needs that changed."""
    if not heard:
        return []
    known = await queries.of_codes(conn, [clean_code(h.code) for h in heard if h.code])
    changed: list[UUID] = []
    for h in sorted(heard, key=lambda h: (h.at, h.report_id)):
        code = clean_code(h.code or "")
        row = known.get(code)
        if not _is_own(h, row) or row is None:
            # One answer for a code that does not exist and for somebody else's: nobody can try codes out here.
            told.reply(h, "fix.unknown", {"code": code[:12]})
            continue
        work = correcting.withdraw if h.verb == "STOP" else correcting.correct
        done, needs = await work(conn, ctx, h, row)
        changed += needs
        told.reply(h, {"STOP": "stop.code"}.get(h.verb or "", "fix.done") if done else "fix.asked", {"code": code})
    return changed
