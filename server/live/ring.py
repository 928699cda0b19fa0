"""The shared buffer of a web process: the newest events, each encoded once, read by every client at its own index."""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from server.kernel.stream import StreamLine

SIZE = 4096


class Line(NamedTuple):
    """One event as clients get it, and what decides who does."""

    seq: int
    verb: str
    centre: UUID | None
    emergency: UUID | None
    chunk: bytes


# Few different ones, in every line of a flood.
_id = lru_cache(maxsize=1024)(UUID)


def line_of(line: StreamLine) -> Line:
    """A line of the stream, encoded here once for all clients."""
    seq, verb, centre, emergency, data = line
    chunk = f"id: {seq}\nevent: {verb}\ndata: {data}\n\n".encode()
    return Line(seq, verb, _id(centre) if centre else None, _id(emergency) if emergency else None, chunk)


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
