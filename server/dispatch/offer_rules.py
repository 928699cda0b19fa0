"""To how many a task is offered at once, by which way, and how long they have to answer. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

Channel = Literal["app", "sms"]

WAVE: Final[dict[str, int]] = {"life": 3, "high": 2}
"""urgency → how many are asked at once; else one after the other."""
PAGE_FRESH_S: Final = 300
"""A page that was seen within so long is looked at: an offer on it is noticed."""
AGAIN_S: Final = (60, 480)
"""A task for which nobody was found is looked at again after so long, each time later, at most so late."""
AGAIN_LIFE_S: Final = (10, 80)
SAME_TASK_S: Final = 6 * 3600
"""Who did not answer is not asked about the same task again for so long; who declined it, never."""
PAUSE_S: Final = 900
LONGEST_PAUSE_S: Final = 4 * 3600
_ANSWER_S: Final[dict[tuple[Channel, bool], int]] = {
    ("app", False): 120,
    ("app", True): 60,
    ("sms", False): 600,
    ("sms", True): 180,
}
HAND_OVER_S: Final[dict[Channel, int]] = {"app": 600, "sms": 1800}
"""How long a colleague has to say whether she takes a task over; until then its holder keeps it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How a volunteer can be asked. `number`: she has one. `page_s`: how long ago her page was seen, None: not lately.

    `live`: an offer waits for her answer. `unanswered`: how many in a row she left without one, the last of them
    `silent_s` ago. `busy`: a task is in her hands.
    """

    number: bool = False
    page_s: float | None = None
    live: bool = False
    unanswered: int = 0
    silent_s: float | None = None
    busy: bool = False


def wave_size(urgency: str) -> int:
    """How many are asked at once."""
    return WAVE.get(urgency, 1)


def answer_s(channel: Channel, urgency: str) -> int:
    """How long they have to answer, in seconds."""
    return _ANSWER_S[channel, urgency == "life"]


def again_s(urgency: str, wave: int = 0) -> int:
    """When a task for which nobody was found is looked at again, in seconds, after so many waves."""
    first, latest = AGAIN_LIFE_S if urgency == "life" else AGAIN_S
    return min(latest, first << min(wave, 10))


def pause_s(unanswered: int) -> int:
    """How long somebody is left alone who did not answer so many offers in a row, in seconds: twice as long each."""
    return 0 if unanswered <= 0 else int(min(LONGEST_PAUSE_S, PAUSE_S * 2 ** min(unanswered - 1, 10)))


def way(reach: Reach, urgency: str, *, quiet: bool = False) -> Channel | None:
    """By which way to ask her; None: she would not notice.

    Where a life hangs on it a text rings beside the page (every offer is on the page too); in quiet hours only then.
    """
    on_page = reach.page_s is not None and reach.page_s <= PAGE_FRESH_S
    if urgency == "life":
        return "sms" if reach.number else "app" if on_page else None
    if on_page:
        return "app"
    return "sms" if reach.number and not quiet else None


def may_ask(reach: Reach, urgency: str) -> bool:
    """Whether to disturb her by ourselves: one offer at a time, none while a task is in her hands, and a pause for
    those who do not answer, which a danger to life ends.
    """
    if reach.live or reach.busy:
        return False
    return urgency == "life" or reach.silent_s is None or reach.silent_s >= pause_s(reach.unanswered)
