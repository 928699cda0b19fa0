"""What a task may do next, who may hold it, and which task a need makes. Pure; published in
docs/dispatch.md.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

State = Literal["queued", "claimed", "accepted", "en_route", "escalated", "done", "failed", "cancelled"]
Verb = Literal[
    "claim",
    "accept",
    "en_route",
    "heartbeat",
    "release",
    "complete",
    "fail",
    "reassign",
    "requeue",
    "cancel",
    "expire",
    "hand_over",
]
Women = Literal["none", "prefer", "require"]

HELD: Final[tuple[State, ...]] = ("claimed", "accepted", "en_route", "escalated")
LEASED: Final[tuple[State, ...]] = ("claimed", "accepted", "en_route")
OPEN: Final[tuple[State, ...]] = ("queued", *HELD)
CLAIM_CAP: Final = 3
"""Claims a volunteer may hold without having accepted them: close the old ones before taking more."""
CLAIM_MAX: Final = 50
"""Most tasks that one claim may ask for."""
UNCLAIMED_LIFE_S: Final = 300
"""A task on which a life hangs is shown to a person when nobody took it for so long, in seconds."""
WOMEN_FIRST_S: Final = 600
"""For so many seconds a task that prefers a woman is offered to women alone."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table: in state `source`, `verb` leads to `target`.

    `lease`: what becomes of the lease (`new` opens one with a higher fence, `renewed` prolongs it, `ended`
    closes it, `kept` leaves it as it is). `by`: who may.
    """

    verb: Verb
    source: State
    target: State
    event: str
    lease: Literal["new", "renewed", "ended", "kept", "none"]
    by: Literal["holder", "volunteer", "dispatcher", "clock", "system"]


def _moves() -> tuple[Move, ...]:
    rows = [Move("claim", "queued", "claimed", "task.claimed", "new", "volunteer")]
    rows += [Move("accept", s, "accepted", "task.accepted", "renewed", "holder") for s in ("claimed", "escalated")]
    rows += [Move("en_route", s, "en_route", "task.en_route", "renewed", "holder") for s in ("accepted", "escalated")]
    # A phone that was in a dead valley and is heard again has its task back: its fence never moved.
    rows += [Move("heartbeat", s, s, "", "renewed", "holder") for s in LEASED]
    rows += [Move("heartbeat", "escalated", "accepted", "task.accepted", "renewed", "holder")]
    rows += [Move("release", s, "queued", "task.released", "ended", "holder") for s in HELD]
    rows += [Move("complete", s, "done", "task.completed", "ended", "holder") for s in HELD]
    rows += [Move("fail", s, "failed", "task.failed", "ended", "holder") for s in HELD]
    rows += [Move("expire", "claimed", "queued", "task.expired", "ended", "clock")]
    rows += [Move("expire", s, "escalated", "task.escalated", "kept", "clock") for s in ("accepted", "en_route")]
    rows += [Move("reassign", s, "claimed", "task.reassigned", "new", "dispatcher") for s in (*OPEN, "failed")]
    rows += [Move("requeue", s, "queued", "task.reassigned", "ended", "dispatcher") for s in (*HELD, "failed")]
    # A colleague has said yes to who holds it: the promise goes from hand to hand and is never without somebody.
    rows += [Move("hand_over", s, "accepted", "task.reassigned", "new", "holder") for s in HELD]
    rows += [Move("cancel", "queued", "cancelled", "task.cancelled", "none", "system")]
    rows += [Move("cancel", s, "cancelled", "task.cancelled", "ended", "dispatcher") for s in HELD]
    return tuple(rows)


MOVES: Final[tuple[Move, ...]] = _moves()
_BY_KEY: Final = {(m.verb, m.source): m for m in MOVES}

ENDS: Final[dict[str, str]] = {
    "release": "released",
    "complete": "completed",
    "fail": "failed",
    "expire": "expired",
    "reassign": "reassigned",
    "requeue": "reassigned",
    "cancel": "cancelled",
    "hand_over": "handed_over",
}
"""verb → the reason that its lease's history keeps."""
_ENDED_IN: Final[dict[str, State]] = {"release": "queued", "complete": "done", "fail": "failed"}
_ALREADY: Final[dict[str, tuple[State, ...]]] = {
    "accept": ("accepted", "en_route"),
    "en_route": ("en_route",),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`go`: do `move`. `repeat`: it was done before, answer `state` again. `lost`: another fence. `refused`:
    not from here.
    """

    outcome: Literal["go", "repeat", "lost", "refused"]
    state: State
    move: Move | None = None


def move(verb: Verb, state: State) -> Move | None:
    """The row of the table, if there is one."""
    return _BY_KEY.get((verb, state))


def judge(verb: Verb, state: State, fence: int, given: int, ended: str | None) -> Verdict:
    """What a holder's call is worth.

    `fence` is the task's, `given` the caller's, `ended` why the lease of `given` ended (None while it lives).
    """
    if given == fence and ended is None:
        row = move(verb, state)
        if row:
            return Verdict("go", row.target, row)
        return Verdict("repeat" if state in _ALREADY.get(verb, ()) else "refused", state)
    if ended is not None and ended == ENDS.get(verb) and verb in _ENDED_IN:
        return Verdict("repeat", _ENDED_IN[verb])
    return Verdict("lost", state)


FAIL_REASONS: Final[dict[str, tuple[str, str]]] = {
    "unreachable": ("راه به محل بسته است", "The place cannot be reached"),
    "not_found": ("محل یا افراد پیدا نشدند", "The place or the people were not found"),
    "already_served": ("پیش از این کمک رسیده است", "Help had already arrived"),
    "unsafe": ("ادامهٔ کار ایمن نیست", "It is not safe to go on"),
    "no_stock": ("کالا موجود نیست", "The goods are not there"),
    "no_vehicle": ("وسیلهٔ مناسب نیست", "No fitting vehicle"),
    "refused": ("افراد کمک را نپذیرفتند", "The people did not want the help"),
    "other": ("دلیل دیگر", "Another reason"),
}
"""code → (Persian, English)."""

KINDS: Final[dict[str, tuple[str, str]]] = {
    "rescue": ("نجات", "Rescue"),
    "evacuation": ("تخلیه", "Evacuation"),
    "medical": ("درمان", "Medical"),
    "delivery": ("رساندن کالا", "Delivery"),
    "works": ("کار فنی و ماشین‌آلات", "Works"),
    "transport": ("جابه‌جایی", "Transport"),
    "protection": ("حمایت", "Protection"),
    "information": ("اطلاع‌رسانی", "Information"),
    "coordination": ("هماهنگی", "Coordination"),
}
"""kind of task and queue → (Persian, English)."""

_OF_CATEGORY: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "search_rescue": ("rescue", ("rescue",)),
    "evacuation": ("evacuation", ("driving",)),
    "medical_care": ("medical", ("first_aid",)),
    "medicine": ("delivery", ("logistics",)),
    "water": ("delivery", ("logistics",)),
    "food": ("delivery", ("logistics",)),
    "infant_care": ("delivery", ("logistics",)),
    "hygiene": ("delivery", ("logistics",)),
    "shelter": ("delivery", ("logistics",)),
    "bedding": ("delivery", ("logistics",)),
    "heating": ("delivery", ("logistics",)),
    "clothing": ("delivery", ("logistics",)),
    "power": ("delivery", ("technician",)),
    "machinery": ("works", ("loader",)),
    "transport": ("transport", ("driving",)),
    "psychosocial": ("protection", ("psychosocial",)),
    "protection": ("protection", ("psychosocial",)),
    "information": ("information", ()),
    "money": ("coordination", ()),
    "volunteers": ("coordination", ()),
}
CREW_FROM: Final = 20
"""From so many people on, a task that moves or shelters people, or sits down with them, takes two."""
_TOGETHER: Final = frozenset({"evacuation", "protection", "psychosocial", "medical_care"})


def kind_of(category: str) -> str:
    """The kind of task that a need's category makes; an unknown category goes to coordination, where a
    person looks.
    """
    return _OF_CATEGORY.get(category, ("coordination", ()))[0]


def skills_of(category: str, vulnerable: Collection[str] = ()) -> tuple[str, ...]:
    """The skills that it takes, or that help with it (`skills.HELPFUL`)."""
    if category == "medical_care" and "pregnant" in vulnerable:
        return ("midwifery",)
    return _OF_CATEGORY.get(category, ("coordination", ()))[1]


@dataclass(frozen=True, slots=True)
class Crew:
    """How many people a task takes at least, and how many of them women."""

    people: int = 1
    women: int = 0


def crew_of(category: str, urgency: str, people: int | None, women: Women) -> Crew:
    """How many go: nobody searches a ruin alone; with many people two go, one of them a woman where women are served.

    Where a life hangs on it nobody waits for a second one: whoever is there begins.
    """
    if urgency == "life":
        return Crew()
    if category == "search_rescue":
        return Crew(2)
    if category in _TOGETHER and (people or 0) >= CREW_FROM:
        return Crew(2, 0 if women == "none" else 1)
    return Crew()


def women_rule(category: str, vulnerable: Collection[str], urgency: str) -> Women:
    """Women are served by women: whether this task prefers or requires a woman.

    Where a life hangs on it nobody waits for a rescuer of one sex: required becomes preferred.
    """
    intimate = category in {"hygiene", "protection"}
    of_women = bool({"pregnant", "woman_headed"} & set(vulnerable))
    if intimate or (of_women and category in {"medical_care", "psychosocial"}):
        return "prefer" if urgency == "life" else "require"
    return "prefer" if of_women or category in {"infant_care", "psychosocial"} else "none"


@dataclass(frozen=True, slots=True)
class NeedView:
    """What making a task asks of a need. `last_closed`: its latest closed task ended as `failed` or
    `cancelled`, after the last voice was heard (`settled`), so a person decides what follows.
    """

    status: str
    verification: str
    located: bool
    open_task: State | None
    settled: bool


def what_to_do(need: NeedView) -> Literal["make", "rerank", "cancel", "tell", "leave"]:
    """`make` a task, `rerank` the queued one, `cancel` it, `tell` a person that a held one lost its cause,
    or `leave`.
    """
    wanted = need.status in {"open", "tasked"} and need.verification != "refuted"
    if need.open_task is None:
        return "make" if wanted and need.located and not need.settled else "leave"
    if not wanted:
        return "cancel" if need.open_task == "queued" else "tell"
    return "rerank" if need.open_task == "queued" else "leave"


def share(limits: Sequence[int], found: Sequence[int]) -> list[list[int]]:
    """Deal `found`, best first, to claimants in turn of arrival: each gets one before anybody gets a second."""
    hands: list[list[int]] = [[] for _ in limits]
    rest = list(reversed(found))
    while rest and any(len(hand) < limit for hand, limit in zip(hands, limits, strict=True)):
        for hand, limit in zip(hands, limits, strict=True):
            if rest and len(hand) < limit:
                hand.append(rest.pop())
    return hands


def claim_allowed(*, woman: bool, required: bool, preferred: bool, age_s: float) -> bool:
    """Whether a volunteer may take a task now, as the women's rule goes. `claim_sql` in queries says the
    same in SQL.
    """
    return woman or not (required or (preferred and age_s < WOMEN_FIRST_S))
