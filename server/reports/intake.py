"""Raw first: the only writer of reports. What somebody said is kept as it came, before anyone reads it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from server.access.context import Context
from server.access.sealing import HASH_BYTES, Sealing
from server.kernel.db import Conn
from server.kernel.geo import on_earth
from server.kernel.ids import code_of, new_code, uuid7, uuid8
from server.messaging.numbers import normal_number
from server.reports import queries, rules
from server.reports.content import content_flags

TABLE: Final = "reports"
Row = dict[str, Any]
"""A report's columns (`queries.COLUMNS`) before it is written. `received_at` None: when it is written."""
_RECEIPT_BYTES: Final = 18
"""For `code_of`: ten signs."""
_CLASHES: Final = 8
"""Receipts have 31^7 (2.7e10) values: eight clashes in a row mean that something else is wrong."""


class Incoming(NamedTuple):
    """One message as it came. (`source`, `source_key`) is the sender's own identity of it.

    A tuple: a frozen dataclass of so many fields takes as long to make as a message's hashes.
    `source` names the door and, where keys are not unique by themselves, the token (`sms:generic:<token id>`).
    `meta` is sealed as JSON; `lon`/`lat` are degrees as claimed, possible or not; `occurred_at` is a device's claim.
    """

    channel: str
    source: str
    source_key: str
    body: bytes
    sender: str | None = None
    recipient: str | None = None
    content_type: str = "text/plain"
    meta: Mapping[str, Any] = MappingProxyType({})
    lon: float | None = None
    lat: float | None = None
    occurred_at: datetime | None = None
    emergency_id: UUID | None = None
    flags: Sequence[str] = ()


class Accepted(NamedTuple):
    """The answer: the same for the first and for every later copy. `known`: it was here before.

    `conflict`: the same identity came with other bytes as well; both are kept and shown. Not asked for groups.
    """

    id: UUID
    receipt: str
    known: bool
    conflict: bool


def body_hash(sealing: Sealing, item: Incoming) -> bytes:
    """32 bytes that stand for body, sender, recipient and claimed position, without any time.

    Keyed: a bare digest in a stolen copy of the database would let a thief try all phone numbers against "help".
    """
    position = "" if item.lon is None and item.lat is None else f"{item.lon},{item.lat}"
    parts: list[bytes] = []
    for part in (item.body, _bytes(item.sender), _bytes(item.recipient), position.encode()):
        parts += (len(part).to_bytes(8), part)
    return sealing.keyed_bytes("body", *parts)[:HASH_BYTES]


def safe_key(sealing: Sealing, key: str) -> str:
    """The sender's key as it may stand in the open: as it is when plain, else keyed and hashed."""
    return key if rules.is_plain_key(key) else "h:" + sealing.keyed_hash("source_key", key).hex()[:40]


def sender_hash(sealing: Sealing, sender: str | None, country: str = "IR") -> bytes | None:
    """What tells senders apart without naming them."""
    return sealing.keyed_hash("sender", normal_number(sender, country)) if sender else None


async def accept(conn: Conn, ctx: Context, items: Sequence[Incoming], *, actor: str = "system") -> list[Accepted]:
    """Write reports down in the caller's transaction, in one statement; answers in the order of `items`.

    Copies of what is known (within `items`, from before, or from a transaction at the same time) have no effect and
    get the first one's id and receipt. The caller commits, then rings `reports`, then answers.
    """
    return await accept_rows(conn, [row_of(ctx, item, actor=actor) for item in items], conflicts=True)


async def accept_rows(conn: Conn, rows: Sequence[Row], *, conflicts: bool = False) -> list[Accepted]:
    """As `accept`, for rows that `row_of` made. Each bears its own actor; their order is the order they came in.

    Unless asked for `conflicts` it does not look whether a new row's key came with other bytes before.
    """
    first: dict[tuple[str, str, bytes], Row] = {}
    for nth, row in enumerate(rows):
        row["nth"] = nth
        first.setdefault(_identity(row), row)
    # One order for everybody: two batches with the same messages cannot wait for each other in a circle.
    ordered = [first[identity] for identity in sorted(first)]
    written: dict[UUID, bool] = {}
    found: dict[tuple[str, str, bytes], Any] = {}
    missing = ordered
    for _ in range(_CLASHES):
        written |= await queries.insert_reports(conn, missing, conflicts=conflicts)
        missing = [row for row in ordered if row["id"] not in written]
        if missing:
            found = await queries.known_reports(conn, missing)
            missing = [row for row in missing if _identity(row) not in found]
        if not missing:
            break
        # Neither written nor known: its receipt is taken. Another one.
        for row in missing:
            row["receipt"] = new_code()
    else:
        raise RuntimeError("no free receipt was found")
    return _answers(rows, first, written, found)


def _answers(
    rows: Sequence[Row],
    first: Mapping[tuple[str, str, bytes], Row],
    written: Mapping[UUID, bool],
    found: Mapping[tuple[str, str, bytes], Any],
) -> list[Accepted]:
    bodies: dict[tuple[str, str], int] = {}
    for source, key, _ in first:
        bodies[source, key] = bodies.get((source, key), 0) + 1
    answers = []
    for row in rows:
        identity = _identity(row)
        here = bodies[identity[:2]] > 1
        if kept := found.get(identity):
            answers.append(Accepted(kept["id"], kept["receipt"], True, here or kept["conflict"]))
        else:
            kept = first[identity]
            answers.append(Accepted(kept["id"], kept["receipt"], kept is not row, here or written[kept["id"]]))
    return answers


async def settle_unnumbered(
    conn: Conn, rows: Sequence[Row], unnumbered: Sequence[bool], *, since: datetime | None = None
) -> None:
    """Give copies of messages that bear no number the key of the first: same words, same sender, within the window.

    Nothing else may have come from the sender between: ACCEPT, FAIL, ACCEPT are three messages. Locks on the words
    let copies that come at once see each other. The window slides by the database's clock; `since`: it began then, for
    messages that came earlier. Changes `rows`.
    """
    asked = {(row["source"], row["body_hash"]) for row, bare in zip(rows, unnumbered, strict=True) if bare}
    known = await queries.repeated_keys(conn, sorted(asked), rules.REPEAT_WINDOW_S, since)
    last: dict[bytes, Row] = {}
    here: dict[tuple[str, bytes], str] = {}
    for row, bare in zip(rows, unnumbered, strict=True):
        words, sender = (row["source"], row["body_hash"]), row["sender_hash"]
        before = last.get(sender) if sender else None
        if bare:
            if before is not None:
                if (before["source"], before["body_hash"]) == words:
                    row["source_key"] = before["source_key"]
            elif key := here.get(words) or known.get(words):
                row["source_key"] = key
            if not sender:
                here.setdefault(words, row["source_key"])
        if sender:
            last[sender] = row


def _identity(row: Mapping[str, Any]) -> tuple[str, str, bytes]:
    return row["source"], row["source_key"], row["body_hash"]


def _bytes(text: str | None) -> bytes:
    return b"" if text is None else text.encode("utf-8", "surrogatepass")


def promise(sealing: Sealing, source: str, source_key: str, body: bytes) -> tuple[UUID, str]:
    """The id (UUIDv8) and the receipt (ten signs) of the message with this identity, for ever.

    Every process, with a database or without one, gives the same answer to the same message.
    """
    made = sealing.keyed_bytes("promised", f"{source}\0{source_key}\0".encode("utf-8", "surrogatepass"), body)
    # From different bytes, so that neither tells the other.
    return uuid8(made), code_of(made[-_RECEIPT_BYTES:])


def row_of(
    ctx: Context, item: Incoming, *, actor: str = "system", promised: bool = False, identity: bytes | None = None
) -> Row:
    """The columns of a new report; what is personal leaves here sealed. `promised`: id and receipt by its identity.

    `identity`: 32 keyed bytes that stand for its content, where who sends it makes it no other message.
    """
    sealing = ctx.sealing
    key, words = safe_key(sealing, item.source_key), identity or body_hash(sealing, item)
    report_id, receipt = promise(sealing, item.source, key, words) if promised else (uuid7(), new_code())
    record = sealing.new(TABLE, report_id)
    meta, flags = dict(item.meta), [*item.flags, *content_flags(item.body, item.content_type)]
    if key != item.source_key:
        meta["source_key"] = item.source_key
    if item.recipient is not None:
        meta["recipient"] = item.recipient
    given = item.lon is not None or item.lat is not None
    if given and not on_earth(item.lon, item.lat):
        flags.append("impossible_coordinates")
    located = given and rules.UNLOCATED.isdisjoint(flags)
    if given and not located:
        meta["claimed_position"] = [repr(item.lon), repr(item.lat)]
    occurred_at, impossible = rules.claimed_time(item.occurred_at)
    if impossible:
        flags.append("impossible_time")
        meta["claimed_time"] = str(item.occurred_at)
    shown = sealing.blur(item.lon, item.lat) if located and item.lon is not None and item.lat is not None else None
    return {
        "id": report_id,
        "receipt": receipt,
        "actor": actor,
        "received_at": None,
        "lane": 0,
        "emergency_id": item.emergency_id,
        "channel": item.channel,
        "source": item.source,
        "source_key": key,
        "body_hash": words,
        "content_type": _plain(item.content_type),
        "flags": " ".join(rules.in_order(flags)),
        "occurred_at": occurred_at,
        "sender_hash": sender_hash(sealing, item.sender, ctx.settings.country),
        "body_sealed": record.seal("body_sealed", item.body),
        "sender_sealed": record.seal("sender_sealed", item.sender),
        "meta_sealed": record.seal("meta_sealed", _json(meta)) if meta else None,
        "geom_exact_sealed": record.seal("geom_exact_sealed", _json({"lon": item.lon, "lat": item.lat}))
        if located
        else None,
        "lon": shown[0] if shown else None,
        "lat": shown[1] if shown else None,
        "sealing_key_id": record.key_id,
        "data_key_wrapped": record.wrapped,
    }


@lru_cache(maxsize=64)
def _plain(content_type: str) -> str:
    """A stranger's Content-Type as it may stand in a text column."""
    return "".join(sign for sign in content_type if " " <= sign <= "~")[:200] or "text/plain"


def _json(data: Any) -> bytes:
    """JSON of anything, lone surrogates escaped: what a stranger sent must not stop its own keeping."""
    try:
        return orjson.dumps(data, default=str)
    except (TypeError, ValueError):
        try:
            return json.dumps(data, default=str).encode()
        except RecursionError:
            return b'{"too_deep": true}'
