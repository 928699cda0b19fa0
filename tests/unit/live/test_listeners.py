"""One change for many: who rests is written to once, who is slow or comes meanwhile catches up, nobody hears twice."""

import asyncio
import random
from collections.abc import Callable
from uuid import uuid4

import pytest

from server.access.principal import Principal, Scope
from server.access.roles import Role
from server.live import listeners
from server.live.listeners import Listener, Listeners, View, framed
from server.live.ring import Line, Ring


class Wire:
    """A connection that is slow at times."""

    def __init__(self, dice: random.Random, slow: float) -> None:
        self.dice, self.slow = dice, slow
        self.came = b""

    def write(self, data: bytes) -> bool:
        if self.dice.random() < self.slow:
            return False
        self.came += data
        return True

    def when_lost(self, call: Callable[[], None] | None) -> None:
        """It never is."""


def view(role: Role = "coordinator") -> View:
    return View(Principal("token", uuid4(), (Scope(role),)))


def line(seq: int) -> Line:
    return Line(seq, "report.read" if seq % 3 == 0 else "need.changed", None, None, b"%d;" % seq)


def heard(came: bytes) -> list[int]:
    """What stands in the chunks."""
    body = b""
    while came:
        length, _, came = came.partition(b"\r\n")
        size = int(length, 16)
        body += came[:size]
        assert came[size : size + 2] == b"\r\n"
        came = came[size + 2 :]
    return [int(number) for number in body.split(b";") if number]


@pytest.mark.parametrize("seed", range(6))
async def test_none_is_lost_and_none_doubled_however_slow_they_are(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "IN_A_ROW", 3)
    monkeypatch.setattr(listeners, "BATCH", 7)
    dice = random.Random(seed)
    ring = Ring(0, size=60)
    everything: list[Line] = []
    house = Listeners(ring)
    total = 400
    views = [view(), view("volunteer")]
    ends: list[tuple[Listener, Wire]] = []

    async def serve(one: Listener, wire: Wire) -> None:
        """As a stream's task does: catch up by itself, rest, catch up again."""
        while one.seq < total:
            if one.seq < house.told:
                missed = [each for each in everything[one.seq : one.seq + 11] if each.seq <= ring.head]
                await asyncio.sleep(0)
                wire.came += framed(b"".join(each.chunk for each in missed if one.view.sees(each)) or b"-1;")
                one.seq = missed[-1].seq
                continue
            house.join(one)
            await one.resting()
            house.leave(one)

    async def come() -> None:
        for _ in range(25):
            wire = Wire(dice, dice.choice((0.0, 0.0, 0.3, 1.0)))
            one = Listener(dice.choice(views), ring.head, None)
            one.wire = wire if dice.random() < 0.8 else None
            wire.came = framed(b"%d;" % -(one.seq + 2))
            ends.append((one, wire))
            tasks.append(asyncio.create_task(serve(one, wire)))
            await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    coming = asyncio.create_task(come())
    while ring.head < total:
        new = [line(seq) for seq in range(ring.head + 1, min(total, ring.head + dice.randrange(1, 90)) + 1)]
        everything += new
        ring.append(new)
        await house.tell(ring)
        await asyncio.sleep(0)
    await coming
    for one, _ in ends:
        # Who rests already has everything, and is not woken by anybody any more.
        if one.seq >= total:
            house.wake(one)
    async with asyncio.timeout(60):
        await asyncio.gather(*tasks)
    assert len(ends) == 25
    for one, wire in ends:
        numbers = heard(wire.came)
        began = -numbers[0] - 2
        got = [number for number in numbers[1:] if number > 0]
        assert got == [each.seq for each in everything if each.seq > began and one.view.sees(each)]
    assert house.resting() == []


async def test_one_body_is_made_for_all_of_a_view() -> None:
    ring, house = Ring(0), Listeners(Ring(0))
    shared, dice = view(), random.Random(1)
    wires = [Wire(dice, 0) for _ in range(50)]
    for wire in wires:
        one = Listener(shared, 0, None)
        one.wire = wire
        house.join(one)
    made: list[int] = []
    sees = shared.sees
    shared.sees = lambda each: (made.append(each.seq), sees(each))[1]  # type: ignore[method-assign]
    ring.append([line(1), line(2)])
    await house.tell(ring)
    assert made == [1, 2]
    assert {wire.came for wire in wires} == {framed(b"1;2;")}
