"""Events: writers put them down plain in their own transaction; the sealer numbers and chains them later."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from server.kernel import arrays

GENESIS = b"\0" * 32


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One change. `verb` is `noun.verb`; `data` holds codes, ids and numbers, never personal data."""

    verb: str
    subject_type: str
    subject_id: UUID
    emergency_id: UUID | None = None
    actor: str = "system"
    centre_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """A numbered event, as the stream and the projections see it."""

    seq: int
    at: datetime
    verb: str
    subject_type: str
    subject_id: UUID
    emergency_id: UUID | None
    centre_id: UUID | None
    actor: str
    data: dict[str, Any]
    hash: bytes

    def public(self) -> dict[str, Any]:
        """What a stream client gets, once orjson has written it."""
        return {
            "seq": self.seq,
            "at": self.at,
            "type": self.subject_type,
            "id": self.subject_id,
            "emergency": self.emergency_id,
        }


_INSERT = """
INSERT INTO events_unsealed (verb, subject_type, subject_id, emergency_id, centre_id, actor, data)
SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::jsonb[])
"""


async def emit(conn: AsyncConnection[Any], *events: NewEvent) -> None:
    """Put events down in the caller's transaction, in order, in one statement."""
    await emit_many(conn, events)


async def emit_many(conn: AsyncConnection[Any], events: Sequence[NewEvent]) -> None:
    """As `emit`, for a sequence."""
    if not events:
        return
    await conn.execute(
        _INSERT,
        (
            arrays.texts(e.verb for e in events),
            arrays.texts(e.subject_type for e in events),
            arrays.uuids(e.subject_id for e in events),
            arrays.uuids(e.emergency_id for e in events),
            arrays.uuids(e.centre_id for e in events),
            arrays.texts(e.actor for e in events),
            arrays.jsons(dict(e.data) for e in events),
        ),
    )


def chain_hash(previous: bytes, seq: int, row: Mapping[str, Any]) -> bytes:
    """SHA-256 over the previous hash and the event's canonical JSON; `row` has the columns of `events`."""
    line = orjson.dumps(
        [
            seq,
            row["at"].timestamp(),
            row["verb"],
            row["subject_type"],
            str(row["subject_id"]),
            str(row["emergency_id"] or ""),
            str(row["centre_id"] or ""),
            row["actor"],
            row["data"],
        ],
        option=orjson.OPT_SORT_KEYS,
    )
    return hashlib.sha256(previous + line).digest()
