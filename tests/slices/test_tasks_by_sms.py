"""Tasks by text, from the first code to the last word: one use, the volunteer's own number, the fence of its day."""

import re
from typing import Any
from uuid import UUID

import pytest

from server.access.context import Context
from server.access.principal import Principal, Scope
from server.dispatch import by_sms, service
from server.dispatch.service import Order
from server.kernel.ids import new_code, uuid7
from server.messaging.outbox import TABLE, to_hash
from server.reports import answering
from server.reports.chain import process_batch
from server.volunteers.service import sealed_columns
from tests.slices import chain_kit as kit

pytestmark = pytest.mark.slices
HERS = "+989121110000"
STRANGE = "+989351110000"
DISPATCHER = Principal("token", uuid7(), (Scope("coordinator"),))
_CODE = re.compile(r"\b[2-9A-Z]{8}\b")


class Post:
    """A task given to a volunteer with a number, and what is texted about it."""

    def __init__(self, ctx: Context, emergency: UUID) -> None:
        self.ctx, self.emergency = ctx, emergency

    async def start(self) -> None:
        """A queue, a task in it, a volunteer; nothing is given yet."""
        centre = await kit.centre(self.ctx, "C1", *kit.POLDOKHTAR)
        self.volunteer, self.task, need, queue = uuid7(), uuid7(), uuid7(), uuid7()
        sealed = sealed_columns(self.ctx, self.volunteer, "test", HERS)
        async with self.ctx.db.tx() as conn:
            await conn.execute(
                "INSERT INTO volunteers (id, code, centre_id, name_sealed, phone_sealed, phone_hash, data_key_wrapped,"
                " sealing_key_id) VALUES (%(id)s, 'V-1', %(centre)s, %(name_sealed)s, %(phone_sealed)s, %(phone_hash)s,"
                " %(data_key_wrapped)s, %(sealing_key_id)s)",
                sealed | {"id": self.volunteer, "centre": centre},
            )
            await conn.execute(
                "INSERT INTO queues (id, emergency_id, centre_id, kind) VALUES (%s, %s, %s, 'rescue')",
                (queue, self.emergency, centre),
            )
            await conn.execute(
                "INSERT INTO needs (id, code, emergency_id, category, status)"
                " VALUES (%s, %s, %s, 'search_rescue', 'tasked')",
                (need, new_code(8, "N-"), self.emergency),
            )
            await conn.execute(
                "INSERT INTO tasks (id, code, emergency_id, queue_id, kind, need_id) VALUES (%s, 'T-1', %s, %s,"
                " 'rescue', %s)",
                (self.task, self.emergency, queue, need),
            )

    async def give(self, to: UUID | None = None) -> str:
        """A dispatcher gives the task away; the code that went out with it, '' when none did."""
        fence = (await self.now())["fence"]
        async with self.ctx.db.tx() as conn:
            await service.reassign(conn, self.ctx, DISPATCHER, self.task, Order(fence, volunteer_id=to))
        texts = await self.texts()
        found = _CODE.findall(texts[-1]) if to and texts else []
        return str(found[0]) if found else ""

    async def text(self, words: str, sender: str = HERS) -> str:
        """A text comes and is read; the answer, '' when there is no new one."""
        before = len(await self.texts(sender))
        await kit.send(self.ctx, self.emergency, (sender, words))
        while await process_batch(self.ctx, (), 50, (answering.answer, by_sms.answer)):
            pass
        texts = await self.texts(sender)
        assert len(texts) - before <= 1
        return texts[-1] if len(texts) > before else ""

    async def texts(self, number: str = HERS) -> list[str]:
        """The outbox of a number: template names, or the sealed words where the outbox keeps no template."""
        rows = await kit.rows(
            self.ctx,
            "SELECT id, template, words_sealed, data_key_wrapped FROM messages WHERE to_hash = %s ORDER BY id",
            to_hash(self.ctx.sealing, number),
        )
        out = []
        for row in rows:
            record = self.ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
            words = record.open("words_sealed", row["words_sealed"])
            out.append(words.decode() if words else row["template"])
        return out

    async def now(self) -> dict[str, Any]:
        """How the task stands."""
        return (await kit.rows(self.ctx, "SELECT state, fence, lease_until FROM tasks"))[0]

    async def shown(self) -> list[dict[str, Any]]:
        """What dispatchers were shown of texts that changed nothing."""
        rows = await kit.rows(
            self.ctx, "SELECT data FROM events_unsealed WHERE verb = 'task.changed' AND data ? 'sms' ORDER BY id"
        )
        return [r["data"] for r in rows]


@pytest.fixture
async def post(ctx: Context) -> Post:
    made = Post(ctx, await kit.emergency(ctx))
    await made.start()
    return made


async def test_accept_and_done_each_with_a_code_of_its_own(post: Post) -> None:
    first = await post.give(post.volunteer)
    assert first
    stored = await kit.rows(post.ctx, "SELECT template, params FROM messages WHERE kind = 'task'")
    assert stored == [{"template": None, "params": {}}], "a stolen copy of the database must hold no code"
    answer = await post.text(f"قبول {first}")
    assert (await post.now())["state"] == "accepted"
    (second,) = set(_CODE.findall(answer))
    assert second != first
    # The first code is spent: replayed it has no effect and no answer, with another verb it is shown.
    assert await post.text(f"قبول {first} ") == ""
    assert await post.text(f"DONE {first}") == "task.code_used"
    assert (await post.now())["state"] == "accepted"
    assert await post.text(f"DONE {second}") == "task.done"
    assert (await post.now())["state"] == "done"
    assert await post.text(f"DONE {second}.") == ""
    assert await post.shown() == [{"sms": "DONE", "from": "own"}]
    verbs = [r["verb"] for r in await kit.rows(post.ctx, "SELECT verb FROM events_unsealed WHERE actor LIKE 'sms:%%'")]
    assert verbs.count("task.accepted") == verbs.count("task.completed") == 1


async def test_neither_a_number_alone_nor_a_code_alone_changes_anything(post: Post) -> None:
    code = await post.give(post.volunteer)
    assert await post.text(f"ACCEPT {code}", STRANGE) == "task.code_unknown"
    assert await post.text("ACCEPT") == "task.code_missing"
    assert await post.text("DONE K7P2QRST") == "task.code_unknown"
    assert (await post.now())["state"] == "claimed"
    assert await post.shown() == [
        {"sms": "ACCEPT", "from": "other"},
        {"sms": "ACCEPT", "from": "number"},
        {"sms": "DONE", "from": "number"},
    ]
    # None of it has spent the code.
    assert await post.text(f"ACCEPT {code}")
    assert (await post.now())["state"] == "accepted"


async def test_an_old_code_and_an_old_fence_change_nothing(post: Post) -> None:
    code = await post.give(post.volunteer)
    await kit.rows(post.ctx, "UPDATE task_codes SET expires_at = clock_timestamp() - interval '1 s' RETURNING 1")
    assert await post.text(f"ACCEPT {code}") == "task.code_old"
    assert (await post.now())["state"] == "claimed"
    await post.give(None)
    again = await post.give(post.volunteer)
    # She accepts, is replaced, and her DONE comes late: kept as evidence, the new holder keeps the task.
    (late,) = set(_CODE.findall(await post.text(f"ACCEPT {again}")))
    await post.give(None)
    state = await post.now()
    assert await post.text(f"DONE {late} ۲۰ نفر را بردیم") == "task.passed_on"
    assert await post.now() == state
    (kept,) = await kit.rows(post.ctx, "SELECT verb, late, note_sealed IS NOT NULL AS noted FROM evidence")
    assert kept == {"verb": "complete", "late": True, "noted": True}


async def test_fail_says_why_and_leases_by_text_are_long(post: Post) -> None:
    code = await post.give(post.volunteer)
    (lease,) = await kit.rows(
        post.ctx, "SELECT extract(epoch FROM lease_until - clock_timestamp())::int AS s FROM tasks"
    )
    assert 800 < lease["s"] <= 900
    assert await post.text(f"ناموفق {code} جاده بسته بود") == "task.failed"
    (task,) = await kit.rows(post.ctx, "SELECT state, outcome FROM tasks")
    assert task == {"state": "failed", "outcome": "unreachable"}
