"""What access' JSON routes take."""

from uuid import UUID

from pydantic import BaseModel, Field

from server.access.roles import Role


class NewToken(BaseModel):
    """A token asked for."""

    role: Role
    name: str = Field(min_length=1, max_length=80)
    centre: UUID | None = None
    emergency: UUID | None = None
    volunteer: UUID | None = None


class NewInvite(BaseModel):
    """An invitation asked for."""

    role: Role
    centre: UUID | None = None
    emergency: UUID | None = None
    volunteer: UUID | None = None
