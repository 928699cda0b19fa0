"""Parts of longer messages: which belong together, and how they read together. Pure; `parts.py` has the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from server.reports.content import text_of
from server.reports.udh import Concat

WINDOW: Final = timedelta(hours=24)
"""References have 8 or 16 bits and come again: parts further apart than this are of two messages."""
HOLD_S: Final = 300
"""How long a part waits for the others before what is there is read."""
GAP: Final = "[…]"
"""What stands for missing parts."""


@dataclass(frozen=True, slots=True)
class Member:
    """One report as a part: `number` of the message whose first-seen part is `lead`."""

    report_id: UUID
    number: int
    lead: UUID
    body_hash: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """One part's words, as they came."""

    number: int
    body: bytes
    content_type: str


def lead_for(part: Concat, body_hash: bytes, at: datetime, known: Sequence[Member]) -> UUID | None:
    """The message (by its lead) that a part belongs to, among those of its sender, reference and total; None: a new.

    The newest within the window that still lacks this number, or has exactly this part already (the network sent it
    twice). One that has the number with other words is another message with the same reference.
    """
    groups: dict[UUID, list[Member]] = {}
    for member in known:
        groups.setdefault(member.lead, []).append(member)
    fitting = []
    for lead, members in groups.items():
        first = min(m.received_at for m in members)
        taken = {m.number: m.body_hash for m in members}
        if abs(at - first) <= WINDOW and taken.get(part.number, body_hash) == body_hash:
            fitting.append((first, lead))
    return max(fitting)[1] if fitting else None


def joined(pieces: Sequence[Piece], total: int) -> str:
    """The words of all parts in order, with a gap for the missing.

    Neighbours of one kind are joined as bytes first, since a sign may be cut in two.
    """
    by_number: dict[int, Piece] = {}
    for piece in pieces:
        by_number.setdefault(piece.number, piece)
    words: list[str] = []
    run: list[Piece] = []

    def end_run() -> None:
        if run:
            words.append(text_of(b"".join(p.body for p in run), run[0].content_type))
            run.clear()

    for number in range(1, total + 1):
        here = by_number.get(number)
        if here is None:
            end_run()
            if not words or words[-1] != GAP:
                words.append(GAP)
            continue
        if run and run[-1].content_type != here.content_type:
            end_run()
        run.append(here)
    end_run()
    return "".join(f" {word} " if word == GAP else word for word in words).strip()


def note(numbers: Sequence[int], total: int) -> dict[str, Any]:
    """What a reading tells of its parts: which are there, of how many; `partial` while some are missing."""
    have = sorted(set(numbers))
    return {"parts": {"have": have, "total": total}, "partial": len(have) < total}


def is_partial(reading: Mapping[str, Any] | None) -> bool:
    """Whether a reading lacks parts."""
    return bool(reading and reading.get("partial"))
