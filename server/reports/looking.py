"""From events to "somebody has looked": a projection beside the map's, in the sealing transaction.

Opening a report, deciding about its record, finding its door, taking its task: each is an event already, so no slice
has to remember to say so. What the chain or a clock did is no look, nor that the inbox was handed words ahead of time.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from server.kernel.db import Conn
from server.kernel.events import SealedEvent
from server.reports import watch_queries as queries

_OF_REPORT: Final = frozenset({"report.opened", "report.assigned", "report.seen", "report.corrected"})
_OF_RECORD: Final = frozenset({"need.changed", "need.located_exactly", "incident.changed"})
_OF_TASK: Final = frozenset(
    {"task.claimed", "task.accepted", "task.en_route", "task.completed", "task.failed", "task.reassigned"}
)

_LOOKS: Final = _OF_REPORT | _OF_RECORD | _OF_TASK


def _ahead(event: SealedEvent) -> bool:
    """Words that were shown as one of many: for the inbox's next rows, or because an entry of the lexicon is tried."""
    return bool(event.data.get("inbox")) or event.data.get("cause") == "words"


async def project(conn: Conn, events: Sequence[SealedEvent]) -> None:
    """Mark as seen what a batch of events shows to have been looked at."""
    looks = [e for e in events if e.actor != "system" and e.verb in _LOOKS and not _ahead(e)]
    if not looks or not await queries.any_open(conn):
        return
    tasks = await queries.causes_of(conn, [e.subject_id for e in looks if e.verb in _OF_TASK])
    by_actor: dict[str, tuple[set[UUID], set[UUID]]] = defaultdict(lambda: (set(), set()))
    for event in looks:
        reports, records = by_actor[event.actor]
        if event.verb in _OF_REPORT:
            reports.add(event.subject_id)
        elif event.verb in _OF_RECORD:
            records.add(event.subject_id)
        elif cause := tasks.get(event.subject_id):
            records.add(cause)
    for actor, (reports, records) in by_actor.items():
        behind = await queries.watched_of(conn, sorted(records)) if records else []
        await queries.mark_seen(conn, [*reports, *behind], actor)
