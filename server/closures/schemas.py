"""What people send about closures."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from server.closures.rules import Kind
from server.incidents.rules import Verification


class NewClosure(BaseModel):
    """A closure drawn by a person. `geometry`: GeoJSON Point, LineString or Polygon."""

    model_config = ConfigDict(extra="forbid")
    emergency: UUID
    kind: Kind
    geometry: dict[str, Any]
    verification: Verification = "unverified"
    incident: UUID | None = None
    valid_until: AwareDatetime | None = None


class ClosureEdit(BaseModel):
    """The fields to change; `status` lifts it or puts it back."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind | None = None
    status: Literal["active", "lifted"] | None = None
    geometry: dict[str, Any] | None = None
    verification: Verification | None = None
    valid_until: AwareDatetime | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent; only the end may be taken away."""
        sent: dict[str, datetime | Any] = self.model_dump(exclude_unset=True)
        return {k: v for k, v in sent.items() if v is not None or k == "valid_until"}
