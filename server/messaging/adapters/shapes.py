"""What every adapter takes and answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

import httpx


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to be handed over, in the clear: it lives as long as the request. `to`: `+98912…`.

    `name`: what a gateway that can be asked is to call it, the same until an attempt is known to have failed.
    `again`: an attempt before this one ended without an answer, so the gateway may have it. `report_url`: where
    the gateway may say what became of it. `lives_s`: seconds until it is worthless.
    """

    id: UUID
    to: str = field(repr=False)
    text: str = field(repr=False)
    name: str = ""
    life: bool = False
    again: bool = False
    report_url: str = field(default="", repr=False)
    lives_s: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway has it. `reference`: what it calls the message; `delivered`: it is there already."""

    reference: str | None = None
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not sent. `final`: no attempt will help, the number or the message itself is refused."""

    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the gateway has it: no answer came, or one that leaves it open."""

    reason: str


Outcome = Accepted | NotSent | Unknown


class Adapter(ABC):
    """Hands messages to one gateway. Raises nothing but what `wire.handing_over` turns into an outcome."""

    asks: ClassVar[bool] = False
    """Whether it can ask the gateway if it has a message already, so that an unanswered attempt may be repeated."""

    @abstractmethod
    async def send(self, client: httpx.AsyncClient, message: Outgoing) -> Outcome:
        """Hand one message over."""
