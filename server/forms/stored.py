"""Submissions opened again: the clear XML of one, read."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from field_forms.openrosa import Instance, parse_instance
from server.access.context import Context
from server.kernel.db import Conn
from server.reports.intake import TABLE


async def xml_of(conn: Conn, ctx: Context, report_id: UUID) -> bytes:
    """The XML of a submission's report, as it came. Raises `SealedError` where the opening key is not here."""
    found = await conn.execute("SELECT id, body_sealed, data_key_wrapped FROM reports WHERE id = %s", (report_id,))
    row = await found.fetchone()
    return opened(ctx, row) if row else b""


def opened(ctx: Context, row: Mapping[str, Any]) -> bytes:
    """The body of a row of `reports` (id, body_sealed, data_key_wrapped)."""
    record = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
    return record.open("body_sealed", row["body_sealed"]) or b""


async def instance_of(conn: Conn, ctx: Context, submission: Mapping[str, Any]) -> Instance:
    """A row of `submissions` as its answers: of an encrypted one the opened ones. Raises `InstanceRefused`."""
    return parse_instance(await xml_of(conn, ctx, submission["opened_report_id"] or submission["report_id"]))
