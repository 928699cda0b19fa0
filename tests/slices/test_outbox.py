"""The outbox: once for each key, sealed, and silent towards who said STOP."""

import pytest

from server.access.context import Context
from server.messaging import outbox_queries
from server.messaging.models import LIFE
from server.messaging.outbox import Draft, put, to_hash

pytestmark = pytest.mark.slices
SARA, REZA = "+989120000001", "+989120000002"


async def test_a_key_is_one_message_for_ever_and_stop_is_heeded(ctx: Context) -> None:
    async with ctx.db.tx() as conn:
        await outbox_queries.stop(conn, to_hash(ctx.sealing, REZA))
        drafts = [
            Draft("receipt", SARA, "receipt", params={"code": "K7MP2QRS"}, dedupe_key="receipt:1"),
            Draft("receipt", SARA, "receipt", params={"code": "K7MP2QRS"}, dedupe_key="receipt:1"),
            Draft("note", SARA, words="کمک در راه است"),
            Draft("notice", REZA, "test", params={"code": "X"}),
            Draft("answer", REZA, "status", params={"code": "X", "state": "done"}),
            Draft("notice", REZA, "test", params={"code": "X"}, priority=LIFE),
            Draft("receipt", "MyBank", "receipt", params={"code": "K7MP2QRS"}),
            Draft("task", SARA, "task.new", params={"code": "SECRET22"}),
        ]
        ids = await put(conn, ctx, drafts)
    assert [i is None for i in ids] == [False, True, *[False] * 6]
    async with ctx.db.tx() as conn:
        assert await put(conn, ctx, drafts[:1]) == [None]
        rows = {r["id"]: r for r in await (await conn.execute("SELECT * FROM messages")).fetchall()}
    assert len(rows) == 7
    assert [(rows[i]["state"], rows[i]["reason"]) for i in ids if i] == [
        ("queued", None),
        ("queued", None),
        ("dropped", "stopped"),
        ("queued", None),
        ("queued", None),
        ("dropped", "no_number"),
        ("queued", None),
    ]
    plain = repr(rows)
    assert "989120000001" not in plain
    assert "کمک" not in plain
    assert "SECRET22" not in plain
    task = rows[ids[-1]]
    words = ctx.sealing.of("messages", task["id"], task["data_key_wrapped"]).open("words_sealed", task["words_sealed"])
    assert words is not None
    assert "قبول SECRET22" in words.decode()
