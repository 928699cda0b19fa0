"""What volunteers' routes take in."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Strict(BaseModel):
    """No field is silently dropped."""

    model_config = ConfigDict(extra="forbid")


class Person(Strict):
    """What is known of a volunteer. `name` and `phone` are sealed when they are kept."""

    name: str | None = Field(default=None, max_length=200)
    phone: str | None = Field(default=None, max_length=40)
    skills: list[Code] | None = Field(default=None, max_length=50)
    languages: list[Code] | None = Field(default=None, max_length=50)
    gender: Literal["woman", "man"] | None = None
    vehicle: Code | None = None
    capacity_kg: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)
    status: Literal["active", "resting", "away", "inactive"] | None = None


class NewVolunteer(Person):
    """A volunteer of a centre; without a code one is made."""

    code: str | None = Field(default=None, min_length=2, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    centre: UUID


class VolunteerChange(Person):
    """Those fields that are to change."""

    centre: UUID | None = None


class PositionReport(Strict):
    """Where a phone believes to be, degrees and metres."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    accuracy_m: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)
