"""What the database itself holds of reports and emergencies, whoever writes."""

from uuid import uuid4

import psycopg
import pytest

from server.access.context import Context
from server.reports.intake import Incoming, accept
from tests.slices.chain_kit import emergency, send

SENDER = "+989121111111"


def _said(n: int, **more: object) -> Incoming:
    return Incoming("sms", "sms:test", f"k{n}", b"NEED WATER 5 POLDOKHTAR", SENDER, **more)  # type: ignore[arg-type]


async def test_a_report_of_an_emergency_that_is_not_there_is_refused(ctx: Context) -> None:
    where = await emergency(ctx)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with ctx.db.tx() as conn:
            await accept(conn, ctx, [_said(1, emergency_id=where), _said(2, emergency_id=uuid4())])
    async with ctx.db.tx() as conn:
        kept = await accept(conn, ctx, [_said(1, emergency_id=where), _said(3)])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with ctx.db.tx() as conn:
            await conn.execute("UPDATE reports SET emergency_id = %s WHERE id = %s", (uuid4(), kept[1].id))
    async with ctx.db.tx() as conn:
        await conn.execute("UPDATE reports SET emergency_id = %s WHERE id = %s", (where, kept[1].id))


async def test_an_emergency_with_reports_stays(ctx: Context) -> None:
    where = await emergency(ctx)
    await send(ctx, where, (SENDER, "NEED WATER 5 POLDOKHTAR"))
    with pytest.raises(psycopg.errors.IntegrityError):
        async with ctx.db.tx() as conn:
            await conn.execute("DELETE FROM emergencies WHERE id = %s", (where,))
