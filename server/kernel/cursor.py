"""Cursors of lists: opaque to clients, a moment and an id (or a text and an id) to us."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

import orjson

from server.kernel.errors import bad_request


def encode(first: datetime | str, last: UUID) -> str:
    """The cursor after a row with these sort keys."""
    text = first.isoformat() if isinstance(first, datetime) else first
    return base64.urlsafe_b64encode(orjson.dumps([text, str(last)])).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, UUID]:
    try:
        first, last = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return str(first), UUID(str(last))
    except (ValueError, TypeError, binascii.Error):
        raise bad_request("cursor.invalid", "This cursor is not one of ours.", "این نشانگر صفحه شناخته نشد.") from None


def moment(cursor: str | None) -> tuple[datetime, UUID] | None:
    """A cursor by time. Raises a 400 problem."""
    if not cursor:
        return None
    first, last = _decode(cursor)
    try:
        return datetime.fromisoformat(first), last
    except ValueError:
        raise bad_request("cursor.invalid", "This cursor is not one of ours.", "این نشانگر صفحه شناخته نشد.") from None


def text(cursor: str | None) -> tuple[str, UUID] | None:
    """A cursor by text. Raises a 400 problem."""
    return _decode(cursor) if cursor else None
