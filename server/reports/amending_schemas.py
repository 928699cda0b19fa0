"""What a person sends to set a reading right."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from server.reports.joining import NAME_CHARS
from server.standards.taxonomy import INCIDENTS, NEEDS

Group = Literal["child", "infant", "elderly", "pregnant", "disabled", "chronic_illness", "woman_headed"]
PERSON_ACCURACY_M: Final = 500
"""How far off a point may be that a person chose without saying how exactly."""
_PEOPLE_MOST: Final = 10_000_000
_NOT_NULL: Final = frozenset({"kind", "incidents", "needs", "vulnerable", "urgency"})


def _incident(code: str) -> str:
    if code not in INCIDENTS:
        raise ValueError("no incident of the taxonomy")
    return code


def _need(code: str) -> str:
    if code not in NEEDS:
        raise ValueError("no need of the taxonomy")
    return code


class NeedIn(BaseModel):
    """A need as a reading has it."""

    model_config = ConfigDict(extra="forbid")
    category: Annotated[str, AfterValidator(_need)]
    quantity: float | None = Field(default=None, ge=0, lt=1e9, allow_inf_nan=False)
    unit: str | None = Field(default=None, max_length=20, pattern=r"^[a-z_]+$")


class PlaceIn(BaseModel):
    """A place by its name and point; `accuracy_m`: how far from the point it may be."""

    model_config = ConfigDict(extra="ignore")
    name: str = Field(min_length=1, max_length=NAME_CHARS)
    name_fa: str | None = Field(default=None, max_length=NAME_CHARS)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    accuracy_m: int = Field(default=PERSON_ACCURACY_M, ge=0, le=2_000_000)


class ReadingEdit(BaseModel):
    """What a person says that a report says. What is left out stays."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["report", "offer", "update", "question", "other"] | None = None
    incidents: list[Annotated[str, AfterValidator(_incident)]] | None = Field(default=None, max_length=30)
    needs: list[NeedIn] | None = Field(default=None, max_length=30)
    people: int | None = Field(default=None, ge=0, le=_PEOPLE_MOST)
    households: int | None = Field(default=None, ge=0, le=_PEOPLE_MOST)
    place: PlaceIn | None = None
    vulnerable: list[Group] | None = Field(default=None, max_length=7)
    urgency: Literal["life", "high", "normal", "none"] | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent; only numbers and the place may be taken away with null. Codes stand once each."""
        sent = self.model_dump(exclude_unset=True)
        sent = {k: v for k, v in sent.items() if v is not None or k not in _NOT_NULL}
        for name in ("incidents", "vulnerable"):
            if name in sent:
                sent[name] = list(dict.fromkeys(sent[name]))
        if "needs" in sent:
            sent["needs"] = [_tidy(n) for n in {n["category"]: n for n in sent["needs"]}.values()]
        return sent


def _tidy(need: dict[str, Any]) -> dict[str, Any]:
    """A whole quantity as a whole number, as readings have it."""
    quantity = need.get("quantity")
    whole = int(quantity) if quantity is not None and float(quantity).is_integer() else quantity
    return {"category": need["category"], "quantity": whole, "unit": need.get("unit")}
