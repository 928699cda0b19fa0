"""What `/api/duties` takes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

Label = Annotated[str, Field(min_length=1, max_length=60)]
"""What the roster calls the post or the shift: "night, north". No name is needed."""

_LAST_YEAR = 8999


def _possible(moment: datetime) -> datetime:
    """Beyond this a moment may not exist in another time zone, and PostgreSQL keeps what Python cannot read."""
    if not 1970 <= moment.year <= _LAST_YEAR:  # noqa: PLR2004 - before there were telephones of this sort
        raise ValueError("no time that a duty may have")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_possible)]
"""With its offset: a time without one is another in each time zone."""


class NewDuty(BaseModel):
    """POST: whose telephone, for which emergency (none: all), from when until when (none: now, until ended)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    number: Annotated[str, Field(min_length=3, max_length=40)]
    label: Label
    emergency: UUID | None = None
    lang: Literal["fa", "en"] | None = None
    from_at: Annotated[Moment | None, Field(alias="from")] = None
    until_at: Annotated[Moment | None, Field(alias="until")] = None
    mine: bool = False
    """Whether it is the number of whoever asks, who alone then sees it in full."""


class DutyChange(BaseModel):
    """PATCH: {"ended": true} ends it now; `until` moves its end; `label` renames it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    ended: Literal[True] | None = None
    until_at: Annotated[Moment | None, Field(alias="until")] = None
    label: Label | None = None
