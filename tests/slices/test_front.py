"""The front of intake: groups of concurrent messages, each kept once whatever its copies and neighbours do.

HAMYAR_MESSAGES (3,000 unless told) messages are each delivered one to five times in random order.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from server.access.context import Context
from server.emergencies.service import ensure
from server.kernel.ids import is_code
from server.reports import lanes, queries
from server.reports.doors.shortcut import shortcut
from server.reports.front import Front
from server.reports.intake import Accepted
from tests.slices.test_intake import NUMBER, count, message, rows
from tests.support.web import MakeClient

MESSAGES = int(os.environ.get("HAMYAR_MESSAGES", "3000"))
REFUSE_BAD = """
CREATE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.source_key LIKE 'bad%' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'data_exception'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse_bad BEFORE INSERT ON reports FOR EACH ROW EXECUTE FUNCTION refuse_bad();
"""
LINES = 64
"""Requests under way at once."""


@pytest.fixture
async def fronts(ctx: Context) -> AsyncIterator[list[Front]]:
    """Two web processes' fronts."""
    made = [Front(ctx), Front(ctx)]
    yield made
    for front in made:
        await front.close()


async def test_each_message_has_one_effect_however_often_it_comes(ctx: Context, fronts: list[Front]) -> None:
    dice = random.Random(20261122)
    deliveries = [n for n in range(MESSAGES) for _ in range(dice.randint(1, 5))]
    dice.shuffle(deliveries)
    answers: dict[int, set[Accepted]] = {}
    new = Counter[bool]()
    coming = iter(deliveries)

    async def line(front: Front) -> None:
        for n in coming:
            item = message(f"m-{n}", f"پیام {n}", sender=f"+98912{n % 500:07d}")
            done = await front.keep(item, actor="test")
            new[not done.known] += 1
            answers.setdefault(n, set()).add(Accepted(done.id, done.receipt, known=False, conflict=False))

    await asyncio.gather(*(line(fronts[i % 2]) for i in range(LINES)))
    assert len(answers) == MESSAGES
    assert all(len(given) == 1 for given in answers.values()), "every copy got the same answer"
    (given,) = zip(*answers.values(), strict=True)
    assert len({a.receipt for a in given}) == len({a.id for a in given}) == MESSAGES
    assert all(is_code(a.receipt, 10) for a in given)
    assert new == {True: MESSAGES, False: len(deliveries) - MESSAGES}
    assert await count(ctx, "reports") == await count(ctx, "events_unsealed") == MESSAGES
    commits = (await rows(ctx, "SELECT count(DISTINCT xmin::text) AS n FROM reports"))[0]["n"]
    assert commits <= MESSAGES / 4, "requests share transactions"


async def test_the_same_message_through_two_processes_at_once_is_one(ctx: Context, fronts: list[Front]) -> None:
    for n in range(20):
        copies = await asyncio.gather(*(front.keep(message(str(n)), actor="test") for front in fronts * 3))
        assert len({(a.id, a.receipt) for a in copies}) == 1
        assert [a.known for a in copies].count(False) == 1
    assert await count(ctx, "reports") == 20


async def test_messages_without_a_number_are_once_within_a_group_too(ctx: Context, fronts: list[Front]) -> None:
    front = fronts[0]

    async def say(n: int, text: str) -> Accepted:
        return await front.keep(message(f"random-{n}", text), actor="test", unnumbered=True)

    said = await asyncio.gather(say(1, "ACCEPT"), say(2, "ACCEPT"), say(3, "FAIL"), say(4, "ACCEPT"), say(5, "ACCEPT"))
    assert [a.id for a in said] == [said[0].id] * 2 + [said[2].id] + [said[3].id] * 2
    assert len({a.id for a in said}) == 3, "ACCEPT, FAIL, ACCEPT are three messages"
    again = await asyncio.gather(*(f.keep(message(f"r-{i}", "ACCEPT"), actor="test", unnumbered=True)
                                   for i, f in enumerate(fronts * 2)))  # fmt: skip
    assert {a.id for a in again} == {said[3].id}


async def test_a_senders_messages_keep_their_order_within_a_group(ctx: Context, fronts: list[Front]) -> None:
    await asyncio.gather(*(fronts[0].keep(message(f"{99 - n}"), actor="test") for n in range(60)))
    kept = await rows(ctx, "SELECT source_key FROM reports ORDER BY received_at, id")
    assert [row["source_key"] for row in kept] == [f"{99 - n}" for n in range(60)]


async def test_one_that_the_database_refuses_does_not_take_its_neighbours_along(
    ctx: Context, fronts: list[Front], client_of: MakeClient
) -> None:
    async with ctx.db.tx() as conn:
        await conn.execute(REFUSE_BAD)
    keys = [f"good-{n}" for n in range(30)] + ["bad-1", "bad-2"]
    random.Random(7).shuffle(keys)
    done = await asyncio.gather(*(fronts[0].keep(message(key), actor="test") for key in keys))
    assert all(is_code(a.receipt, 10) for a in done)
    assert await count(ctx, "reports") == 30
    assert await count(ctx, "set_aside") == 2
    again = await fronts[1].keep(message("bad-1"), actor="test")
    assert (again.id, again.receipt) == next((a.id, a.receipt) for a, k in zip(done, keys, strict=True) if k == "bad-1")
    assert await count(ctx, "set_aside") == 2
    coordinator = await client_of("coordinator")
    listed = (await coordinator.get("/api/set-aside")).json()["items"]
    assert {item["reason"] for item in listed} == {"refused"}
    one = (await coordinator.get(f"/api/set-aside/{listed[0]['id']}")).json()
    assert NUMBER in one["payload"]


async def test_a_storm_is_marked_and_nobody_elses_messages_are(ctx: Context, fronts: list[Front]) -> None:
    storm = [fronts[0].keep(message(f"s-{n}"), actor="test") for n in range(lanes.BURST * 3)]
    await asyncio.gather(*storm, fronts[0].keep(message("o", sender="+989350000000"), actor="test"))
    slow = await rows(ctx, "SELECT source_key LIKE 's-%%' AS storm, lane, count(*) AS n FROM reports GROUP BY 1, 2")
    assert {(row["storm"], row["lane"]): row["n"] for row in slow} == {
        (True, 0): lanes.BURST,
        (True, 1): lanes.BURST * 2,
        (False, 0): 1,
    }


async def test_the_sole_open_emergency_is_meant_and_a_bound_one_comes_first(ctx: Context, fronts: list[Front]) -> None:
    async with ctx.db.tx() as conn:
        one = await ensure(conn, "one", ("یک", "One"), "flood")
    assert (await fronts[0].keep(message("1"), actor="test")).known is False
    async with ctx.db.tx() as conn:
        two = await ensure(conn, "two", ("دو", "Two"), "flood")
    await asyncio.gather(
        fronts[0].keep(message("2"), actor="t"), fronts[0].keep(message("3"), actor="t", emergency=two)
    )
    kept = {r["source_key"]: r["emergency_id"] for r in await rows(ctx, "SELECT source_key, emergency_id FROM reports")}
    assert kept == {"1": one, "2": None, "3": two}


class TestShortcut:
    """The same door before the framework: what is plain, and only that."""

    async def _short(self, monkeypatch: pytest.MonkeyPatch, client: httpx.AsyncClient, **sent: Any) -> tuple[bool, int]:
        took: list[bool] = []

        async def watched(*args: Any) -> bool:
            took.append(await shortcut(*args))
            return took[-1]

        with monkeypatch.context() as patch:
            patch.setattr("server.app.shortcut", watched)
            answer = await client.post("/intake/sms/generic", **sent)
        return took[0], answer.status_code

    async def test_only_what_this_process_knows_is_taken(
        self, monkeypatch: pytest.MonkeyPatch, client_of: MakeClient, ctx: Context, app: FastAPI
    ) -> None:
        gateway, volunteer, stranger = [await client_of(role) for role in ("gateway", "volunteer", None)]
        await app.state.gateways.refresh()
        sms = {"id": "1", "from": NUMBER, "to": "3000", "text": "کمک"}
        assert (await self._short(monkeypatch, gateway, json=sms))[1] == 200, "asked, or known by now"
        assert await self._short(monkeypatch, gateway, json=sms) == (True, 200)
        assert await self._short(monkeypatch, gateway, content=b"not json") == (True, 200)
        assert await self._short(monkeypatch, gateway, content=b"x" * 200_000) == (False, 200)
        assert [await self._short(monkeypatch, volunteer, json=sms) for _ in range(2)] == [(False, 403)] * 2
        assert [await self._short(monkeypatch, stranger, json=sms) for _ in range(2)] == [(False, 401)] * 2
        assert await count(ctx, "reports") == 3

    async def test_what_breaks_is_told_without_the_message(
        self, monkeypatch: pytest.MonkeyPatch, client_of: MakeClient, capfd: pytest.CaptureFixture[str], app: FastAPI
    ) -> None:
        gateway = await client_of("gateway")
        await app.state.gateways.refresh()
        sms = {"id": "1", "from": NUMBER, "to": "3000", "text": "مادرم زیر آوار است"}
        await gateway.post("/intake/sms/generic", json=sms)

        async def broken(*_: Any) -> None:
            raise KeyError(sms["text"])

        monkeypatch.setattr(app.state.front, "keep", broken)
        assert await self._short(monkeypatch, gateway, json=sms) == (True, 500)
        assert sms["text"] not in "".join(capfd.readouterr())


async def test_the_statement_is_one_for_all_rows(
    ctx: Context, fronts: list[Front], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is already known costs a second look; what is new does not."""
    looks: list[int] = []
    known = queries.known_reports

    async def looked(conn: Any, given: Any) -> Any:
        looks.append(len(given))
        return await known(conn, given)

    monkeypatch.setattr(queries, "known_reports", looked)
    await asyncio.gather(*(fronts[0].keep(message(str(n)), actor="test") for n in range(20)))
    assert looks == []
    await fronts[0].keep(message("3"), actor="test")
    assert looks == [1]
