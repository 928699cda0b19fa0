"""Who may see which event. Pure; the same table stands in docs/live.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from server.access.principal import Principal

SEEN_WITH: Mapping[str, str] = {
    "incident": "incident.read",
    "need": "need.read",
    "task": "task.read",
    "offer": "task.read",
    "closure": "closure.read",
    "hazard": "hazard.read",
    "shelter": "shelter.read",
    "drawing": "drawing.read",
    "centre": "centre.read",
    "emergency": "emergency.read",
    "report": "report.list",
    "movement": "movement.read",
    "stock": "stock.read",
    "volunteer": "volunteer.read",
    "team": "team.read",
    "shift": "volunteer.read",
    "alarm": "alarm.read",
    "gateway": "gateway.read",
    "duty": "duty.read",
    "message": "message.read",
    "words": "words.read",
    "reread": "report.reread",
    "account": "audit.read",
    "token": "audit.read",
}
"""The noun of a verb → the permission that its events are seen with. What is not here is seen by nobody."""

AUDIT_ONLY = frozenset(
    {"drawing.opened", "need.located_exactly", "report.opened", "shelter.opened", "shift.opened", "volunteer.opened"}
)
"""Who looked at what: for those who audit, not for the map."""

OF_ONE_CENTRE = frozenset({"stock", "volunteer", "shift", "team", "alarm"})
"""Nouns of a centre's own house: one bound to a centre sees only its own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants of all that it may hear: a phone on a slow link is spared the rest. None: everything."""

    nouns: frozenset[str] | None = None
    centres: frozenset[UUID] | None = None

    def wants(self, verb: str, centre: UUID | None) -> bool:
        """Whether an event is asked for; what belongs to no centre is everybody's."""
        return (self.nouns is None or verb.partition(".")[0] in self.nouns) and (
            self.centres is None or centre is None or centre in self.centres
        )


EVERYTHING = Wish()
WISHES_MOST = 40
"""Nouns or centres that a client may name."""


def wish_of(nouns: str, centres: str) -> Wish | None:
    """From two lists with commas; an empty one asks for everything. None: this is no such list."""
    named = [part.strip() for part in nouns.split(",") if part.strip()]
    houses = [part.strip() for part in centres.split(",") if part.strip()]
    if max(len(named), len(houses)) > WISHES_MOST:
        return None
    try:
        of = frozenset(UUID(house) for house in houses)
    except ValueError:
        return None
    return Wish(frozenset(named) or None, of or None)


def may_see(principal: Principal, verb: str, centre: UUID | None, emergency: UUID | None = None) -> bool:
    """Whether an event may be sent to this principal's stream.

    `centre` and `emergency` are the event's; an event without one is everybody's who may see the noun.
    """
    noun = verb.partition(".")[0]
    permission = "audit.read" if verb in AUDIT_ONLY else SEEN_WITH.get(noun)
    if permission is None:
        return False
    return principal.may(permission, centre_id=centre if noun in OF_ONE_CENTRE else None, emergency_id=emergency)
