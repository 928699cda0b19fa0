"""What the boards share: a page whole or its living part alone, which emergency it looks at, and names by id."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from psycopg.rows import DictRow

from server.access.guard import forbidden
from server.access.principal import Principal
from server.emergencies import queries as emergencies
from server.emergencies.routes import within
from server.kernel.db import Conn
from server.kernel.http import etag as version_tag
from server.pages.gate import View
from server.places import queries as places
from server.supplies import queries as supplies

PART: Final = "x-part"
"""The header with which a page's module asks for the living part alone."""
_NAMED: Final = 200


def reader(view: View) -> Principal:
    """Who reads the page; the page's gate has seen to it that there is somebody."""
    if view.principal is None:
        raise forbidden()
    return view.principal


def wants_part(request: Request) -> bool:
    """Whether the page's module asks for the living part."""
    return PART in request.headers


def living(view: View, name: str, **values: Any) -> Response:
    """`name.html` whole, or `part_name.html` for the page's module: unchanged parts are answered with 304."""
    if not wants_part(view.request):
        return view.page(f"{name}.html", page=name, **values)
    answer = view.page(f"part_{name}.html", page=name, **values)
    tag = f'"{hashlib.blake2b(bytes(answer.body), digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "no-store"}
    if view.request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    answer.headers["ETag"] = tag
    return answer


@dataclass(frozen=True, slots=True)
class Look:
    """Which emergencies there are to choose from, newest first, and the one that is looked at (None: all of them)."""

    emergencies: list[DictRow]
    chosen: UUID | None


async def look(conn: Conn, who: Principal, asked: UUID | None, permission: str) -> Look:
    """What the reader may look at; the sole one they may see is chosen for them."""
    bound = within(who, permission)
    rows = await emergencies.page(conn, limit=50, before=None, within=bound, status="open", since=None, box=None)
    if asked is not None and (bound is None or asked in bound):
        return Look(rows, asked)
    return Look(rows, rows[0]["id"] if len(rows) == 1 else None)


async def centre_names(conn: Conn) -> dict[str, DictRow]:
    """Centre by id as text: there are tens of them."""
    return {str(row["id"]): row for row in await places.centres(conn, box=None, active=None, limit=_NAMED)}


async def item_names(conn: Conn, bring: Iterable[Iterable[Mapping[str, Any]]]) -> dict[str, DictRow]:
    """Catalogue items by code, for the lists of what to bring."""
    codes = sorted({line["code"] for lines in bring for line in lines})
    return {row["code"]: row for row in await supplies.items_by(conn, codes=codes)} if codes else {}


def version(row: Mapping[str, Any]) -> str:
    """The ETag under which a row may be edited."""
    return version_tag(row["version"])
