"""What comes in as JSON, read as a stranger's: nothing a sender may type makes these fail by surprise.

No pydantic here: it refuses lone surrogates and takes NaN, and intake must keep the one and name the other.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.reports.errors import invalid, not_json
from server.reports.models import CHANNELS

_POSTED_CHANNELS: Final = tuple(c for c in CHANNELS if c not in {"form", "import"})
MESSAGES: Final = {
    "missing": ("is missing", "خالی است"),
    "string": ("must be a string", "باید متن باشد"),
    "number": ("must be a number", "باید عدد باشد"),
    "object": ("must be an object", "باید یک شیء JSON باشد"),
    "time": ("must be an ISO 8601 time", "باید زمان ISO 8601 باشد"),
    "channel": (
        "must be one of " + ", ".join(_POSTED_CHANNELS),
        "باید یکی از این‌ها باشد: " + "، ".join(_POSTED_CHANNELS),
    ),
}


class Parsed(NamedTuple):
    """A JSON object and how its strings turn back into the bytes that came. `data` is None when it was none."""

    data: dict[str, Any] | None
    utf8: bool

    def bytes_of(self, text: str) -> bytes:
        """A string of `data` as bytes: bytes that were no UTF-8 come back as they were, lone surrogates stay."""
        if not self.utf8:
            try:
                return text.encode("utf-8", "surrogateescape")
            except UnicodeEncodeError:
                pass
        return text.encode("utf-8", "surrogatepass")


def parse_object(raw: bytes) -> Parsed:
    """The JSON object in `raw`; NaN, lone surrogates, huge numbers and broken UTF-8 do not stop it."""
    body = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        found = orjson.loads(body)
    except ValueError:
        pass
    else:
        # A float may be a whole number beyond 64 bits, which only the slower parser reads as one.
        if isinstance(found, dict) and not any(isinstance(value, float | dict | list) for value in found.values()):
            return Parsed(found, utf8=True)
    try:
        text, utf8 = body.decode("utf-8"), True
    except UnicodeDecodeError:
        text, utf8 = body.decode("utf-8", "surrogateescape"), False
    try:
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return Parsed(None, utf8)
    return Parsed(data if isinstance(data, dict) else None, utf8)


def claim(value: Any) -> datetime | None:
    """A device's time, ISO 8601 or seconds (or milliseconds) since 1970; None when it is neither."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value.strip())
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value) / (1000 if abs(value) > 1e11 else 1)  # noqa: PLR2004 - the year 5138 in seconds
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


@dataclass(frozen=True, slots=True)
class PostedReport:
    """The body of `POST /api/reports`. Coordinates may be impossible; their types may not."""

    text: bytes
    channel: str
    sender: str | None
    lat: float | None
    lon: float | None
    occurred_at: datetime | None
    emergency: str | None
    told: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Fields:
    data: dict[str, Any]
    wrong: list[dict[str, str]] = field(default_factory=list)

    def fault(self, name: str, code: str) -> None:
        en, fa = MESSAGES[code]
        self.wrong.append({"field": name, "code": code, "message": f"{name} {en}", "message_fa": f"{name} {fa}"})

    def string(self, name: str) -> str | None:
        value = self.data.get(name)
        if value is not None and not isinstance(value, str):
            self.fault(name, "string")
            return None
        return value

    def number(self, name: str) -> float | None:
        value = self.data.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault(name, "number")
            return None
        try:
            return float(value)
        except OverflowError:
            return float("inf")

    def time(self, name: str) -> datetime | None:
        value = self.data.get(name)
        found = claim(value)
        if value is not None and found is None:
            self.fault(name, "time")
        return found

    def told(self) -> dict[str, Any]:
        """What somebody who listened says beside the words: `people`, `urgency`, and the `place` of our gazetteer."""
        told = self.data.get("told")
        if told is None:
            return {}
        if not isinstance(told, dict):
            self.fault("told", "object")
            return {}
        return {key: told[key] for key in ("people", "urgency", "place") if told.get(key) is not None}


def posted_report(raw: bytes) -> PostedReport:
    """The report in a request's body. Raises 400 when it is no JSON object, 422 with the fields that are wrong."""
    parsed = parse_object(raw)
    if parsed.data is None:
        raise not_json()
    got = _Fields(parsed.data)
    text, channel, sender = got.string("text"), got.string("channel") or "api", got.string("sender")
    if not isinstance(parsed.data.get("text"), str | type(None)):
        text = ""
    elif text is None or not text.strip():
        got.fault("text", "missing")
    if channel not in _POSTED_CHANNELS:
        got.fault("channel", "channel")
    lat, lon, occurred_at = got.number("lat"), got.number("lon"), got.time("occurred_at")
    emergency, told = got.string("emergency"), got.told() if channel == "hotline" else {}
    if got.wrong:
        raise invalid(got.wrong)
    return PostedReport(parsed.bytes_of(text or ""), channel, sender, lat, lon, occurred_at, emergency, told)


def assignment(raw: bytes) -> str:
    """The emergency (id or code) in the body of an assignment."""
    parsed = parse_object(raw)
    if parsed.data is None:
        raise not_json()
    got = _Fields(parsed.data)
    emergency = got.string("emergency")
    if not emergency and not got.wrong:
        got.fault("emergency", "missing")
    if got.wrong:
        raise invalid(got.wrong)
    return emergency or ""


def feature(row: DictRow) -> dict[str, Any]:
    """A report as a GeoJSON feature: where it roughly is and how far it has come, nobody's words."""
    located = row["lon"] is not None
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]} if located else None,
        "properties": {
            "receipt": row["receipt"],
            "channel": row["channel"],
            "emergency": row["emergency_id"],
            "state": row["read_state"],
            "flags": row["flags"],
            "conflict": row["conflict"],
            "triage": row["emergency_id"] is None,
            "received_at": row["received_at"],
            "occurred_at": row["occurred_at"],
        },
    }


def reading_answer(report_id: UUID, state: str, reading: dict[str, Any] | None, links: list[DictRow]) -> dict[str, Any]:
    """A reading in DESIGN's shape with its state and what the report was joined to (the primary, and all)."""
    empty: dict[str, Any] = {
        "lang": None,
        "kind": None,
        "incidents": [],
        "needs": [],
        "offers": [],
        "people": None,
        "households": None,
        "place": None,
        "vulnerable": [],
        "urgency": None,
        "command": None,
        "why": [],
    }
    shown = {k: v for k, v in (reading or {}).items() if k != "decided"}
    all_links = [{"type": link["type"], "id": link["id"]} for link in links]
    return {
        **empty,
        **shown,
        "id": report_id,
        "state": state,
        "joined_to": all_links[0] if all_links else None,
        "links": all_links,
    }
