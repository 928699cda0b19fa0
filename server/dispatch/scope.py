"""Who sees which tasks, and who sees who holds them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.access.principal import Principal
from server.dispatch import queries, rules
from server.kernel.db import Conn
from server.kernel.errors import not_found


def limits(who: Principal, permission: str) -> tuple[list[UUID] | None, list[UUID] | None]:
    """The centres and the emergencies that a permission is limited to; None: every one."""
    scopes = who.scopes_for(permission)
    centres = None if any(s.centre_id is None for s in scopes) else [s.centre_id for s in scopes if s.centre_id]
    bound = None if any(s.emergency_id is None for s in scopes) else [s.emergency_id for s in scopes if s.emergency_id]
    return centres, bound


def is_holder(who: Principal, row: Mapping[str, Any]) -> bool:
    """Whether they hold the task now. A former holder is a stranger to it."""
    return who.volunteer_id is not None and row["holder_id"] == who.volunteer_id and row["state"] in rules.HELD


def sees_holder(who: Principal, row: Mapping[str, Any]) -> bool:
    """Who holds a task is for those who see volunteers, and for the holder."""
    return who.may("volunteer.read", centre_id=row["centre_id"]) or row["holder_id"] == who.volunteer_id


async def task_for(conn: Conn, who: Principal, task_id: UUID) -> DictRow:
    """The task, if this reader may see it; a holder sees their own wherever it belongs."""
    row = await queries.task(conn, task_id)
    if row is None or not (
        is_holder(who, row) or who.may("task.read", centre_id=row["centre_id"], emergency_id=row["emergency_id"])
    ):
        raise not_found("task")
    return row
