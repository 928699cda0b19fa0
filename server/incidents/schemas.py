"""What people send about incidents."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from server.incidents.rules import Urgency, Verification


class IncidentEdit(BaseModel):
    """The fields a person decides; the others stay as the reports have them."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["open", "resolved"] | None = None
    verification: Verification | None = None
    category: str | None = None
    urgency: Urgency | None = None
    people: int | None = Field(default=None, ge=0, le=10_000_000)
    place_id: UUID | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent; only a number of people may be taken away."""
        sent = self.model_dump(exclude_unset=True)
        return {k: v for k, v in sent.items() if v is not None or k == "people"}


class Merge(BaseModel):
    """`other` goes into the record of the address."""

    model_config = ConfigDict(extra="forbid")
    other: UUID


class Split(BaseModel):
    """`report` leaves the record of the address and stands alone."""

    model_config = ConfigDict(extra="forbid")
    report: UUID
