"""Intake on a real database: raw first, once, whatever comes and however often."""

import asyncio
import json
import uuid
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.access.context import Context
from server.emergencies.service import ensure
from server.kernel.ids import is_code
from server.reports import intake
from server.reports.intake import Accepted, Incoming, accept
from tests.support.web import MakeClient

TEXT = "کمک می‌خواهیم؛ ۱۲ نفر در پلدختر"
NUMBER = "+989121234567"


def message(key: str, text: str = TEXT, **changes: Any) -> Incoming:
    return Incoming("sms", "sms:test", key, text.encode(), NUMBER, "3000")._replace(**changes)


async def keep(ctx: Context, *items: Incoming) -> list[Accepted]:
    async with ctx.db.tx() as conn:
        return await accept(conn, ctx, items)


async def rows(ctx: Context, query: str, *params: object) -> list[dict[str, Any]]:
    async with ctx.db.tx() as conn:
        return await (await conn.execute(query, params)).fetchall()


async def count(ctx: Context, table: str) -> int:
    return int((await rows(ctx, f"SELECT count(*) AS n FROM {table}"))[0]["n"])


async def test_a_report_is_kept_sealed_and_opens_as_it_came(ctx: Context) -> None:
    async with ctx.db.tx() as conn:
        emergency = await ensure(conn, "test-flood", ("سیل", "Flood"), "flood")
    item = message("1", lon=47.72, lat=33.15, emergency_id=emergency, meta={"smsc": "FAKE"})
    done = (await keep(ctx, item))[0]
    assert is_code(done.receipt)
    assert not done.known
    assert not done.conflict
    row = (await rows(ctx, "SELECT *, ST_X(geom_shown) AS lon, ST_Y(geom_shown) AS lat FROM reports"))[0]
    record = ctx.sealing.of("reports", row["id"], row["data_key_wrapped"])
    assert record.open("body_sealed", row["body_sealed"]) == item.body
    assert record.open("sender_sealed", row["sender_sealed"]) == NUMBER.encode()
    assert json.loads(record.open("geom_exact_sealed", row["geom_exact_sealed"]) or b"") == {
        "lon": 47.72,
        "lat": 33.15,
    }
    assert json.loads(record.open("meta_sealed", row["meta_sealed"]) or b"") == {
        "smsc": "FAKE",
        "recipient": "3000",
    }
    assert (row["lon"], row["lat"]) == ctx.sealing.blur(47.72, 33.15) != (47.72, 33.15)
    assert row["flags"] == []
    assert row["read_state"] == "pending"
    events = await rows(ctx, "SELECT * FROM events_unsealed WHERE verb = 'report.accepted'")
    assert [(e["subject_id"], e["data"], e["emergency_id"]) for e in events] == [
        (done.id, {"channel": "sms"}, emergency)
    ]


async def test_five_copies_at_once_are_one_report_with_one_receipt(ctx: Context) -> None:
    answers = [a for batch in await asyncio.gather(*(keep(ctx, message("1")) for _ in range(5))) for a in batch]
    assert len({a.id for a in answers}) == 1
    assert len({a.receipt for a in answers}) == 1
    assert [a.known for a in answers].count(False) == 1
    assert await count(ctx, "reports") == 1
    assert await count(ctx, "events_unsealed") == 1


async def test_copies_within_one_batch_are_one(ctx: Context) -> None:
    answers = await keep(ctx, message("1"), message("2"), message("1"))
    assert [a.known for a in answers] == [False, False, True]
    assert answers[0].receipt == answers[2].receipt != answers[1].receipt
    assert await count(ctx, "reports") == 2


async def test_the_same_key_with_other_bytes_is_kept_and_in_conflict(ctx: Context) -> None:
    first = (await keep(ctx, message("1")))[0]
    second = (await keep(ctx, message("1", "متن دیگر")))[0]
    again = (await keep(ctx, message("1")))[0]
    assert (first.conflict, second.conflict, again.conflict) == (False, True, True)
    assert again.receipt == first.receipt != second.receipt
    assert await count(ctx, "reports") == 2


async def test_a_taken_receipt_is_drawn_again(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter(["22222222", "22222222", "33333333", "33333333", "44444444"])
    monkeypatch.setattr(intake, "new_code", lambda: next(codes))
    first, second = await keep(ctx, message("1"), message("2"))
    assert {first.receipt, second.receipt} == {"22222222", "33333333"}
    third = (await keep(ctx, message("3")))[0]
    assert third.receipt == "44444444"
    assert not third.known


async def test_the_constraint_is_the_last_word(ctx: Context) -> None:
    """Whoever goes round `accept` meets the database itself."""
    await keep(ctx, message("1"))
    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        await rows(
            ctx,
            "INSERT INTO reports (id, receipt, channel, source, source_key, body_hash, body_sealed)"
            " SELECT gen_random_uuid(), 'another', channel, source, source_key, body_hash, body_sealed FROM reports"
            " RETURNING 1",
        )
    assert refused.value.diag.constraint_name == "uq_reports_source_source_key_body_hash"


async def test_a_report_cannot_be_changed_or_deleted(ctx: Context) -> None:
    await keep(ctx, message("1"))
    for statement in ("UPDATE reports SET body_sealed = '' RETURNING 1", "DELETE FROM reports RETURNING 1"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            await rows(ctx, statement)


@pytest.mark.parametrize(
    ("body", "content_type", "flag"),
    [
        (b"\xd3\xe1\xc7\xe3 \xff", "text/plain", "not_utf8"),
        (b"a\0b", "text/plain", "nul"),
        ("a\ud800b".encode("utf-8", "surrogatepass"), "text/plain", "lone_surrogate"),
        (("کمک " * 15_000).encode(), "text/plain", "long"),
        (b"  ", "text/plain", "empty"),
    ],
)
async def test_odd_bytes_are_kept_whole_and_flagged(ctx: Context, body: bytes, content_type: str, flag: str) -> None:
    await keep(ctx, message("1", body=body, content_type=content_type))
    row = (await rows(ctx, "SELECT * FROM reports"))[0]
    assert row["flags"] == [flag]
    assert ctx.sealing.of("reports", row["id"], row["data_key_wrapped"]).open("body_sealed", row["body_sealed"]) == body


@pytest.mark.parametrize(
    ("lon", "lat"), [(51.0, 95.0), (float("nan"), 1.0), (181.0, 0.0), (1.0, None), (float("inf"), 0)]
)
async def test_impossible_coordinates_are_kept_and_not_drawn(ctx: Context, lon: float, lat: float | None) -> None:
    await keep(ctx, message("1", lon=lon, lat=lat))
    row = (await rows(ctx, "SELECT * FROM reports"))[0]
    assert row["flags"] == ["impossible_coordinates"]
    assert row["geom_shown"] is None
    meta = ctx.sealing.of("reports", row["id"], row["data_key_wrapped"]).open("meta_sealed", row["meta_sealed"])
    assert json.loads(meta or b"")["claimed_position"] == [repr(lon), repr(lat)]


async def test_hostile_keys_senders_and_types_are_kept(ctx: Context) -> None:
    for n, odd in enumerate(("\0", "\ud800", "x" * 100_000, "", "989121234567", "h:" + "0" * 40)):
        item = message(odd, sender=odd, recipient=odd, content_type=odd, meta={odd: odd})
        done, again = (await keep(ctx, item))[0], (await keep(ctx, item))[0]
        assert done.receipt == again.receipt
        assert await count(ctx, "reports") == n + 1
    stored = {row["source_key"] for row in await rows(ctx, "SELECT source_key FROM reports")}
    assert not any("98912" in key for key in stored)


KEYS = st.sampled_from("abc")
MESSAGES = st.lists(st.tuples(KEYS, st.sampled_from(["x", "y"])), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(MESSAGES, min_size=1, max_size=5))
async def test_concurrent_batches_in_any_order_have_one_effect(
    ctx: Context, batches: list[list[tuple[str, str]]]
) -> None:
    source = f"sms:{uuid.uuid4()}"
    events = await count(ctx, "events_unsealed")
    answers = await asyncio.gather(
        *(keep(ctx, *(message(key, text, source=source) for key, text in batch)) for batch in batches)
    )
    receipts: dict[tuple[str, str], set[str]] = {}
    for batch, got in zip(batches, answers, strict=True):
        for identity, answer in zip(batch, got, strict=True):
            receipts.setdefault(identity, set()).add(answer.receipt)
    assert all(len(found) == 1 for found in receipts.values())
    assert len(set.union(*receipts.values())) == len(receipts)
    kept = await rows(ctx, "SELECT source_key, body_hash FROM reports WHERE source = %s", source)
    assert len(kept) == len(receipts)
    assert await count(ctx, "events_unsealed") - events == len(receipts)
    assert sum(not a.known for got in answers for a in got) == len(receipts)


async def test_nothing_personal_leaves_the_sealed_columns(
    ctx: Context, client_of: MakeClient, capfd: pytest.CaptureFixture[str]
) -> None:
    """The words and the number stand in no event, no key of Redis, no log, and nowhere open in the table."""
    gateway = await client_of("gateway")
    words = "مادرم زیر آوار است"
    sent = await gateway.post("/intake/sms/generic", json={"id": "1", "from": NUMBER, "to": "3000", "text": words})
    assert sent.status_code == 200
    coordinator = await client_of("coordinator")
    assert (await coordinator.get(f"/api/reports/{sent.json()['report']}")).json()["properties"]["text"] == words
    places = [
        json.dumps(await rows(ctx, f"SELECT to_jsonb(t)::text AS t FROM {table} t"), ensure_ascii=False)
        for table in ("events_unsealed", "events", "reports", "idempotent_answers")
    ]
    keys = [await ctx.redis.dump(key) async for key in ctx.redis.scan_iter()]
    places += [repr(keys), *capfd.readouterr()]
    for place in places:
        for secret in (words, NUMBER, NUMBER[3:], words.encode().hex(), NUMBER.encode().hex()):
            assert secret not in place
