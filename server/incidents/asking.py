"""The query string of a list of incidents, needs or closures, as a dependency of routes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from server.access.principal import Principal
from server.incidents.listing import Filters, visible
from server.kernel import cursor
from server.kernel.geo import parse_bbox


@dataclass(frozen=True, slots=True)
class Asked:
    """The query string of a list, parsed; `filters` binds it to a reader."""

    emergency: UUID | None
    bbox: str | None
    status: str | None
    category: str | None
    since: datetime | None
    page: str | None
    limit: int

    def filters(self, principal: Principal, permission: str) -> Filters:
        """Bound to what the reader may see. Raises 404 for an emergency that is not theirs."""
        return Filters(
            limit=self.limit,
            within=visible(principal, permission, self.emergency),
            box=parse_bbox(self.bbox) if self.bbox else None,
            statuses=_words(self.status),
            categories=_words(self.category),
            since=self.since,
            after=cursor.moment(self.page),
        )


def asked(
    emergency: UUID | None = None,
    bbox: str | None = None,
    status: str | None = None,
    category: str | None = None,
    since: datetime | None = None,
    page: Annotated[str | None, Query(alias="cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Asked:
    """The dependency: `status` and `category` are comma-separated."""
    return Asked(emergency, bbox, status, category, since, page, limit)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word for word in (text or "").split(",") if word)
