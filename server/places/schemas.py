"""What people send about centres."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


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
