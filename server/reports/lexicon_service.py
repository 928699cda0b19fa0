"""Use cases of the own lexicon: an entry tried on recent messages, saved, changed, taken back."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError, Sealing
from server.emergencies.routes import within
from server.kernel.db import Conn
from server.kernel.errors import bad_request, not_found, stale
from server.kernel.events import NewEvent, emit, emit_many
from server.kernel.ids import uuid7
from server.places import service as places
from server.places.gazetteer import Gazetteer
from server.reports import lexicon_queries as queries
from server.reports import own_words
from server.reports.amending_rules import labels
from server.reports.content import text_of
from server.reports.intake import TABLE
from server.reports.lexicon_errors import nothing_before, wrong_phrase
from server.reports.lexicon_schemas import EntryEdit, EntryIn, feature
from server.reports.own_words import Shelf
from server.reports.reading import OwnEntry, OwnWords, PhraseError, read
from server.reports.reading.own import GROUPS, check
from server.reports.reading.text import prepare
from server.reports.rereading_rules import difference

ENTRIES_MOST: Final = 500
TRIED_MOST: Final = 600
TRIED_S: Final = 2.0
"""An entry is tried on so many of the newest messages, for so long of one core at most."""
EXAMPLES_MOST: Final = 20
_BROAD_FROM: Final = 30
_BROAD_SHARE: Final = 3
_NARROW: Final = frozenset({"need_items", "need_weak", "need_direct", "incident", "urgency", "vulnerable", "kind"})
"""Groups of which a phrase that stands in one of three messages says nothing."""


@dataclass(slots=True)
class Tried:
    """What an entry does to recent messages: how many were looked at, have it, are read differently; and some."""

    looked: int = 0
    matched: int = 0
    changed: int = 0
    sealed: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def broad(self) -> bool:
        """Whether too many messages have it."""
        return self.looked >= _BROAD_FROM and self.matched * _BROAD_SHARE > self.looked


async def listed(
    conn: Conn, principal: Principal, *, limit: int, before: int | None, active: bool | None
) -> dict[str, Any]:
    """Entries as they are now, newest change first."""
    rows = await queries.page(
        conn, limit=limit + 1, before=before, within=within(principal, "words.read"), active=active
    )
    more = rows[limit - 1]["seq"] if len(rows) > limit else None
    return {"items": [feature(row) for row in rows[:limit]], "next": more}


async def history(conn: Conn, principal: Principal, entry_id: UUID) -> dict[str, Any]:
    """All versions of an entry, newest first."""
    return {"items": [feature(row) for row in await _seen(conn, principal, "words.read", entry_id)], "next": None}


async def _seen(conn: Conn, principal: Principal, permission: str, entry_id: UUID) -> list[DictRow]:
    """The versions of an entry within the reader's bounds, newest first, else 404. General ones all may read."""
    rows = await queries.versions(conn, entry_id)
    bound = within(principal, permission)
    general = permission == "words.read"
    if not rows or not (bound is None or rows[0]["emergency_id"] in bound or (general and not rows[0]["emergency_id"])):
        raise not_found("entry")
    return rows


async def try_out(conn: Conn, ctx: Context, principal: Principal, wish: EntryIn) -> dict[str, Any]:
    """What an entry would change in the recent messages; nothing is saved.

    Examples come with their words for who may open reports, each opening on record.
    """
    values, entry = await _checked(conn, principal, wish)
    tried, rows = await _tried(conn, ctx, principal, values, entry, wish.entry)
    by_id = {row["id"]: row for row in rows}
    await emit_many(
        conn,
        [
            NewEvent(
                "report.opened",
                "report",
                e["report"],
                by_id[e["report"]]["emergency_id"],
                principal.actor,
                data={"cause": "words"},
            )
            for e in tried.examples
        ],
    )
    return {
        "looked": tried.looked,
        "matched": tried.matched,
        "changed": tried.changed,
        "sealed": tried.sealed,
        "broad": tried.broad and entry.group in _NARROW,
        "differences": [{"difference": d, "n": n} for d, n in tried.differences.most_common(30)],
        "examples": tried.examples,
    }


async def add(conn: Conn, ctx: Context, principal: Principal, wish: EntryIn) -> dict[str, Any]:
    """Save a new entry; it holds for what is read from now on."""
    await queries.lock(conn)
    if await queries.count(conn) >= ENTRIES_MOST:
        raise wrong_phrase("many")
    values, entry = await _checked(conn, principal, wish)
    await _narrow(conn, ctx, principal, values, entry)
    return await _save(conn, principal, {**values, "entry_id": uuid7(), "number": 1, "active": True}, None)


async def change(conn: Conn, ctx: Context, principal: Principal, entry_id: UUID, edit: EntryEdit) -> dict[str, Any]:
    """A new version of an entry that the editor saw at `edit.version`: other words, or taken out and put back."""
    await queries.lock(conn)
    now = await _current(conn, principal, entry_id, edit.version)
    changes = edit.changes()
    wish = EntryIn(
        phrase=changes.get("phrase", now["phrase"]),
        group=changes.get("group", now["group"]),
        code=changes.get("code", now["code"]),
        place_id=changes.get("place_id", now["target_id"]),
        emergency=now["emergency_id"],
        entry=entry_id,
    )
    active = changes.get("active", now["active"])
    values, entry = await _checked(conn, principal, wish) if active else (_values(now, principal), None)
    if entry is not None and set(changes) - {"active"}:
        await _narrow(conn, ctx, principal, values, entry)
    return await _save(
        conn, principal, {**values, "entry_id": entry_id, "number": now["number"] + 1, "active": active}, now
    )


async def undo(conn: Conn, principal: Principal, entry_id: UUID, version: int) -> dict[str, Any]:
    """Go back to the version before the last; the first one is taken out. History only grows."""
    await queries.lock(conn)
    now = await _current(conn, principal, entry_id, version)
    rows = await queries.versions(conn, entry_id)
    earlier = rows[1] if len(rows) > 1 else None
    if earlier is None and not now["active"]:
        raise nothing_before()
    back = {**_values(earlier or now, principal), "active": bool(earlier and earlier["active"])}
    return await _save(conn, principal, {**back, "entry_id": entry_id, "number": now["number"] + 1}, now)


async def _current(conn: Conn, principal: Principal, entry_id: UUID, version: int) -> DictRow:
    row = (await _seen(conn, principal, "words.edit", entry_id))[0]
    if row["number"] != version:
        raise stale(feature(row))
    return row


def _values(row: Mapping[str, Any], principal: Principal) -> dict[str, Any]:
    kept = {k: row[k] for k in ("emergency_id", "phrase", "group", "code", "target_id")}
    return {**kept, "made_by": principal.actor}


async def _save(conn: Conn, principal: Principal, values: Mapping[str, Any], before: DictRow | None) -> dict[str, Any]:
    if values["active"] and await queries.alike(conn, values, values["entry_id"]):
        raise wrong_phrase("known")
    await queries.insert(conn, values)
    data = {"group": values["group"], "code": values["code"], "number": values["number"], "active": values["active"]}
    verb = "words.changed" if before else "words.added"
    await emit(conn, NewEvent(verb, "words", values["entry_id"], values["emergency_id"], principal.actor, data=data))
    return feature((await queries.versions(conn, values["entry_id"], 1))[0])


async def _checked(conn: Conn, principal: Principal, wish: EntryIn) -> tuple[dict[str, Any], OwnEntry]:
    """An entry as it would be saved, and as it would be read by. Raises 422 with what is wrong, 404 elsewhere."""
    bound = within(principal, "words.edit")
    if bound is not None and wish.emergency not in bound:
        raise bad_request("words.elsewhere", "Say for which of your emergencies.", "بگویید برای کدام عملیات شماست.")
    if wish.code not in GROUPS.get(wish.group, ()):
        raise wrong_phrase("group")
    target: DictRow | None = None
    if wish.group == "alias":
        target = await queries.place(conn, wish.place_id) if wish.place_id else None
        if target is None:
            raise wrong_phrase("place")
    try:
        await asyncio.to_thread(check, wish.phrase)
    except PhraseError as error:
        raise wrong_phrase(error.code) from None
    values = {
        "emergency_id": wish.emergency,
        "phrase": wish.phrase.strip(),
        "group": wish.group,
        "code": wish.code,
        "target_id": target["target_id"] if target else None,
        "made_by": principal.actor,
    }
    place = places.place_row(target) if target else None
    return values, OwnEntry(wish.phrase.strip(), wish.group, wish.code, place)


async def _narrow(conn: Conn, ctx: Context, principal: Principal, values: Mapping[str, Any], entry: OwnEntry) -> None:
    """Raise 422 when a phrase stands in so many recent messages that it says nothing."""
    if entry.group not in _NARROW:
        return
    rows = await _recent(conn, principal, values["emergency_id"])
    tried = await asyncio.to_thread(_scan, ctx.sealing, rows, entry)
    if tried.broad:
        raise wrong_phrase("broad")


async def _recent(conn: Conn, principal: Principal, emergency: UUID | None) -> list[DictRow]:
    return await queries.recent_reports(
        conn, limit=TRIED_MOST, emergency=emergency, within=within(principal, "words.edit")
    )


async def _tried(
    conn: Conn,
    ctx: Context,
    principal: Principal,
    values: Mapping[str, Any],
    entry: OwnEntry,
    instead: UUID | None,
) -> tuple[Tried, Sequence[DictRow]]:
    rows = await _recent(conn, principal, values["emergency_id"])
    now = await own_words.shelf(ctx)
    then = now.with_entry(instead, values["emergency_id"], entry)
    gazetteer = await places.gazetteer(ctx)
    showing = bool(principal.scopes_for("report.open"))
    trial = _Trial(ctx.sealing, gazetteer, now, then, entry, showing=showing, changed=instead is not None)
    return await asyncio.to_thread(trial.run, rows), rows


def _words(sealing: Sealing, row: Mapping[str, Any]) -> str | None:
    """The words of a report; None where they cannot be opened."""
    try:
        record = sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
        return text_of(record.open("body_sealed", row["body_sealed"]) or b"", row["content_type"])
    except SealedError:
        return None


def _scan(sealing: Sealing, rows: Sequence[Mapping[str, Any]], entry: OwnEntry) -> Tried:
    """In how many messages an entry stands at all: a tenth of the work of reading them."""
    tried, own, begun = Tried(), OwnWords([entry]), time.thread_time()
    for row in rows:
        if time.thread_time() - begun > TRIED_S:
            break
        text = _words(sealing, row)
        if text is None:
            tried.sealed += 1
            continue
        message = prepare(text)
        tried.looked += 1
        tried.matched += bool(own.scan(message.text, message.tokens))
    return tried


@dataclass(frozen=True, slots=True)
class _Trial:
    """Recent messages read as now and as with an entry; only those that have its words need to be read at all."""

    sealing: Sealing
    gazetteer: Gazetteer
    now: Shelf
    then: Shelf
    entry: OwnEntry
    showing: bool
    changed: bool

    def run(self, rows: Sequence[Mapping[str, Any]]) -> Tried:
        """Try the newest first, until time is up."""
        tried, own, begun = Tried(), OwnWords([self.entry]), time.thread_time()
        for row in rows:
            if time.thread_time() - begun > TRIED_S:
                break
            text = _words(self.sealing, row)
            if text is None:
                tried.sealed += 1
                continue
            tried.looked += 1
            message = prepare(text)
            hits = own.scan(message.text, message.tokens)
            tried.matched += bool(hits)
            if not hits and not self.changed:
                continue
            spans = [message.folded.span(h.start, h.end) for h in hits]
            self._compare(tried, row, text, spans)
        return tried

    def _compare(self, tried: Tried, row: Mapping[str, Any], text: str, spans: Sequence[tuple[int, int]]) -> None:
        before = read(text, self.gazetteer, own=self.now.of(row["emergency_id"])).as_dict()
        after = read(text, self.gazetteer, own=self.then.of(row["emergency_id"])).as_dict()
        what = difference(before, after)
        if not what:
            return
        tried.changed += 1
        tried.differences[what] += 1
        if self.showing and len(tried.examples) < EXAMPLES_MOST:
            tried.examples.append(
                {
                    "report": row["id"],
                    "receipt": row["receipt"],
                    "text": text[:1000],
                    "marks": [{"start": a, "end": b} for a, b in spans if a < 1000],  # noqa: PLR2004 - as much as is shown
                    "difference": what,
                    "before": labels(before),
                    "after": labels(after),
                }
            )
