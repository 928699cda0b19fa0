"""The shared buffer of a web process: the newest events, each encoded once, read by every client at its own index."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.kernel.sealer import stream_fields

SIZE = 4096


@dataclass(frozen=True, slots=True)
class Line:
    """One event as clients get it, and what decides who does."""

    seq: int
    verb: str
    centre: UUID | None
    emergency: UUID | None
    chunk: bytes


# Few different ones, in every line of a flood.
_id = lru_cache(maxsize=1024)(UUID)


def line_of(seq: int, verb: bytes, centre: bytes, data: bytes) -> Line:
    """A line from what the Redis stream holds; encoded here, once for all clients."""
    emergency = orjson.loads(data).get("emergency")
    return Line(
        seq,
        verb.decode(),
        _id(centre.decode()) if centre else None,
        _id(emergency) if emergency else None,
        b"id: %d\nevent: %b\ndata: %b\n\n" % (seq, verb, data),
    )


def line_of_row(row: DictRow) -> Line:
    """The same line from a row of `events`."""
    fields = stream_fields(row)
    return line_of(row["seq"], fields.verb.encode(), fields.centre.encode(), fields.data)


def line_of_entry(key: bytes, fields: Mapping[bytes, bytes]) -> Line:
    """The same line from an entry of the Redis stream, whose id is `seq-0`."""
    return line_of(int(key.partition(b"-")[0]), fields[b"verb"], fields[b"centre"], fields[b"data"])


class Ring:
    """The last `size` lines, gapless. `head` is the number of the newest one (0 when nothing was ever sealed)."""

    def __init__(self, head: int, size: int = SIZE) -> None:
        self.head = head
        self._lines: deque[Line] = deque(maxlen=size)

    @property
    def tail(self) -> int:
        """The number before the oldest line that is held."""
        return self.head - len(self._lines)

    def append(self, lines: Iterable[Line]) -> int:
        """Add lines that follow the head; known ones are skipped, at a gap it stops. Returns how many were added."""
        added = 0
        for line in lines:
            if line.seq <= self.head:
                continue
            if line.seq != self.head + 1:
                break
            self._lines.append(line)
            self.head = line.seq
            added += 1
        return added

    def restart(self, head: int) -> None:
        """Forget everything: the numbers themselves have changed (a restored database)."""
        self._lines.clear()
        self.head = head

    def holds_after(self, seq: int) -> bool:
        """Whether every line after `seq` is held."""
        return self.tail <= seq <= self.head

    def after(self, seq: int, most: int) -> Iterator[Line]:
        """Up to `most` lines after `seq`, which must be held."""
        return islice(self._lines, seq - self.tail, seq - self.tail + most)
