"""Which lane a message is read in: a sender's storm waits behind everybody else's messages. Nothing is refused.

A bucket for each sender, in the process's memory, of bounded number: losing one only forgives a storm. Pure.
"""

from typing import Final

FAST, SLOW = 0, 1
BURST: Final = 10
"""So many messages at once are no storm: a long message comes in parts, a frightened person writes again."""
EVERY_S: Final = 6.0
"""And one more each six seconds, for as long as it lasts."""
QUIET_S: Final = 120.0
"""Only silence of this length ends a storm. Before that a later message could be read before an earlier one that still
waits in the slow lane."""
SENDERS: Final = 16_384
_KEY: Final = 8


class Lanes:
    """The buckets of one process. `of` costs a microsecond."""

    def __init__(self, senders: int = SENDERS) -> None:
        self._senders = senders
        # The moment at which the bucket would be empty of all it has taken (ATM Forum's generic cell rate algorithm:
        # one number a sender); least recently heard first.
        self._full_until: dict[bytes, float] = {}
        self._storms: dict[bytes, float] = {}

    def of(self, sender_hash: bytes | None, now: float) -> int:
        """The lane of a message that comes `now` (seconds of a clock that only rises)."""
        if sender_hash is None:
            return FAST
        key = sender_hash[:_KEY]
        taken = max(self._full_until.pop(key, now), now) + EVERY_S
        self._full_until[key] = min(taken, now + (BURST + 1) * EVERY_S)
        if len(self._full_until) > self._senders:
            del self._full_until[next(iter(self._full_until))]
        if taken - now <= BURST * EVERY_S and self._storms.get(key, now) <= now:
            self._storms.pop(key, None)
            return FAST
        self._storms.pop(key, None)
        self._storms[key] = now + QUIET_S
        if len(self._storms) > self._senders:
            del self._storms[next(iter(self._storms))]
        return SLOW
