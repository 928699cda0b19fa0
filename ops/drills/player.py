"""Plays a scenario through the instance's own doors: the gateway's, the phone's and the volunteer's HTTP.

Every message has a fixed id, so that a drill cut short goes on where it was when it is played again.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from ops.drills.forms import rapid_needs
from ops.drills.scenario import FormAnswer, Message, Scenario

TRIES = 60
TRY_AGAIN_S = 2.0
REPEATED = 9
"""Every ninth message comes twice, as gateways do it."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the drill knocks and with which tokens."""

    url: str
    gateway: str
    field: str
    volunteers: tuple["Hand", ...] = ()
    gateway_id: str = ""


@dataclass(frozen=True, slots=True)
class Hand:
    """One simulated volunteer: its id, token and centre, and where the centre is."""

    id: str
    token: str
    centre: str
    lon: float
    lat: float


@dataclass(slots=True)
class Tally:
    """What happened so far."""

    sent: int = 0
    heard_before: int = 0
    forms: int = 0
    claimed: int = 0
    done: int = 0
    failed: int = 0
    receipts: set[str] = field(default_factory=set)


class Player:
    """One playing of one scenario at `speed` times life; `tell` hears of progress (minute, tally)."""

    def __init__(
        self,
        scenario: Scenario,
        doors: Doors,
        speed: float,
        tell: Callable[[float, Tally], None],
        heard: frozenset[str] = frozenset(),
    ) -> None:
        self.scenario, self.doors, self.speed, self.tell, self.heard = scenario, doors, speed, tell, heard
        self.tally = Tally()
        self.random = random.Random(scenario.name)  # noqa: S311 - a scenario's dice, not a secret

    async def play(self) -> Tally:
        """Play to the end; returns what happened."""
        limits = httpx.Limits(max_connections=20)
        async with httpx.AsyncClient(base_url=self.doors.url, timeout=30, limits=limits) as client:
            stop = asyncio.Event()
            hands = [asyncio.create_task(self._work(client, hand, stop)) for hand in self.doors.volunteers]
            await self._speak(client)
            stop.set()
            await asyncio.gather(*hands)
        return self.tally

    async def _speak(self, client: httpx.AsyncClient) -> None:
        # What everybody has heard already is not waited for; forms are sent again, their ids make them known.
        heard = [step.minute for step in self.scenario.messages if step.id in self.heard]
        begin, start = time.monotonic(), max(heard, default=0.0)
        for number, step in enumerate(self.scenario.steps):
            if isinstance(step, Message) and step.id in self.heard:
                self.tally.heard_before += 1
                continue
            due = (step.minute - start) * 60 / self.speed
            await asyncio.sleep(max(0.0, begin + due - time.monotonic()))
            if isinstance(step, Message):
                await self._sms(client, step, twice=number % REPEATED == 0)
            else:
                await self._form(client, step)
            self.tell(step.minute, self.tally)
        ending = (self.scenario.minutes - start) * 60 / self.speed
        await asyncio.sleep(max(0.0, begin + ending - time.monotonic()))
        self.tell(self.scenario.minutes, self.tally)

    async def _sms(self, client: httpx.AsyncClient, message: Message, *, twice: bool) -> None:
        body = {"id": message.id, "from": message.sender, "to": "30001234", "text": message.text}
        headers = {"Authorization": f"Bearer {self.doors.gateway}"}
        for _ in range(2 if twice else 1):
            answer = await _insist(lambda: client.post("/intake/sms/generic", json=body, headers=headers))
            self.tally.receipts.add(answer.json()["receipt"])
        self.tally.sent += 1

    async def _form(self, client: httpx.AsyncClient, form: FormAnswer) -> None:
        files = {"xml_submission_file": ("submission.xml", rapid_needs(form.id, form.answers), "text/xml")}
        headers = {"X-OpenRosa-Version": "1.0"}
        await _insist(lambda: client.post(f"/openrosa/{self.doors.field}/submission", files=files, headers=headers))
        self.tally.forms += 1

    def _minutes(self, low: float, high: float) -> float:
        return self.random.uniform(low, high) * 60 / self.speed

    async def _work(self, client: httpx.AsyncClient, hand: Hand, stop: asyncio.Event) -> None:
        """One volunteer: wait, claim, accept, set out, finish or fail; now and then let a task go."""
        headers = {"Authorization": f"Bearer {hand.token}"}
        await self._pause(stop, self._minutes(2, 25))
        while not stop.is_set():
            try:
                await self._one_task(client, hand, headers, stop)
            except (httpx.HTTPError, KeyError, ValueError):
                await self._pause(stop, 2)
            await self._pause(stop, self._minutes(6, 30))

    async def _one_task(
        self, client: httpx.AsyncClient, hand: Hand, headers: dict[str, str], stop: asyncio.Event
    ) -> None:
        where = {
            "lat": hand.lat + self.random.uniform(-0.06, 0.06),
            "lon": hand.lon + self.random.uniform(-0.06, 0.06),
            "accuracy_m": 50,
        }
        await client.post("/api/volunteers/me/position", json=where, headers=headers)
        queues = (await client.get("/api/queues", headers=headers)).json()["items"]
        waiting = [q for q in queues if q["open"] and str(q["centre"].get("id")) == hand.centre]
        for queue in self.random.sample(waiting, len(waiting)):
            answer = await client.post(f"/api/queues/{queue['id']}/claim", json={"max": 1}, headers=headers)
            tasks = answer.json().get("tasks", [])
            if tasks:
                self.tally.claimed += 1
                await self._finish(client, tasks[0], headers, stop)
                return

    async def _finish(
        self, client: httpx.AsyncClient, task: dict[str, Any], headers: dict[str, str], stop: asyncio.Event
    ) -> None:
        async def call(verb: str, **more: Any) -> bool:
            answer = await client.post(
                f"/api/tasks/{task['id']}/{verb}", json={"fence": task["fence"], **more}, headers=headers
            )
            return answer.status_code == httpx.codes.OK

        await self._pause(stop, self._minutes(1, 3))
        if self.random.random() < 0.06:  # noqa: PLR2004 - some change their minds
            await call("release", reason="other")
            return
        if not await call("accept"):
            return
        await self._pause(stop, self._minutes(2, 6))
        await call("en_route")
        await self._pause(stop, self._minutes(8, 25))
        if self.random.random() < 0.08:  # noqa: PLR2004 - some roads are closed
            self.tally.failed += await call("fail", reason="unreachable", rest="returned")
        else:
            self.tally.done += await call("complete", note="تحویل شد")

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            return


async def _insist(call: Callable[[], Any]) -> httpx.Response:
    """Try until the answer is a receipt: a gateway never gives up at the first refusal."""
    last: Exception | None = None
    for _ in range(TRIES):
        try:
            answer: httpx.Response = await call()
            answer.raise_for_status()
        except httpx.HTTPError as error:
            last = error
            await asyncio.sleep(TRY_AGAIN_S)
        else:
            return answer
    raise RuntimeError(f"the instance did not take a message in {TRIES} tries") from last
