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


def rank(urgency: str, channel: str, verb: str | None) -> int | None:
    """The place of a report in the queue, 0 first; None: it needs no look. Of one rank the longest waiting is first."""
    if verb in ANSWERED:
        return None
    return RANKS.get(urgency, REST) + (OLD if channel in UNHURRIED else 0)
