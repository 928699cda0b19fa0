"""When gateways were last heard of: noted in the process's memory, written down every few seconds.

A beat costs a hot door one look into a dict; what a killed process had not yet written is at most `FLUSH_S` old.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from server.kernel.db import Conn
from server.messaging import gateway_queries as queries

FLUSH_S: Final = 3.0
Way = Literal["in", "out", "beat"]
"""`in`: a message or delivery report came. `out`: it took one of ours. `beat`: it said or showed that it is there."""
WAYS: Final[tuple[Way, ...]] = ("in", "out", "beat")


@dataclass(slots=True)
class Noted:
    """One gateway's news since the last flush: monotonic seconds of each way, the trouble, refusals counted."""

    last: dict[Way, float]
    trouble: str | None = None
    refused: int = 0


_noted: dict[UUID, Noted] = {}


def beat(gateway_id: UUID, way: Way = "in") -> None:
    """Note that a gateway was heard, now."""
    noted = _noted.get(gateway_id)
    if noted is None:
        noted = _noted[gateway_id] = Noted({})
    noted.last[way] = time.monotonic()
    if noted.trouble and noted.trouble.startswith(way):
        noted.trouble = None


def trouble(gateway_id: UUID, way: Way, code: str) -> None:
    """Note what a gateway's last request, sending or asking failed with (`signature`, `refused`, `timeout`).

    It stands until a beat of the same way. Of incoming requests it also counts how many were turned away.
    """
    noted = _noted.get(gateway_id)
    if noted is None:
        noted = _noted[gateway_id] = Noted({})
    noted.trouble = f"{way}.{code}"
    noted.refused += way == "in"


def take() -> dict[UUID, Noted]:
    """What was noted since the last time; the notebook is empty then."""
    global _noted
    taken, _noted = _noted, {}
    return taken


async def write(conn: Conn, taken: Mapping[UUID, Noted]) -> None:
    """Write notes down, as ages: the clock is the database's."""
    now = time.monotonic()
    await queries.put_beats(
        conn,
        [
            (key, *(_age(now, noted.last.get(way)) for way in WAYS), noted.trouble)  # type: ignore[misc]
            for key, noted in sorted(taken.items())
        ],
    )


def restore(taken: Mapping[UUID, Noted]) -> None:
    """Put back what could not be written; newer notes win."""
    for key, old in taken.items():
        new = _noted.get(key)
        if new is None:
            _noted[key] = old
            continue
        new.last = {**old.last, **new.last}
        new.trouble = new.trouble or old.trouble
        new.refused += old.refused


def _age(now: float, at: float | None) -> float | None:
    return None if at is None else max(0.0, now - at)
