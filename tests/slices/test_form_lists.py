"""The server's lists for forms: what a manifest names is what is fetched; bounded, and of one's own emergency."""

import csv
import hashlib
import io
from uuid import UUID

import pytest

from field_forms.lists import LISTS
from server.access.context import Context
from server.access.principal import Principal
from server.forms import lists
from server.forms.list_queries import ROWS
from tests.slices.chain_kit import emergency
from tests.slices.forms_kit import Field, stocked

MANY = 20_000


@pytest.fixture
async def phone(ctx: Context) -> Field:
    await stocked(ctx)
    return await Field(ctx, await emergency(ctx)).sign_in()


def who(phone: Field) -> Principal:
    return Principal("token", UUID(phone.actor.partition(":")[2]), (phone.scope,))


async def test_every_list_is_the_file_that_its_hash_names(phone: Field) -> None:
    async with phone.ctx.db.tx() as conn:
        for name, columns in LISTS.items():
            stamp = await lists.stamp(conn, phone.ctx, who(phone), name)
            content = await lists.content(conn, phone.ctx, who(phone), name)
            assert content is not None
            assert stamp == hashlib.md5(content).hexdigest()
            assert next(csv.reader(io.StringIO(content.decode()))) == list(columns)
        assert await lists.content(conn, phone.ctx, who(phone), "strangers.csv") is None
        assert b"blanket" in (await lists.content(conn, phone.ctx, who(phone), "items.csv") or b"")


async def test_a_list_of_very_many_is_bounded_and_of_ones_own_emergency(phone: Field) -> None:
    elsewhere = await Field(phone.ctx, await emergency(phone.ctx, "E-OTHER")).sign_in()
    async with phone.ctx.db.tx() as conn:
        await conn.execute(
            "INSERT INTO needs (id, code, emergency_id, category) SELECT gen_random_uuid(), 'N-' || g, %s, 'water'"
            " FROM generate_series(1, %s) AS g",
            (phone.emergency, MANY),
        )
        mine = await lists.content(conn, phone.ctx, who(phone), "needs.csv") or b""
        theirs = await lists.content(conn, phone.ctx, who(elsewhere), "needs.csv") or b""
    assert (mine.count(b"\n"), theirs.count(b"\n")) == (ROWS + 1, 1)
    assert "آب".encode() in mine


async def test_a_slow_phone_gets_the_file_that_its_manifest_named(
    phone: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "FRESH_ELSE_S", 0.0)
    elsewhere = await Field(phone.ctx, await emergency(phone.ctx, "E-OTHER")).sign_in()
    async with phone.ctx.db.tx() as conn:
        named = await lists.stamp(conn, phone.ctx, who(phone), "items.csv")
        await conn.execute("UPDATE items SET name_en = 'renamed'")
        late = await lists.content(conn, phone.ctx, who(phone), "items.csv", named)
        now = await lists.content(conn, phone.ctx, who(phone), "items.csv")
        # The hash is no key to what others may see: whoever knows it gets their own list all the same.
        other = await lists.content(conn, phone.ctx, who(elsewhere), "items.csv", named)
    assert hashlib.md5(late or b"").hexdigest() == named
    assert b"renamed" in (now or b"")
    assert other == now
