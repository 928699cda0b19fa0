"""What a visit says of a need: met, or still lacking so much."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from server.kernel.clock import now
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.needs import queries, rules
from server.needs.service import score_of

_REOPENED: Final = frozenset({"met", "closed"})


async def still_lacking(conn: Conn, need_id: UUID, missing: Decimal | None, unit: str | None, actor: str) -> bool:
    """A need stays or becomes open again, with what is missing where that is known. False: it is gone or merged.

    An amount in another unit than the need's is no amount of it: then a person is asked.
    """
    rows = await queries.lock(conn, [need_id])
    row = rows[0] if rows else None
    if row is None or row["merged_into"] or row["status"] not in rules.LIVE | _REOPENED:
        return False
    values: dict[str, object] = {}
    fits = missing is not None and missing > 0 and unit in {None, row["unit"]} | ({unit} if not row["unit"] else set())
    if row["status"] in _REOPENED:
        values["status"] = "open"
    if fits and missing != row["quantity"]:
        values["quantity"] = missing
        values |= {"unit": unit} if unit and not row["unit"] else {}
    if values:
        score = score_of(row | values, now())
        written = {**values, "priority": score.value, "priority_why": list(score.why)}
        await queries.decide(conn, need_id, written, sorted(values), actor)
    data: dict[str, object] = {"fields": sorted(values)} if values else {"proposal": "followup"}
    if "status" in values:
        data["status"] = "open"
    if values or (missing is not None and not fits):
        await emit(conn, NewEvent("need.changed", "need", need_id, row["emergency_id"], actor, data=data))
    return True
