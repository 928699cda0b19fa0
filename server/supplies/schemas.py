"""What supplies take in."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Amount = Annotated[Decimal, Field(gt=0, lt=1_000_000_000, allow_inf_nan=False, decimal_places=6, max_digits=15)]


class Strict(BaseModel):
    """No field is silently dropped."""

    model_config = ConfigDict(extra="forbid")


class NewItem(Strict):
    """A catalogue item; `category` is the need it answers."""

    code: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    name_fa: str = Field(min_length=1, max_length=200)
    name_en: str = Field(min_length=1, max_length=200)
    category: str = Field(max_length=60)
    unit: str = Field(min_length=1, max_length=30)


class Line(Strict):
    """So much of an item, by id or by code."""

    item: UUID | None = None
    code: str | None = Field(default=None, max_length=60)
    quantity: Amount


class NewMovement(Strict):
    """A movement made by a person.

    `receipt`: from outside `to` a centre. `loss`: `from` a centre. `dispatch`: `from` one centre `to`
    another. `adjustment`: the books of `to` rise (more was counted), or those of `from` fall (less was).
    """

    kind: Literal["receipt", "dispatch", "loss", "adjustment"]
    source: UUID | None = Field(default=None, alias="from")
    target: UUID | None = Field(default=None, alias="to")
    items: list[Line] = Field(min_length=1, max_length=500)
    emergency: UUID | None = None
    key: str | None = Field(default=None, min_length=1, max_length=200)
