"""How lists of incidents, needs and closures are filtered, and the SQL of it, with a keyset cursor.

Newest change first by (updated_at, id), so that each filter walks one index from its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from server.access.principal import Principal
from server.kernel import cursor
from server.kernel.errors import not_found
from server.kernel.geo import Box

Cursor = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list was asked for. `within`: the emergencies that the reader may see; None means all."""

    limit: int = 100
    within: Sequence[UUID] | None = None
    box: Box | None = None
    statuses: Sequence[str] = ()
    categories: Sequence[str] = ()
    since: datetime | None = None
    after: Cursor | None = None


def visible(principal: Principal, permission: str, emergency: UUID | None = None) -> list[UUID] | None:
    """The emergencies to look in: the asked one if it may be seen, else all of the reader's; None for every one."""
    if emergency is not None:
        if not principal.may(permission, emergency_id=emergency):
            raise not_found("emergency")
        return [emergency]
    bound = [scope.emergency_id for scope in principal.scopes_for(permission)]
    return None if None in bound else [e for e in bound if e]


def where(filters: Filters, geometry: str, *, categories: str = "t.category") -> tuple[sql.Composable, dict[str, Any]]:
    """The WHERE, ORDER BY and LIMIT for `t`, and their parameters. One row more than asked tells of a next page."""
    parts: list[sql.Composable] = [sql.SQL("true")]
    values: dict[str, Any] = {"limit": filters.limit + 1}
    for name, given, column in (
        ("within", filters.within, "t.emergency_id"),
        ("statuses", filters.statuses, "t.status"),
        ("categories", filters.categories, categories),
    ):
        if not given and not (name == "within" and given is not None):
            continue
        # One value as `=`: the index (…, updated_at, id) then gives its rows in order.
        single = len(given) == 1
        parts.append(
            sql.SQL(column + (" = " if single else " = ANY(")) + sql.Placeholder(name) + sql.SQL("" if single else ")")
        )
        values[name] = given[0] if single else list(given)
    if filters.since:
        parts.append(sql.SQL("t.updated_at >= ") + sql.Placeholder("since"))
        values["since"] = filters.since
    if filters.after:
        parts.append(sql.SQL("(t.updated_at, t.id) < (%(after_at)s, %(after_id)s)"))
        values |= {"after_at": filters.after[0], "after_id": filters.after[1]}
    if box := filters.box:
        inside = "{g} && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
        if geometry != "t.geom_any":
            inside += " AND ST_X({g}) < %(east)s AND ST_Y({g}) < %(north)s"
        column = "t.geom" if geometry == "t.geom_any" else geometry
        parts.append(sql.SQL(inside.replace("{g}", column)))
        values |= {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    tail = sql.SQL(" ORDER BY t.updated_at DESC, t.id DESC LIMIT %(limit)s")
    return sql.SQL(" WHERE ") + sql.SQL(" AND ").join(parts) + tail, values


def collection(rows: Sequence[Any], filters: Filters, features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A FeatureCollection of the asked length, with the cursor of what follows."""
    more = len(rows) > filters.limit
    return {
        "type": "FeatureCollection",
        "features": list(features[: filters.limit]),
        "next": cursor.encode(rows[filters.limit - 1]["updated_at"], rows[filters.limit - 1]["id"]) if more else None,
    }


def reader_sees_reports(principal: Principal) -> bool:
    """Whether the reader may know which reports stand behind a record."""
    return bool(principal.scopes_for("report.list"))
