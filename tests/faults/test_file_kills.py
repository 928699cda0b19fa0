"""The worker that looks at files and opens submissions, killed again and again: everything is done, once."""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from server.access.context import Context
from server.forms import keys
from server.kernel.settings import Settings
from tests.slices.files_kit import attach, blob, rows, submitted
from tests.slices.test_pictures import photograph
from tests.support.workers import start_worker
from tests.unit.field_forms.encryptor import encrypted, key_pair

PICTURES, SEALED, KILLS = 10, 6, 8
SHUT = (
    "SELECT (SELECT count(*) FROM attachments WHERE state = 'new')"
    " + (SELECT count(*) FROM submissions WHERE encrypted AND opened_report_id IS NULL) AS n"
)
LET_GO = "UPDATE {} SET {} = clock_timestamp() - interval '1 s' WHERE {} > clock_timestamp() RETURNING 1"


async def _left(ctx: Context) -> int:
    return int((await rows(ctx, SHUT))[0]["n"])


async def _sent(ctx: Context) -> dict[str, bytes]:
    """Submissions with a picture each, some of them encrypted; the pictures by instance."""
    sent = {}
    for n in range(PICTURES):
        sent[f"uuid:{n}"] = photograph(n)
        one = await submitted(ctx, b"<a n='%d'/>" % n, instance_id=f"uuid:{n}")
        await attach(ctx, one, "a.jpg", sent[f"uuid:{n}"], "image/jpeg")
    for n in range(PICTURES, PICTURES + SEALED):
        instance = f"uuid:{n}"
        sent[instance] = photograph(n)
        xml = f'<f id="form" version="7"><meta><instanceID>{instance}</instanceID></meta></f>'.encode()
        manifest, files = encrypted(xml, {"a.jpg": sent[instance]}, key_pair(0).public_key(), instance_id=instance)
        await submitted(
            ctx, manifest, {name: (data, "") for name, data in files.items()}, instance_id=instance, encrypted=True
        )
    return sent


@pytest.mark.timeout(180)
async def test_a_worker_killed_at_any_moment_loses_nothing_and_does_nothing_twice(
    ctx: Context, config: Settings, tmp_path: Path
) -> None:
    async with ctx.db.tx() as conn:
        await keys.keep(conn, ctx, keys.Wanted(key_pair(0), "house"), "test")
    sent = await _sent(ctx)
    moments = random.Random(5)
    kills, before = 0, await _left(ctx)
    while await _left(ctx):
        worker = await start_worker(config, "opening", "pictures")
        began = await _left(ctx)
        while await _left(ctx) == began and worker.returncode is None:  # noqa: ASYNC110 - it waits for another process
            await asyncio.sleep(0.02)
        await asyncio.sleep(moments.random() * 0.3)
        if kills < KILLS:
            worker.send_signal(signal.SIGKILL)
            kills += 1
        else:
            while await _left(ctx):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
            worker.terminate()
        await worker.wait()
        # As if the time had passed that a dead one keeps what it held.
        for table, column in (("attachments", "held_until"), ("submissions", "open_held_until")):
            await rows(ctx, LET_GO.format(table, column, column))
    assert before == PICTURES + 3 * SEALED
    assert kills >= 3
    safe = await rows(ctx, "SELECT instance_id, state, blob_id FROM attachments WHERE state <> 'sealed'")
    assert {row["instance_id"]: row["state"] for row in safe} == dict.fromkeys(sent, "safe")
    assert len(safe) == len(sent)
    for row in safe:
        assert await blob(ctx, row["blob_id"]) == sent[row["instance_id"]]
    opened = await rows(ctx, "SELECT source_key FROM reports WHERE source = 'openrosa:opened'")
    assert sorted(row["source_key"] for row in opened) == sorted(list(sent)[PICTURES:])
