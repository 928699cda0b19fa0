"""Keeps the counts of queues in step with the tasks: the tasks of each sealed batch are read again.

Counted in the claim itself, every claim of a queue would wait for the one row that counts it. Reading the tasks as they
are now makes a replay harmless: a second pass finds nothing to change.
"""

from collections.abc import Sequence

from server.dispatch import count_queries
from server.kernel.db import Conn
from server.kernel.events import SealedEvent


async def project(conn: Conn, events: Sequence[SealedEvent]) -> None:
    """Bring the counts up to a batch of sealed events, in the caller's transaction."""
    tasks = sorted({event.subject_id for event in events if event.subject_type == "task"})
    if tasks:
        await count_queries.fold(conn, tasks)
