"""In which order reports wait for a person's eyes. Pure."""

from collections.abc import Mapping
from typing import Final

RANKS: Final[Mapping[str, int]] = {"life": 0, "high": 1, "normal": 2}
REST: Final = 3
"""Offers, thanks, chatter: a life may hide in what rules took for nothing, so they are looked at too, at the end."""
OLD: Final = 4
"""Added for what came out of a file or from a machine: nobody waits at the other end."""
UNHURRIED: Final = frozenset({"import", "feed"})
ANSWERED: Final = frozenset({"STATUS", "STOP", "START", "ACCEPT", "DONE", "FAIL"})
"""Commands that were obeyed by themselves: there is nothing to be looked at."""


KNOWN: Final = 5
"""Independent voices from which on one more tells little: it is looked at after what is new."""


def rank(urgency: str, channel: str, verb: str | None, voices: int = 1) -> int | None:
    """The place of a report in the queue, 0 first; None: it needs no look. Of one rank the longest waiting is first.

    `voices`: how many speak of what it tells of, the least known of its records, where it is the first voice of none.
    A life in danger never waits for that.
    """
    if verb in ANSWERED:
        return None
    base = RANKS.get(urgency, REST)
    if base and voices >= KNOWN:
        base = min(REST, base + 1)
    return base + (OLD if channel in UNHURRIED else 0)
