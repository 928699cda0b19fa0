"""A report taken back, because its sender has sent another in its place: it counts for nothing any more.

Its words and its earlier readings stay. What others say, what people have decided and what somebody holds stays too;
then a person is asked.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.events import NewEvent, emit
from server.reports import amending_queries as queries
from server.reports.amending import weave_anew
from server.reports.amending_rules import BLANK, PERSON
from server.reports.weaving import OnNeeds

WITHDRAWN: Final = "withdrawn"
"""The rules' version of the reading of a report that was taken back."""
_LIVE: Final = frozenset({"open", "tasked"})


def decided() -> Problem:
    """409: a person has set how the report is to be read, and her word is not overridden."""
    return Problem(
        409,
        "report.decided",
        "A person has corrected what the earlier form says; look whether the new one changes it.",
        "کسی آنچه را فرم پیشین می‌گوید اصلاح کرده است؛ ببینید فرم تازه چیزی را عوض می‌کند یا نه.",
    )


def held(records: int) -> Problem:
    """409: records that nobody but this report speaks of are decided by a person or worked at."""
    return Problem(
        409,
        "record.held",
        "The earlier form made records that somebody has decided or works at; say whether they still stand.",
        "فرم پیشین مواردی ساخته که کسی درباره‌شان تصمیم گرفته یا دست‌به‌کار است؛ بگویید هنوز برقرارند یا نه.",
        extra={"records": records},
    )


async def withdraw(
    conn: Conn,
    ctx: Context,
    report_id: UUID,
    on_needs: Sequence[OnNeeds],
    actor: str,
    *,
    by_hand: bool = False,
) -> Problem | None:
    """Take a report back; the problem that a person has to look at, if there is one. A second time has no effect.

    One that the chain has not read yet is left to it. `by_hand`: a person asks, so another's correction gives way.
    """
    row = await queries.take(conn, report_id)
    standing = await queries.current(conn, report_id) if row else None
    if row is None or standing is None:
        return None
    if standing["rules_version"] == PERSON and not by_hand:
        return decided()
    if standing["rules_version"] != WITHDRAWN:
        after: dict[str, Any] = {**BLANK, "lang": standing["reading"]["lang"]}
        await queries.put_reading(conn, report_id, after, WITHDRAWN)
        await weave_anew(conn, ctx, row, standing["reading"], after, on_needs, actor)
        event = NewEvent("report.corrected", "report", report_id, row["emergency_id"], actor, data={"withdrawn": True})
        await emit(conn, event)
    left = [s for s in await queries.standing(conn, report_id) if s["status"] in _LIVE]
    return held(len(left)) if left else None
