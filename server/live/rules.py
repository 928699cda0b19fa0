"""Who may see which event. Pure; the same table stands in docs/live.md."""

from collections.abc import Mapping
from uuid import UUID

from server.access.principal import Principal

SEEN_WITH: Mapping[str, str] = {
    "incident": "incident.read",
    "need": "need.read",
    "task": "task.read",
    "closure": "closure.read",
    "centre": "centre.read",
    "emergency": "emergency.read",
    "report": "report.list",
    "movement": "movement.read",
    "stock": "stock.read",
    "volunteer": "volunteer.read",
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

AUDIT_ONLY = frozenset({"report.opened", "need.located_exactly"})
"""Who looked at what: for those who audit, not for the map."""

OF_ONE_CENTRE = frozenset({"stock", "volunteer"})
"""Nouns of a centre's own house: one bound to a centre sees only its own."""


def may_see(principal: Principal, verb: str, centre: UUID | None, emergency: UUID | None = None) -> bool:
    """Whether an event may be sent to this principal's stream.

    `centre` and `emergency` are the event's; an event without one is everybody's who may see the noun.
    """
    noun = verb.partition(".")[0]
    permission = "audit.read" if verb in AUDIT_ONLY else SEEN_WITH.get(noun)
    if permission is None:
        return False
    return principal.may(permission, centre_id=centre if noun in OF_ONE_CENTRE else None, emergency_id=emergency)
