"""Claims past the routes: the plain case alone, with the same answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from server.access.context import Context
from server.app import Application
from server.dispatch.claim_shortcut import shortcut
from server.kernel.ids import uuid7
from tests.support.dispatch_world import World
from tests.support.web import MakeClient

pytestmark = pytest.mark.asyncio
TOOK: list[bool] = []


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    TOOK.clear()

    async def watch(*args: Any) -> bool:
        TOOK.append(await shortcut(*args))
        return TOOK[-1]

    monkeypatch.setattr("server.app.claims", watch)


async def posted(http: httpx.AsyncClient, path: str, **sent: Any) -> tuple[bool, httpx.Response]:
    """The answer, and whether it came the short way."""
    TOOK.clear()
    answer = await http.post(path, **sent)
    return TOOK[0], answer


async def test_the_short_way_answers_as_the_route_does(
    world: World, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = await world.queue()
    await world.tasks(8, queue=queue)
    person, away = await world.volunteers(2)
    await world.run("UPDATE volunteers SET status = 'away' WHERE id = %s", away)
    url = f"/api/queues/{queue}/claim"
    http, gone = await client_of("volunteer", volunteer=person), await client_of("volunteer", volunteer=away)
    staff = await client_of("dispatcher", centre=world.centres[1])
    key = {"Idempotency-Key": "once"}
    cases: list[tuple[httpx.AsyncClient, str, dict[str, Any]]] = [
        (http, url, {"json": {"max": 2}, "headers": key}),
        (http, url, {"json": {"max": 3}, "headers": key}),
        (http, url, {"json": {"max": 0}}),
        (http, url, {"content": b"{"}),
        (http, url, {"json": {"volunteer": str(away)}}),
        (http, f"/api/queues/{uuid7()}/claim", {"json": {}}),
        (gone, url, {}),
        (staff, url, {"json": {"volunteer": str(person)}}),
    ]
    for client, path, sent in cases:
        took, short = await posted(client, path, **sent)
        assert took
        with monkeypatch.context() as patch:
            patch.setattr("server.app.claims", _never)
            long = await client.post(path, **sent)
        assert (short.status_code, short.json()) == (long.status_code, long.json())
        assert short.headers["content-type"] == long.headers["content-type"]
    assert await world.one("SELECT count(*) FROM tasks WHERE state = 'claimed'") == 2
    took, one = await posted(http, url)
    assert (took, len(one.json()["tasks"])) == (True, 1)


async def _never(*_: Any) -> bool:
    return False


async def test_what_is_not_plain_goes_to_the_route(world: World, client_of: MakeClient, ctx: Context) -> None:
    queue = await world.queue()
    (person,) = await world.volunteers(1)
    url = f"/api/queues/{queue}/claim"
    http, auditor = await client_of("volunteer", volunteer=person), await client_of("auditor")
    stranger = await client_of(None)

    async def in_parts() -> AsyncIterator[bytes]:
        yield b"{}"

    for client, path, sent, status in (
        (stranger, url, {"json": {}}, 401),
        (stranger, url, {"headers": {"Authorization": "Bearer nobody"}}, 401),
        (auditor, url, {"json": {}}, 403),
        (http, url, {"content": in_parts()}, 200),
        (http, url, {"content": b" " * 20_000}, 413),
        (http, url, {"headers": {"Idempotency-Key": "k" * 201}}, 422),
        (http, "/api/queues/not-an-id-of-thirty-six-characters-at/claim", {"json": {}}, 422),
    ):
        took, answer = await posted(client, path, **sent)
        assert (took, answer.status_code) == (False, status), path


async def test_a_storm_of_tokens_is_looked_up_at_once(world: World, app: Application, ctx: Context) -> None:
    people = await world.volunteers(20)
    tokens = [await world.token("volunteer", volunteer=p) for p in people]
    queue = await world.queue()
    await world.tasks(20, queue=queue)
    asked = 0
    tx = app.state.db.tx

    def counted() -> Any:
        nonlocal asked
        asked += 1
        return tx()

    app.state.db.tx = counted
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answers = await asyncio.gather(*(http.post(f"/api/queues/{queue}/claim", headers=t) for t in tokens))
    app.state.db.tx = tx
    assert sorted(len(a.json()["tasks"]) for a in answers) == [1] * 20
    # The tokens, the queue, and the claims: a few transactions, not one or two for each of them.
    assert asked <= 8
