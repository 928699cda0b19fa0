"""Every sender is answered: once a storm, by code, to nobody else. Two chain processes at once count alike."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from psycopg.rows import DictRow

from server.access.context import Context
from server.dispatch.making import tasks_for_needs
from server.messaging.outbox import to_hash
from server.reports import answering, watching
from server.reports.chain import process_batch
from server.reports.intake import Incoming
from tests.slices import chain_kit as kit

pytestmark = pytest.mark.slices
NUMBER = "+989121234567"
OTHER = "+989351234567"
HEARD = (watching.watch, answering.answer)


async def work(ctx: Context, limit: int = 50) -> None:
    """Read until nothing is left, as the chain's process does."""
    while await process_batch(ctx, (tasks_for_needs,), limit, HEARD):
        pass


async def say(ctx: Context, where: UUID | None, *messages: tuple[str, str], **more: Any) -> list[str]:
    """Send and read; the receipts."""
    accepted = await kit.send(ctx, where, *messages, **more)
    await work(ctx)
    return [a.receipt for a in accepted]


async def told(ctx: Context, number: str = NUMBER) -> list[DictRow]:
    """What stands in the outbox for a number, oldest first."""
    return await kit.rows(
        ctx,
        "SELECT kind, template, params, lang, priority, state, dedupe_key,"
        " extract(epoch FROM not_before - created_at)::int AS wait_s FROM messages WHERE to_hash = %s ORDER BY id",
        to_hash(ctx.sealing, number),
    )


async def last(ctx: Context, number: str = NUMBER) -> tuple[str, dict[str, Any]]:
    """The latest message to a number."""
    row = (await told(ctx, number))[-1]
    return row["template"], row["params"]


async def test_a_storm_of_one_sender_gets_two_texts_and_each_of_many_senders_one(ctx: Context) -> None:
    where = await kit.emergency(ctx)
    receipts = await say(ctx, where, *[(NUMBER, f"پیام {n}: در پلدختر آب نداریم") for n in range(50)])
    many = [f"+98935000{n:04d}" for n in range(100)]
    await say(ctx, where, *[(number, "در پلدختر آب نداریم") for number in many])
    assert [(r["template"], r["params"]) for r in await told(ctx)] == [
        ("receipt", {"code": receipts[0]}),
        ("receipt.many", {"count": 49, "code": receipts[-1]}),
    ]
    assert (await told(ctx))[1]["wait_s"] == 600
    (count,) = await kit.rows(
        ctx,
        "SELECT count(*) AS n, count(DISTINCT to_hash) AS numbers FROM messages WHERE template = 'receipt'"
        " AND to_hash <> %s",
        to_hash(ctx.sealing, NUMBER),
    )
    assert (count["n"], count["numbers"]) == (100, 100)


async def test_two_chain_processes_count_one_storm_alike(ctx: Context) -> None:
    # Without an emergency no lock of joining orders the two: the sender's own lock has to.
    await kit.send(ctx, None, *[(NUMBER, f"کمک {n}") for n in range(40)])
    await asyncio.gather(work(ctx, 7), work(ctx, 5))
    rows = await told(ctx)
    assert [r["template"] for r in rows] == ["receipt", "receipt.many"]
    assert rows[1]["params"]["count"] == 39


async def test_a_receipt_for_many_that_left_leaves_the_next_ones_to_another(ctx: Context) -> None:
    where = await kit.emergency(ctx)
    await say(ctx, where, *[(NUMBER, f"پیام {n}") for n in range(3)])
    await kit.rows(
        ctx, "UPDATE messages SET state = 'sent', created_at = created_at - interval '11 minutes' RETURNING 1"
    )
    receipts = await say(ctx, where, (NUMBER, "در خرم‌آباد دارو نداریم"), (NUMBER, "و آب"))
    assert [(r["template"], r["params"]) for r in await told(ctx)][2:] == [
        ("receipt", {"code": receipts[0]}),
        ("receipt.many", {"count": 1, "code": receipts[1]}),
    ]


async def test_a_report_that_gets_its_emergency_later_is_not_acknowledged_twice(ctx: Context) -> None:
    await say(ctx, None, (NUMBER, "در پلدختر چادر نداریم"))
    where = await kit.emergency(ctx)
    await kit.rows(ctx, "UPDATE reports SET emergency_id = %s, read_state = 'pending' RETURNING 1", where)
    await work(ctx)
    assert [r["template"] for r in await told(ctx)] == ["receipt"]


async def test_machines_are_not_answered_and_two_that_answer_each_other_fall_silent(ctx: Context) -> None:
    where = await kit.emergency(ctx)
    machines = ("3000", "BANK", "+983000123456", "+989120000001", None)
    await kit.rows(
        ctx,
        "INSERT INTO gateways (id, kind, name, settings) VALUES (gen_random_uuid(), 'kannel', 'ours', %s) RETURNING 1",
        '{"from": "0912 000 0001"}',
    )
    await say(ctx, where, *[(sender, "کد تخفیف") for sender in machines])  # type: ignore[arg-type]
    assert await kit.rows(ctx, "SELECT 1 FROM messages") == []
    for turn in range(2):
        await say(ctx, where, *[(NUMBER, f"STATUS {turn}{n:02}") for n in range(10)])
    await say(ctx, where, *[(NUMBER, f"پیام {n}") for n in range(5)])
    rows = await told(ctx)
    assert len([r for r in rows if r["kind"] == "answer"]) == 10, "more codes of strangers than that are not answered"
    await kit.rows(
        ctx, "UPDATE messages SET created_at = created_at - interval '20 minutes', state = 'sent' RETURNING 1"
    )
    for _ in range(12):
        await say(ctx, where, (NUMBER, "STATUS"))
        await kit.rows(ctx, "UPDATE messages SET created_at = created_at - interval '2 minutes' RETURNING 1")
    await say(ctx, where, (NUMBER, "پیام"))
    rows = await told(ctx)
    assert len(rows) == 21
    assert (rows[-1]["template"], rows[-1]["wait_s"]) == ("receipt.many", 3600)


async def test_status_tells_a_state_by_code_in_both_languages(ctx: Context) -> None:
    where = await kit.emergency(ctx)
    await kit.centre(ctx, "C1", *kit.POLDOKHTAR)
    (code,) = await say(ctx, where, (NUMBER, "در پلدختر ۲۰ چادر لازم داریم"))
    persian = code.translate(str.maketrans("23456789", "۲۳۴۵۶۷۸۹"))
    await say(ctx, where, (NUMBER, f"وضعیت {persian}"), (OTHER, f"STATUS {code.lower()}"))
    assert await last(ctx) == ("status", {"code": code, "state": "queued"})
    assert await last(ctx, OTHER) == ("status", {"code": code, "state": "queued"})
    assert [r["lang"] for r in await told(ctx)] == ["fa", "fa"]
    assert [r["lang"] for r in await told(ctx, OTHER)] == ["en"]
    # The same question at once again is not answered again; with a new state it is.
    await say(ctx, where, (NUMBER, f"وضعیت {code}"))
    assert len(await told(ctx)) == 2
    await kit.rows(ctx, "UPDATE tasks SET state = 'done', closed_at = now() RETURNING 1")
    await kit.rows(ctx, "UPDATE needs SET status = 'met' RETURNING 1")
    await say(ctx, where, (NUMBER, "وضعیت"))
    assert await last(ctx) == ("status", {"code": code, "state": "done"})


async def test_status_of_strange_codes_ends_in_silence_but_not_of_ones_own(ctx: Context) -> None:
    where = await kit.emergency(ctx)
    (code,) = await say(ctx, where, (NUMBER, "در پلدختر آب نداریم"))
    await say(ctx, where, *[(OTHER, f"STATUS K7P{n}") for n in range(11)])
    before = len(await told(ctx, OTHER))
    await say(ctx, where, (OTHER, f"STATUS {code}"))
    assert len(await told(ctx, OTHER)) == before <= 10
    await say(ctx, where, (NUMBER, f"STATUS {code}"))
    assert (await last(ctx))[0] == "status"


async def test_fix_corrects_the_senders_own_report_and_nobody_elses(ctx: Context) -> None:
    where = await kit.emergency(ctx)
    await kit.centre(ctx, "C1", *kit.POLDOKHTAR)
    (code,) = await say(ctx, where, (NUMBER, "در پلدختر ۲۰ چادر لازم داریم"))
    await say(ctx, where, (OTHER, f"FIX {code} 90 tents"))
    assert await last(ctx, OTHER) == ("fix.unknown", {"code": code})
    assert (await kit.needs_of(ctx, where))[0]["quantity"] == 20
    await say(ctx, where, (NUMBER, f"اصلاح {code} ۵۰ چادر"))
    assert await last(ctx) == ("fix.done", {"code": code})
    (need,) = await kit.needs_of(ctx, where)
    assert (need["quantity"], need["corroboration"], need["name_en"]) == (50, 1, "Poldokhtar")
    await say(ctx, where, (NUMBER, f"FIX {code} place Kuhdasht"), (NUMBER, f"FIX {code} people 12"))
    (need,) = await kit.needs_of(ctx, where)
    assert (need["quantity"], need["people"], need["name_en"]) == (50, 12, "Kuhdasht")
    # Its task goes where the need is now.
    (task,) = await kit.rows(ctx, "SELECT ST_X(geom_shown) = %s AS there FROM tasks", need["lon"])
    assert task["there"]
    # What a person has decided stays, and the sender hears that a person looks.
    await kit.rows(ctx, "UPDATE needs SET quantity = 35, decided = '{quantity}' RETURNING 1")
    await say(ctx, where, (NUMBER, f"اصلاح {code} ۷۰ چادر"))
    assert [n["quantity"] for n in await kit.needs_of(ctx, where)] == [35]
    (event,) = await kit.rows(ctx, "SELECT data FROM events_unsealed WHERE data ? 'proposal'")
    assert event["data"]["proposal"] == "fix"
    assert await last(ctx) == ("fix.asked", {"code": code})


async def test_stop_is_confirmed_once_and_undone_by_start(ctx: Context) -> None:
    where = await kit.emergency(ctx)
    await say(ctx, where, (NUMBER, "در پلدختر ۲۰ چادر لازم داریم"))
    await say(ctx, where, (NUMBER, "لغو"), (NUMBER, "STOP"))
    assert [r["template"] for r in await told(ctx)] == ["receipt", "stop.done"]
    assert len(await kit.rows(ctx, "SELECT 1 FROM stopped_numbers")) == 1
    # It ends messages, not the need.
    assert [n["status"] for n in await kit.needs_of(ctx, where)] == ["open"]
    await say(ctx, where, (NUMBER, "شروع"))
    assert await kit.rows(ctx, "SELECT 1 FROM stopped_numbers") == []
    assert (await last(ctx))[0] == "start.done"
    # Whoever may send reports may name any sender: only a gateway's word about a number is obeyed.
    await say(ctx, where, Incoming("sms", "api:someone", "1", b"STOP", NUMBER, emergency_id=where))
    assert await kit.rows(ctx, "SELECT 1 FROM stopped_numbers") == []


async def test_stop_with_a_code_takes_a_request_back(ctx: Context) -> None:
    where = await kit.emergency(ctx)
    await kit.centre(ctx, "C1", *kit.POLDOKHTAR)
    (code,) = await say(ctx, where, (NUMBER, "در پلدختر ۲۰ چادر لازم داریم"))
    await say(ctx, where, (OTHER, f"STOP {code}"))
    assert [n["status"] for n in await kit.needs_of(ctx, where)] == ["tasked"]
    await say(ctx, where, (NUMBER, f"لغو {code}"))
    assert [n["status"] for n in await kit.needs_of(ctx, where)] == ["closed"]
    assert [t["state"] for t in await kit.rows(ctx, "SELECT state FROM tasks")] == ["cancelled"]
    assert await last(ctx) == ("stop.code", {"code": code})
    assert await kit.rows(ctx, "SELECT 1 FROM stopped_numbers") == []
