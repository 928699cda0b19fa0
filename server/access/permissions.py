"""What each role may do. One verb names the permission, the event and the job."""

from typing import Final

from server.access.roles import Role

_STAFF: Final[frozenset[Role]] = frozenset({"dispatcher", "coordinator", "admin"})
_EDIT: Final[frozenset[Role]] = frozenset({"coordinator", "admin"})
_SEE: Final[frozenset[Role]] = _STAFF | {"auditor"}
_TEAM: Final[frozenset[Role]] = _STAFF | {"volunteer"}

PERMISSIONS: Final[dict[str, frozenset[Role]]] = {
    # intake
    "report.send": _EDIT | {"gateway", "field", "volunteer", "dispatcher"},
    # who answers the phone: a volunteer types no more than she may send as a report, and sees her own calls alone
    "hotline.type": _TEAM,
    "sms.receive": frozenset({"gateway", "admin"}),
    "form.read": _EDIT | {"field", "volunteer", "dispatcher"},
    "form.submit": _EDIT | {"field", "volunteer", "dispatcher"},
    "form.publish": _EDIT,
    # the answers of people: read, exported and put right by those who may open a report's words, each time audited
    "submission.list": _SEE,
    "submission.read": _EDIT,
    "submission.export": _EDIT,
    "submission.settle": _EDIT,
    "entity.read": _EDIT,
    "entity.edit": _EDIT,
    "shelter.read": _SEE | {"volunteer", "field"},
    "shelter.edit": _EDIT,
    "form_key.edit": frozenset({"admin", "coordinator"}),
    # reading what came in; the words themselves are `report.open`, audited
    "report.list": _SEE,
    "report.read": _SEE | {"gateway", "field"},
    "report.open": _EDIT,
    "report.assign": _EDIT,
    "report.see": _STAFF,
    "report.correct": _EDIT,
    "report.reread": _EDIT,
    "words.read": _SEE,
    "words.edit": _EDIT,
    "set_aside.read": _EDIT,
    "set_aside.resolve": _EDIT,
    # the map and its records
    "map.read": _SEE | {"volunteer"},
    "stream.read": _SEE | {"volunteer"},
    # colleagues at the map see each other; volunteers neither see nor are seen
    "presence.tell": _STAFF,
    "place.read": _SEE | {"volunteer", "field"},
    "emergency.read": _SEE | {"volunteer", "field", "donor"},
    "emergency.edit": _EDIT,
    "incident.read": _SEE | {"volunteer"},
    "incident.edit": _EDIT,
    "need.read": _SEE | {"volunteer", "donor"},
    "need.edit": _EDIT,
    "need.locate_exactly": _EDIT,
    "closure.read": _SEE | {"volunteer", "field"},
    "closure.edit": _STAFF,
    "hazard.read": _SEE | {"volunteer", "field"},
    "hazard.edit": _STAFF,
    # what coordinators draw: shapes for all on the map, words for those who steer, each look on record
    "drawing.read": _SEE | {"volunteer"},
    "drawing.edit": _STAFF,
    "drawing.open": _STAFF,
    "centre.read": _SEE | {"volunteer", "field", "donor"},
    "centre.edit": _EDIT,
    # people
    "volunteer.read": _SEE,
    "volunteer.edit": _STAFF,
    "volunteer.locate": _SEE,
    "volunteer.report_position": _TEAM,
    "volunteer.vet": _EDIT,
    "volunteer.import": _EDIT,
    # her own card and duty; who waits for her centre's word sees this and nothing else of the house
    "volunteer.own": _TEAM | {"applicant"},
    "volunteer.check_in": _TEAM,
    # a volunteer sees and makes her own; words handed over are read on record
    "shift.read": _SEE | {"volunteer"},
    "shift.edit": _TEAM,
    "shift.open": _TEAM,
    # dispatch
    "queue.read": _SEE | {"volunteer"},
    "task.read": _SEE | {"volunteer"},
    "task.claim": _TEAM,
    "task.hold": _TEAM,
    "task.reassign": _STAFF,
    "task.make": _STAFF,
    # who could go and why, and what a task takes
    "task.match": _SEE,
    "task.edit": _STAFF,
    "team.read": _SEE,
    "team.edit": _STAFF,
    # an offer is answered by the one it was made to, or by a dispatcher who has her on the telephone
    "offer.read": _SEE | {"volunteer"},
    "offer.make": _STAFF,
    "offer.answer": _TEAM,
    # supplies
    "item.read": _SEE | {"volunteer", "donor"},
    "stock.read": _SEE | {"volunteer"},
    "stock.import": _EDIT,
    "movement.read": _SEE,
    "movement.make": _STAFF,
    # text messages: gateways, alarms
    "gateway.read": _SEE,
    "gateway.edit": _EDIT,
    "alarm.read": _SEE,
    "alarm.see": _STAFF,
    "duty.read": _SEE,
    "duty.edit": _EDIT,
    "message.read": _SEE,
    "message.write": _EDIT,
    # the house
    "token.create": frozenset({"admin", "coordinator"}),
    "invite.create": frozenset({"admin", "coordinator"}),
    "audit.read": frozenset({"auditor", "admin"}),
    "session.own": frozenset(
        {"volunteer", "applicant", "field", "dispatcher", "coordinator", "donor", "auditor", "admin"}
    ),
}
"""permission → roles. A route names exactly one of these, or says that it is public."""


def roles_for(permission: str) -> frozenset[Role]:
    """The roles that hold a permission. An unknown permission is a mistake in the code: KeyError."""
    return PERMISSIONS[permission]
