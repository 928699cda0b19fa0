"""What people send about hazard areas."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from server.hazards.rules import Kind, Level, Status, Verification


class NewHazard(BaseModel):
    """An area drawn by a person. `geometry`: GeoJSON Polygon or MultiPolygon."""

    model_config = ConfigDict(extra="forbid")
    emergency: UUID
    kind: Kind
    geometry: dict[str, Any]
    level: Level = "unknown"
    verification: Verification = "unverified"
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None


class HazardEdit(BaseModel):
    """The fields to change; `status` ends it or puts it back."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind | None = None
    level: Level | None = None
    status: Status | None = None
    geometry: dict[str, Any] | None = None
    verification: Verification | None = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent; only the end may be taken away."""
        sent = self.model_dump(exclude_unset=True)
        return {k: v for k, v in sent.items() if v is not None or k == "valid_until"}
