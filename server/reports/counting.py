"""What many voices say of one record, kept up to date instead of counted anew.

`report_voices` holds each voice's latest word on each field, `report_tallies` how many voices say what: a report that
joins costs the same for the second voice as for the ten-thousandth. Both are made from the live links and nothing else;
`anew` makes them so again, which is what merging, splitting and undoing do.
"""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from server.incidents.rules import Tally
from server.kernel.db import Conn
from server.reports import counting_queries as queries
from server.reports import joining
from server.reports.joining import Kind

Words = MutableMapping[str, list[Any]]
"""field → [value, when it was said in microseconds since 1970]."""
Key = tuple[UUID, bytes]
"""(record, voice): the voice is the sender's hash, empty for all unknown senders together."""


@dataclass(slots=True)
class Counts:
    """How many voices say each (field, value) of one record, and when it was first and last spoken of."""

    of: dict[tuple[str, Any], int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None

    def tally(self) -> Tally:
        """What that adds up to."""
        return joining.settle(self.of, self.first_at, self.last_at)

    def hear(self, words: Words, said: Mapping[str, Any], at: datetime) -> None:
        """Take one more report of a voice into account; `words` is what that voice has said before, and is renewed."""
        when = micros(at)
        for name, value in said.items():
            before = words.get(name)
            if before is not None:
                if before[1] > when:
                    continue
                self._shift(name, before[0], -1)
            words[name] = [value, when]
            self._shift(name, value, 1)
        if joining.VOICE in said:
            self.first_at = min(at, self.first_at or at)
            self.last_at = max(at, self.last_at or at)

    def _shift(self, name: str, value: Any, by: int) -> None:
        key = (name, tuple(value) if isinstance(value, list) else value)
        left = self.of.get(key, 0) + by
        if left:
            self.of[key] = left
        else:
            self.of.pop(key, None)

    def stored(self) -> list[list[Any]]:
        """As it is kept: [[field, value, voices], …]."""
        return [[name, value, n] for (name, value), n in self.of.items()]


def from_row(row: Mapping[str, Any]) -> Counts:
    """The counts of a row of `report_tallies`."""
    of = {(name, tuple(value) if isinstance(value, list) else value): n for name, value, n in row["counts"]}
    return Counts(of, row["first_at"], row["last_at"])


def micros(at: datetime) -> int:
    """Whole microseconds since 1970, exactly."""
    return round(at.timestamp() * 1_000_000)


async def joined(
    conn: Conn, links: Sequence[Mapping[str, Any]], fresh: AbstractSet[UUID] = frozenset()
) -> dict[UUID, Tally]:
    """Count new links (rows of `report_links` just written) of records; those in `fresh` have no others.

    The caller holds the emergencies' lock. Returns what each record's reports say now.
    """
    spoken = [row for row in links if row["said"]]
    subjects = {row["need_id"] or row["incident_id"]: _kind(row) for row in links}
    counts = {i: Counts() for i in subjects if i in fresh}
    for row in await queries.tallies(conn, subjects.keys() - fresh):
        counts[row["subject_id"]] = from_row(row)
    uncounted = subjects.keys() - counts.keys()
    tallies: dict[UUID, Tally] = {}
    kinds: tuple[Kind, ...] = ("incident", "need")
    for kind in kinds:
        if ids := [i for i in uncounted if subjects[i] == kind]:
            tallies |= await anew(conn, kind, ids)
    spoken = [row for row in spoken if (row["need_id"] or row["incident_id"]) in counts]
    words: dict[Key, Words] = {key: {} for key in map(_key, spoken)}
    for row in await queries.voices(conn, [key for key in words if key[0] not in fresh]):
        words[row["subject_id"], bytes(row["voice"])] = row["words"]
    for said in sorted(spoken, key=lambda r: r["said_at"]):
        key = _key(said)
        counts[key[0]].hear(words[key], said["said"], said["said_at"])
    await queries.put_voices(conn, words)
    await queries.put_tallies(conn, _rows(counts))
    return tallies | {i: c.tally() for i, c in counts.items()}


async def anew(conn: Conn, kind: Kind, ids: Iterable[UUID]) -> dict[UUID, Tally]:
    """Count records again from their live links alone; what they say together."""
    counts = {i: Counts() for i in ids}
    for row in await queries.count_links(conn, kind, list(counts)):
        known = counts[row["subject"]]
        if row["field"]:
            value = tuple(row["value"]) if isinstance(row["value"], list) else row["value"]
            known.of[row["field"], value] = row["voices"]
        else:
            known.first_at, known.last_at = row["first_at"], row["last_at"]
    await queries.refill_voices(conn, kind, list(counts))
    await queries.put_tallies(conn, _rows(counts))
    return {i: c.tally() for i, c in counts.items()}


def _kind(row: Mapping[str, Any]) -> Kind:
    return "need" if row["need_id"] else "incident"


def _key(row: Mapping[str, Any]) -> Key:
    return row["need_id"] or row["incident_id"], bytes(row["sender_hash"] or b"")


def _rows(counts: Mapping[UUID, Counts]) -> list[tuple[UUID, list[list[Any]], datetime | None, datetime | None]]:
    return [(i, c.stored(), c.first_at, c.last_at) for i, c in sorted(counts.items())]
