"""The Redis stream of sealed events: one entry a batch, under the number of its last event (`seq-0`).

An entry for each event cost sealer, Redis and every web process several times as much as all the rest that they do for
an event. The field `lines` is JSON: [[seq, verb, centre, emergency, data], …], ids as text ("" for none), `data` the
JSON that a client gets. Needs Redis 6.2 (MINID).
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, NamedTuple

import orjson
from psycopg.rows import DictRow
from redis.asyncio import Redis

from server.kernel.events import SealedEvent

STREAM: Final = "hamyar:events"
STREAM_LENGTH: Final = 50_000
"""So many of the newest events are held, about."""

_APPEND: Final = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 and tonumber(string.match(last[1][1], '^%d+')) >= tonumber(ARGV[1]) then return 0 end
redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[3], ARGV[2] .. '-0', 'lines', ARGV[4])
return 1
"""


class StreamLine(NamedTuple):
    """An event's line: what a client gets (`data`, JSON) and what decides who may (`centre`, `emergency`: id or "")."""

    seq: int
    verb: str
    centre: str
    emergency: str
    data: str


class StreamWriter:
    """Adds batches to a stream."""

    def __init__(self, redis: "Redis", key: str = STREAM) -> None:
        self._key = key
        self._append = redis.register_script(_APPEND)

    async def add(self, lines: Sequence[StreamLine]) -> bool:
        """Add lines whose numbers follow one another, in one call.

        False when the stream holds the first of them already: somebody else has written to it, nothing was added.
        """
        first, last = lines[0].seq, lines[-1].seq
        # orjson takes no named tuples.
        told = orjson.dumps([tuple(line) for line in lines])
        args: list[int | bytes] = [first, last, max(0, last - STREAM_LENGTH), told]
        return bool(await self._append(keys=[self._key], args=args))


def lines_of(entry: Mapping[bytes, bytes]) -> list[StreamLine]:
    """The lines of an entry; none of one that is not of this form: readers mend what is missing from the table."""
    lines = entry.get(b"lines")
    return [StreamLine(*line) for line in orjson.loads(lines)] if lines else []


def line_of_event(event: SealedEvent) -> StreamLine:
    """The line of an event."""
    return StreamLine(
        event.seq,
        event.verb,
        str(event.centre_id or ""),
        str(event.emergency_id or ""),
        orjson.dumps(event.public()).decode(),
    )


def line_of_row(row: DictRow) -> StreamLine:
    """The line of a row of `events`. Who did what, and the hash, are no part of it: not every reader fetches those."""
    whole: dict[str, Any] = {"actor": "", "data": {}, "hash": b"", **row}
    return line_of_event(SealedEvent(*(whole[name] for name in _FIELDS)))


_FIELDS: Final = tuple(field.name for field in fields(SealedEvent))
