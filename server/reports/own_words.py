"""The own words that hold now, compiled, as each process reads with them: seen anew within two seconds of a change."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import structlog

from server.access.context import Context
from server.places import service as places
from server.reports import lexicon_queries as queries
from server.reports.reading import OwnEntry, OwnWords, PhraseError
from server.reports.reading.own import check

log = structlog.get_logger("words")
RECHECK_S: Final = 2.0
"""How long a process may go on without what somebody has just saved."""
CACHED: Final = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry that holds, and where: None is everywhere."""

    id: UUID
    emergency_id: UUID | None
    entry: OwnEntry


@dataclass(slots=True)
class Shelf:
    """All entries that hold, compiled for each emergency when its first report is read. `mark`: the newest version."""

    mark: int = 0
    entries: tuple[Standing, ...] = ()
    _made: dict[UUID | None, OwnWords | None] = field(default_factory=dict)

    def of(self, emergency_id: UUID | None) -> OwnWords | None:
        """The own words for reports of an emergency; None when there are none."""
        if not self.entries:
            return None
        if emergency_id not in self._made:
            held = [s.entry for s in self.entries if s.emergency_id in {None, emergency_id}]
            self._made[emergency_id] = OwnWords(held) if held else None
        return self._made[emergency_id]

    def with_entry(self, entry_id: UUID | None, emergency_id: UUID | None, entry: OwnEntry | None) -> "Shelf":
        """The shelf as it would be with an entry put in the place of `entry_id`, or without that one."""
        rest = [s for s in self.entries if s.id != entry_id]
        if entry is not None:
            rest.append(Standing(entry_id or UUID(int=0), emergency_id, entry))
        return Shelf(self.mark, tuple(rest))


@dataclass(frozen=True, slots=True)
class _Cached:
    checked: float
    shelf: Shelf


_cache: dict[str, _Cached] = {}


async def shelf(ctx: Context) -> Shelf:
    """The own words that hold, as they were at most RECHECK_S ago."""
    key = ctx.db.dsn
    known = _cache.get(key)
    if known and time.monotonic() - known.checked < RECHECK_S:
        return known.shelf
    async with ctx.db.tx() as conn:
        mark = await queries.mark(conn)
        if known and known.shelf.mark == mark:
            fresh = known.shelf
        else:
            fresh = Shelf(mark, tuple(_usable(await queries.standing(conn))))
    if key not in _cache and len(_cache) >= CACHED:
        _cache.clear()
    _cache[key] = _Cached(time.monotonic(), fresh)
    return fresh


def forget(ctx: Context) -> None:
    """Look again at the next reading: this process has just changed the lexicon."""
    if known := _cache.get(ctx.db.dsn):
        _cache[ctx.db.dsn] = replace(known, checked=float("-inf"))


def _usable(rows: Sequence[Mapping[str, Any]]) -> list[Standing]:
    """Entries that the rules of today can still read by; an old one that they cannot is left out, and logged."""
    found = []
    for row in rows:
        try:
            check(row["phrase"], measured=False)
        except PhraseError as error:
            log.warning("words.left_out", entry=str(row["id"]), code=error.code)
            continue
        found.append(Standing(row["id"], row["emergency_id"], entry_of(row)))
    return found


def entry_of(row: Mapping[str, Any]) -> OwnEntry:
    """An entry from its row; an alias with its place."""
    return OwnEntry(row["phrase"], row["group"], row["code"], places.place_row(row) if row["target_id"] else None)
