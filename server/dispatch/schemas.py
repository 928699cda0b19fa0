"""What dispatch takes in."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from server.dispatch.service import Order

Quantity = Decimal
_AMOUNT = Field(gt=0, lt=1_000_000_000, allow_inf_nan=False, decimal_places=6, max_digits=15)


class Strict(BaseModel):
    """No field is silently dropped."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Loaded(Strict):
    """So much of an item taken at a centre."""

    item: UUID
    quantity: Quantity = _AMOUNT
    centre: UUID


class Delivered(Strict):
    """So much of an item handed over; 0 says that none was."""

    item: UUID
    quantity: Quantity = Field(ge=0, lt=1_000_000_000, allow_inf_nan=False, decimal_places=6, max_digits=15)


class TaskCall(Strict):
    """The body of every call on a task. `fence` is what the claim gave.

    `delivered` left out means all that was on the road; `rest` says what became of what was not handed over.
    """

    fence: int = Field(ge=0)
    reason: str | None = Field(default=None, max_length=60)
    note: str | None = Field(default=None, max_length=10_000)
    loaded: list[Loaded] | None = Field(default=None, max_length=200)
    delivered: list[Delivered] | None = Field(default=None, max_length=200)
    rest: Literal["returned", "lost"] | None = None
    people_served: int | None = Field(default=None, ge=0, le=1_000_000)
    volunteer: UUID | None = None
    team: UUID | None = None

    def order(self) -> Order:
        """As the service takes it."""
        loaded = None if self.loaded is None else [(x.item, x.quantity, x.centre) for x in self.loaded]
        delivered = None if self.delivered is None else {x.item: x.quantity for x in self.delivered}
        note = self.note.encode("utf-8", "replace").decode() if self.note else None
        return Order(
            self.fence,
            self.reason,
            note,
            loaded,
            delivered,
            self.rest,
            self.volunteer,
            self.people_served,
            self.team,
        )
