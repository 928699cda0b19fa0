"""Who is asking."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from server.access.permissions import roles_for
from server.access.roles import Role


@dataclass(frozen=True, slots=True)
class Scope:
    """A role, everywhere or within one centre and/or one emergency; a volunteer's carries who it is."""

    role: Role
    centre_id: UUID | None = None
    emergency_id: UUID | None = None
    volunteer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """A token or a signed-in account, with what it may do; `sms`: a volunteer who proved a code from her own number."""

    kind: Literal["token", "session", "sms"]
    id: UUID
    scopes: tuple[Scope, ...]

    @property
    def actor(self) -> str:
        """How events name them: kind and id, never a name."""
        return f"{self.kind}:{self.id}"

    def scopes_for(self, permission: str) -> Sequence[Scope]:
        """Those of the scopes whose role holds the permission."""
        roles = roles_for(permission)
        return [scope for scope in self.scopes if scope.role in roles]

    def may(self, permission: str, *, centre_id: UUID | None = None, emergency_id: UUID | None = None) -> bool:
        """Whether they hold it at all, and, where a centre or an emergency is given, there."""
        return any(
            (centre_id is None or scope.centre_id in {None, centre_id})
            and (emergency_id is None or scope.emergency_id in {None, emergency_id})
            for scope in self.scopes_for(permission)
        )

    def has_role(self, *roles: Role) -> bool:
        """Whether any scope bears one of the roles."""
        return any(scope.role in roles for scope in self.scopes)

    @property
    def volunteer_id(self) -> UUID | None:
        """The volunteer this token or account is, if it is one."""
        return next((s.volunteer_id for s in self.scopes if s.volunteer_id), None)

    @property
    def emergency_id(self) -> UUID | None:
        """The one emergency that all scopes are bound to, else None."""
        bound = {s.emergency_id for s in self.scopes}
        return bound.pop() if len(bound) == 1 else None

    def centre_bound(self, permission: str) -> UUID | None:
        """The one centre that the permission is limited to, or None when it holds everywhere (or nowhere)."""
        scopes = self.scopes_for(permission)
        if any(s.centre_id is None for s in scopes):
            return None
        bound = {s.centre_id for s in scopes}
        return bound.pop() if len(bound) == 1 else None
