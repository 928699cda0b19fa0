"""The gateway of drills: takes every message, keeps none, sends nothing anywhere."""

from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from server.messaging.adapters.shapes import Accepted, Adapter, NotSent, Outcome, Outgoing, Unknown


class Fake(Adapter):
    """`settings["answer"]` lets a drill practise trouble: `accept`, `refuse`, `busy`, `nothing`."""

    asks: ClassVar[bool] = True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._answer = settings.get("answer", "accept")

    async def send(self, client: httpx.AsyncClient, message: Outgoing) -> Outcome:
        """Delivered at once, unless trouble is practised; the client is never used."""
        del client
        if self._answer == "refuse":
            return NotSent("refused", final=True)
        if self._answer == "busy":
            return NotSent("busy")
        return Unknown("no_answer") if self._answer == "nothing" else Accepted(message.name or None, delivered=True)
