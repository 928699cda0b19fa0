"""What was refuted stays refuted for the next sender: later voices join the record, are shown, and raise no task.

The chain joins them as any other (`deciding`); here is what follows, in the batch's transaction: our own people in the
field reopen a record, new details of a danger to life are put before a person, everything else rings nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.incidents import queries as incident_queries
from server.kernel.db import Conn
from server.needs import queries as need_queries
from server.reports import checking_queries, verifying
from server.reports import rumour_queries as queries
from server.reports.check_keeping import NEW_DETAILS
from server.reports.checking import new_details
from server.reports.hearing import Heard
from server.reports.joining import Kind
from server.reports.verifying import Word

FIELD: Final = "form"
"""Forms come from teams with a token of ours: whoever sends one stands there."""
ACTOR: Final = "system"


async def hear(conn: Conn, ctx: Context, heard: Sequence[Heard]) -> list[UUID]:
    """What follows from reports of a batch that joined refuted records; the needs that are open again."""
    voices = await queries.on_refuted(conn, [h.report_id for h in heard])
    if not voices:
        return []
    channels = {h.report_id: h.channel for h in heard}
    reopening = {_key(v): v["report_id"] for v in voices if channels[v["report_id"]] == FIELD and not v["spoke_before"]}
    fresh = await _fresh(conn, [v for v in voices if _key(v) not in reopening])
    await checking_queries.flag(conn, [(subject, kind) for kind, subject in fresh], NEW_DETAILS)
    return [need for need in [await _reopen(conn, ctx, *key, report) for key, report in reopening.items()] if need]


async def quiet(conn: Conn, report_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the reports that only repeat what was refuted, with nothing new in it: nobody is called for them."""
    voices = await queries.on_refuted(conn, report_ids)
    if not voices:
        return set()
    fresh = await _fresh(conn, voices)
    loud = {v["report_id"] for v in voices if _key(v) in fresh and v["report_id"] in fresh[_key(v)]}
    return {v["report_id"] for v in voices if not v["other_links"]} - loud


async def _fresh(conn: Conn, voices: Iterable[DictRow]) -> dict[tuple[Kind, UUID], set[UUID]]:
    """The refuted records that these voices tell new details of a danger to life about, and which reports do."""
    life = [v for v in voices if "urgency:life" in v["said"]]
    found: dict[tuple[Kind, UUID], set[UUID]] = defaultdict(set)
    known: dict[tuple[Kind, UUID], list[dict[str, Any]]] = {}
    for voice in life:
        key = _key(voice)
        if key not in known:
            known[key] = await queries.said_before(conn, *key)
        if new_details(voice["said"], known[key]):
            found[key].add(voice["report_id"])
    return found


async def _reopen(conn: Conn, ctx: Context, kind: Kind, subject: UUID, report: UUID) -> UUID | None:
    """Our own people say that it is so: likely, until a person decides. A need's id, so that its task is made."""
    rows = await (need_queries if kind == "need" else incident_queries).lock(conn, [subject])
    await verifying.put_down(conn, ctx, kind, rows[0], Word("likely", "field_report", report_id=report), ACTOR)
    return subject if kind == "need" else None


def _key(voice: DictRow) -> tuple[Kind, UUID]:
    return ("need", voice["need_id"]) if voice["need_id"] else ("incident", voice["incident_id"])
