"""Which versions of forms somebody may see and change: their emergencies' and centres', and the whole house's."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from server.access.principal import Principal
from server.forms import errors, form_queries
from server.forms.form_queries import Scope
from server.kernel.db import Conn
from server.kernel.errors import not_found

READ: Final = "form.read"
PUBLISH: Final = "form.publish"
Bounds = list[tuple[UUID | None, UUID | None]]


def bounds(who: Principal, permission: str) -> Bounds:
    """(emergency, centre) of each scope; None of either is all of them."""
    return [(scope.emergency_id, scope.centre_id) for scope in who.scopes_for(permission)]


def scope_of(who: Principal, emergency: UUID | None, centre: UUID | None) -> Scope:
    """A scope that somebody may publish to; those bound to one emergency or centre mean it when they name none."""
    bound = bounds(who, PUBLISH)
    if emergency is None and all(one for one, _ in bound):
        emergency = who.emergency_id
    if centre is None:
        centre = who.centre_bound(PUBLISH)
    if not any(one in {None, emergency} and other in {None, centre} for one, other in bound):
        raise errors.out_of_reach()
    return Scope(emergency, centre)


def may_change(who: Principal, row: Mapping[str, Any]) -> bool:
    """Whether a draft is theirs to change: made by those within their own bounds."""
    return any(
        emergency in {None, row["owner_emergency_id"]} and centre in {None, row["owner_centre_id"]}
        for emergency, centre in bounds(who, PUBLISH)
    )


async def visible(conn: Conn, who: Principal, version_id: UUID) -> Mapping[str, Any]:
    """A version that somebody may see (`form_queries.version_by_id`). Raises 404, as for one that is not there.

    Drafts are seen by those who publish, within their bounds or of the whole house; others by whoever a version of the
    form is published to, or was: a form that is published nowhere now is seen by all who publish.
    """
    row = await form_queries.version_by_id(conn, version_id)
    if row is None or not await _is_visible(conn, who, row):
        raise not_found("form")
    return row


async def _is_visible(conn: Conn, who: Principal, row: Mapping[str, Any]) -> bool:
    if row["state"] == "draft":
        house = row["owner_emergency_id"] is None and row["owner_centre_id"] is None
        return may_change(who, row) or (house and bool(bounds(who, PUBLISH)))
    return not await form_queries.elsewhere(conn, row["form_id"], bounds(who, READ))


async def changeable(conn: Conn, who: Principal, version_id: UUID) -> Mapping[str, Any]:
    """A version that somebody may see and, where it is a draft, change. Raises 404 or `form.out_of_reach`."""
    row = await visible(conn, who, version_id)
    if row["state"] == "draft" and not may_change(who, row):
        raise errors.out_of_reach()
    return row
