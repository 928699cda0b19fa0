"""What people send about drawings."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Kind = Literal["note", "area", "route"]
Purpose = Literal["search", "searched", "staging", "landing", "no_go", "water", "other"]
Words = Annotated[str, Field(max_length=1000)]


class NewDrawing(BaseModel):
    """A drawing. `geometry`: GeoJSON Point (note), Polygon (area) or LineString (route); `words` are kept sealed."""

    model_config = ConfigDict(extra="forbid")
    emergency: UUID
    kind: Kind
    geometry: dict[str, Any]
    purpose: Purpose = "other"
    words: Words = ""
    valid_until: AwareDatetime | None = None


class DrawingEdit(BaseModel):
    """The fields to change; `status` takes it off the map or puts it back."""

    model_config = ConfigDict(extra="forbid")
    geometry: dict[str, Any] | None = None
    purpose: Purpose | None = None
    words: Words | None = None
    status: Literal["active", "removed"] | None = None
    valid_until: AwareDatetime | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent; only the end may be taken away."""
        sent = self.model_dump(exclude_unset=True)
        return {k: v for k, v in sent.items() if v is not None or k == "valid_until"}
