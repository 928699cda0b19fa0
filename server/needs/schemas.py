"""What people send about needs."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from server.incidents.rules import Urgency, Verification

Vulnerable = Literal["child", "infant", "elderly", "pregnant", "disabled", "chronic_illness", "woman_headed"]
_MAY_BE_EMPTY = frozenset({"people", "households", "quantity", "unit", "incident_id"})


class NeedEdit(BaseModel):
    """The fields a person decides; the others stay as the reports have them. `tasked` is dispatch's word alone."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["open", "met", "closed"] | None = None
    verification: Verification | None = None
    category: str | None = None
    urgency: Urgency | None = None
    quantity: float | None = Field(default=None, ge=0, lt=1e9)
    unit: str | None = Field(default=None, max_length=40)
    people: int | None = Field(default=None, ge=0, le=10_000_000)
    households: int | None = Field(default=None, ge=0, le=10_000_000)
    vulnerable: list[Vulnerable] | None = None
    incident_id: UUID | None = None
    place_id: UUID | None = None
    """Where it is, when the reports do not say: the need then shows at that place and gets its task."""

    def changes(self) -> dict[str, Any]:
        """What was sent; numbers, the unit and the incident may be taken away."""
        sent = self.model_dump(exclude_unset=True)
        return {k: v for k, v in sent.items() if v is not None or k in _MAY_BE_EMPTY}
