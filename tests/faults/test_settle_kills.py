"""The worker that carries out forms, killed again and again: each thing is done once, and the books agree."""

import asyncio
import random
import signal

import pytest

from server.access.context import Context
from server.kernel.settings import Settings
from tests.slices.chain_kit import emergency
from tests.slices.forms_kit import Field, Sent, count, given, publish, read_all, rows, shelf, stocked
from tests.support.workers import start_worker

GIVEN, EDITED, KILLS = 40, 15, 6
LEFT = "SELECT count(*) AS n FROM submissions WHERE settled_at IS NULL"


async def _left(ctx: Context) -> int:
    return int((await rows(ctx, LEFT))[0]["n"])


async def _sent(ctx: Context) -> list[Sent]:
    """A count of a thousand, then distributions of two blankets each, some of them edited to three."""
    await publish(ctx)
    await stocked(ctx)
    phone = await Field(ctx, await emergency(ctx)).sign_in()
    await phone.send("stock_count", count("C-NORTH", blanket=1000))
    sent = [await phone.send("distribution", given("C-NORTH", blanket=2)) for _ in range(GIVEN)]
    for one in sent[:EDITED]:
        await phone.send("distribution", given("C-NORTH", blanket=3), replaces=one)
    await read_all(ctx)
    return sent


@pytest.mark.timeout(150)
async def test_killed_at_any_moment_each_form_is_carried_out_once(ctx: Context, config: Settings) -> None:
    await _sent(ctx)
    moments, kills = random.Random(7), 0
    before = await _left(ctx)
    while await _left(ctx):
        worker, began = await start_worker(config, "forms"), await _left(ctx)
        while await _left(ctx) == began and worker.returncode is None:  # noqa: ASYNC110 - it waits for another process
            await asyncio.sleep(0.01)
        await asyncio.sleep(moments.random() * 0.05)
        if kills < KILLS:
            worker.send_signal(signal.SIGKILL)
            kills += 1
        else:
            while await _left(ctx):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
            worker.terminate()
        await worker.wait()
    assert before == 1 + GIVEN + EDITED
    assert kills >= 3
    assert await shelf(ctx) == {"blanket": 1000 - 2 * (GIVEN - EDITED) - 3 * EDITED}
    done = await rows(ctx, "SELECT kind, state, count(*) AS n FROM submission_effects GROUP BY 1, 2 ORDER BY 2")
    assert [(d["state"], d["n"]) for d in done if d["state"] == "done"] == [("done", 1 + GIVEN)]
    assert not [d for d in done if d["state"] == "refused"]
