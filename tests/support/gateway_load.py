"""Gateways that never give a message up: a steady load of many senders, each with one message on its way at a time.

Every tenth message is sent twice, and every tenth again long after: what was answered before, during and after a fault
is the same message still.
"""

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field

import orjson

from tests.bench.posting import Door

WORDS = ("آب آشامیدنی نداریم", "پتو لازم داریم", "غذا بدهید", "We need blankets", "دارو نیاز داریم")
AGAIN = 15
ANSWER_S = 9.0
"""Less than the ten seconds for which a pool of connections lets its callers wait."""
STARTED_S = 90.0
"""For the first answer on a new connection: the kernel takes it while nobody yet reads, as a killed web starts anew."""


@dataclass
class GatewayLoad:
    """`rate` messages a second from `senders` senders through the generic door, until `stop`."""

    port: int
    token: str
    name: str
    rate: float = 200.0
    senders: int = 20
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """By key: (receipt, report) of each answer."""
    order: dict[int, list[str]] = field(default_factory=dict)
    """By sender: the keys in the order they were acknowledged first."""
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    hung: int = 0
    """Requests that had no answer within `ANSWER_S`, though their connection stood."""
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def start(self) -> "GatewayLoad":
        self._tasks = [asyncio.create_task(self._send(number)) for number in range(self.senders)]
        return self

    async def end(self) -> None:
        """What was begun is still sent until it is answered."""
        self.stop.set()
        await asyncio.gather(*self._tasks)

    async def acknowledged(self, more: int, seconds: float = 60.0) -> None:
        """Wait until so many more messages were answered."""
        goal, until = len(self.answers) + more, time.monotonic() + seconds
        while len(self.answers) < goal:
            assert time.monotonic() < until, f"no answers: {self.statuses}"
            await asyncio.sleep(0.02)

    async def _send(self, sender: int) -> None:
        door, number, began = Door(self.port, self.token), 0, time.monotonic()
        mine = self.order.setdefault(sender, [])
        while not self.stop.is_set():
            number += 1
            due = began + (number + sender / self.senders) * self.senders / self.rate
            if (wait := due - time.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), wait)
                    break
            await self._until_answered(door, sender, number)
            mine.append(self._key(sender, number))
            if number % 10 == 0:
                await self._until_answered(door, sender, number)
            if number % 10 == 5 and number > AGAIN:
                await self._until_answered(door, sender, number - AGAIN)
        door.close()

    def _key(self, sender: int, number: int) -> str:
        return f"{self.name}-{sender}-{number}"

    async def _until_answered(self, door: Door, sender: int, number: int) -> None:
        key = self._key(sender, number)
        text = f"{WORDS[(sender + number) % len(WORDS)]} {number}"
        body = orjson.dumps({"id": key, "from": f"+98900{sender:03d}0000", "to": "3000", "text": text})
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(ANSWER_S if door.answered else STARTED_S):
                    status, content = await door.ask("POST", "/intake/sms/generic", body)
            except (ConnectionError, TimeoutError) as error:
                door.close()
                status, content = 0, b""
                self.hung += isinstance(error, TimeoutError)
            self.statuses[status] += 1
            if status == 200:
                self.took.append(time.monotonic() - began)
                answer = orjson.loads(content)
                self.answers.setdefault(key, set()).add((answer["receipt"], answer["report"]))
                return
            assert status in {0, 503}, f"{status} {content[:300]!r}"
            await asyncio.sleep(0.1)
