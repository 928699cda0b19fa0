"""What people send about centres."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class PlaceSearch(BaseModel):
    """What is searched for: a name, "name, province", coordinates in degrees, a map's link, a plus code."""

    model_config = ConfigDict(extra="forbid")
    q: str = Field(max_length=300)
    near: str | None = Field(default=None, max_length=60)
    """lon,lat in degrees: ranks, does not select."""
    limit: int = Field(default=20, ge=1, le=200)


class NewCentre(BaseModel):
    """A new centre. `code` is made when it is left out."""

    model_config = ConfigDict(extra="forbid")
    code: str | None = Field(default=None, min_length=2, max_length=20)
    name_fa: str = Field(min_length=1, max_length=120)
    name_en: str = Field(min_length=1, max_length=120)
    lon: float
    lat: float
    place_id: UUID | None = None
    active: bool = True


class CentreEdit(BaseModel):
    """The fields to change; the others stay."""

    model_config = ConfigDict(extra="forbid")
    name_fa: str | None = Field(default=None, min_length=1, max_length=120)
    name_en: str | None = Field(default=None, min_length=1, max_length=120)
    lon: float | None = None
    lat: float | None = None
    place_id: UUID | None = None
    active: bool | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent, and not left out; only a place may be taken away."""
        sent = self.model_dump(exclude_unset=True)
        return {k: v for k, v in sent.items() if v is not None or k == "place_id"}
