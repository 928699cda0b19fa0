"""Panels and other gateways that send parameters under names of their own, read by a map. Pure.

`settings["map"]` of a gateway: {"from": "sender", "to": "line", "text": ["body", "text"], "id": "msgid", "time": "at",
"ref": …, "part": …, "total": …}; a name, several, or null. Names of JSON are joined by dots: `message.text`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.kernel.ids import uuid7
from server.reports.content import declared_charset
from server.reports.doors.forms import Pairs, first
from server.reports.intake import Incoming
from server.reports.rules import EARLIEST, in_order
from server.reports.schemas import claim, parse_object
from server.reports.udh import MOST, Concat, as_meta

DEFAULT_MAP: Final[Mapping[str, Sequence[str]]] = {
    "from": ("from", "sender", "msisdn"),
    "to": ("to", "receiver", "recipient"),
    "text": ("text", "body", "message"),
    "id": ("id", "messageid", "message_id"),
    "time": ("received_at", "time", "date"),
    "ref": ("ref",),
    "part": ("part",),
    "total": ("total",),
}
"""What panels call things most often, for one without a map."""
_PART_NAMES: Final = ("ref", "part", "total")
_EPOCH_DIGITS: Final = frozenset({10, 13})


Read = tuple[Incoming, bool]


def names_of(settings: Mapping[str, Any], what: str) -> tuple[str, ...]:
    """The names under which a gateway sends something; empty when it does not."""
    given = settings.get("map")
    if not isinstance(given, dict) or (what not in given and what not in _PART_NAMES):
        return tuple(DEFAULT_MAP.get(what, ()))
    value = given.get(what)
    if isinstance(value, str):
        return (value,)
    return tuple(str(name) for name in value) if isinstance(value, list) else ()


def message_of(raw: bytes, content_type: str, pairs: Pairs, settings: Mapping[str, Any], caller_id: UUID | str) -> Read:
    """The message in a request, and whether it bears an id. Without a text the whole request is kept, `malformed`."""
    text = first(pairs, names_of(settings, "text"))
    sender, recipient = _said(pairs, settings, "from"), _said(pairs, settings, "to")
    key, time = _said(pairs, settings, "id"), _said(pairs, settings, "time")
    flags = ([] if key else ["no_id"]) + ([] if sender else ["no_sender"])
    own = {name.casefold() for what in ("text", "from", "to") for name in names_of(settings, what)}
    meta: dict[str, Any] = {
        name: value.decode("utf-8", "replace") for name, value in pairs if name.casefold() not in own
    }
    if part := _part(pairs, settings):
        meta["part"] = as_meta(part)
        flags.append("part")
    if text is None:
        asked = {name.casefold() for name in names_of(settings, "text")}
        blank = any(name.casefold() in asked for name, _ in pairs)
        flags += [] if blank else ["malformed"]
        text, kind = (b"", "text/plain; charset=utf-8") if blank else (raw, content_type)
    else:
        kind = f"text/plain; charset={_charset(raw, content_type, settings)}"
    item = Incoming(
        "sms",
        f"sms:generic:{caller_id}",
        key or str(uuid7()),
        text,
        sender,
        recipient,
        kind,
        meta,
        occurred_at=_time(time),
        flags=in_order(flags),
    )
    return item, key is not None


def _charset(raw: bytes, content_type: str, settings: Mapping[str, Any]) -> str:
    """The charset of the words' bytes. JSON is UTF-8 whatever the panel's addresses are written in (RFC 8259, 8.1)."""
    if parse_object(raw).data is not None:
        return "utf-8"
    return settings.get("charset") or declared_charset(content_type) or "utf-8"


def _said(pairs: Pairs, settings: Mapping[str, Any], what: str) -> str | None:
    value = first(pairs, names_of(settings, what))
    return None if value is None else value.decode("utf-8", "replace").strip() or None


def _time(text: str | None) -> datetime | None:
    """A panel's claim of a time. Digits may be seconds or milliseconds since 1970; a year long past is another
    calendar's (`1405/09/01`) and stays beside the message as it came.
    """
    if text and text.isascii() and text.isdigit():
        return claim(int(text)) if len(text) in _EPOCH_DIGITS else None
    found = claim(text)
    return found if found and found.year >= EARLIEST.year else None


def _part(pairs: Pairs, settings: Mapping[str, Any]) -> Concat | None:
    return part_of(*(_said(pairs, settings, what) for what in _PART_NAMES))


def part_of(ref: str | None, number: str | None, total: str | None) -> Concat | None:
    """Which part of how many a gateway's parameters tell; None unless all three are numbers that make sense."""
    said = (ref, number, total)
    if not all(s and s.isascii() and s.isdigit() and len(s) <= 9 for s in said):  # noqa: PLR2004 - no number is longer
        return None
    reference, nth, many = (int(s or 0) for s in said)
    return Concat(reference, many, nth) if 1 <= nth <= many <= MOST and many > 1 else None
