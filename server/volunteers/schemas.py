"""What volunteers' routes take in."""

from collections.abc import Collection
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from server.volunteers.duty_rules import CHECK_LEAST_S, CHECK_MOST_S, REST_OWN_MOST_H
from server.volunteers.rules import VEHICLES
from server.volunteers.skills import LANGUAGES, SKILLS


def _one_of(known: Collection[str]) -> AfterValidator:
    def check(code: str) -> str:
        if code not in known:
            raise ValueError(f"one of {', '.join(known)}")
        return code

    return AfterValidator(check)


Skill = Annotated[str, _one_of(SKILLS)]
Language = Annotated[str, _one_of(LANGUAGES)]
Vehicle = Annotated[str, _one_of(VEHICLES)]
Work = Literal["field", "desk", "store", "driving"]
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
    """Those fields that are to change. `rest_until` null ends a rest; `check_every_s` null ends the timer."""

    centre: UUID | None = None
    rest_until: AwareDatetime | None = None
    check_every_s: int | None = Field(default=None, ge=CHECK_LEAST_S, le=CHECK_MOST_S)


class Availability(Strict):
    """What a volunteer says of herself; `rest_h` 0 ends the rest that she took."""

    status: Literal["active", "resting", "away"] | None = None
    rest_h: float | None = Field(default=None, ge=0, le=REST_OWN_MOST_H, allow_inf_nan=False)


class CheckIn(Strict):
    """How often a sign of life is due, in seconds."""

    every_s: int | None = Field(default=None, ge=CHECK_LEAST_S, le=CHECK_MOST_S)


class Registration(Strict):
    """What somebody says who wants to help. Name and number are hers to give or not; both are sealed."""

    centre: UUID
    handle: str = Field(min_length=2, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")
    passphrase: str = Field(max_length=1000)
    skills: list[Skill] = Field(default=[], max_length=len(SKILLS))
    languages: list[Language] = Field(default=["fa"], max_length=len(LANGUAGES))
    gender: Literal["woman", "man"] | None = None
    vehicle: Vehicle | None = None
    capacity_kg: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)
    name: str | None = Field(default=None, max_length=200)
    phone: str | None = Field(default=None, max_length=40)


class VettingMany(Strict):
    """A centre's word on many who registered."""

    volunteers: list[UUID] = Field(min_length=1, max_length=500)
    decision: Literal["vetted", "refused"]
    reason: Literal["unknown", "double", "enough", "abuse"] | None = None
    """A code and no words: it stands in an event."""


class Vetting(Strict):
    """What a centre says of somebody who registered."""

    decision: Literal["vetted", "refused"]


class PositionReport(Strict):
    """Where a phone believes to be, degrees and metres."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    accuracy_m: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)


class NewShift(Strict):
    """When somebody will be there; without `volunteer` the asker herself."""

    volunteer: UUID | None = None
    work: Work = "field"
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class ShiftChange(Strict):
    """Those fields that are to change; `cancelled` calls the shift off."""

    work: Work | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    cancelled: Literal[True] | None = None


class Note(Strict):
    """Words for those who come after."""

    words: str = Field(min_length=1, max_length=4000)
