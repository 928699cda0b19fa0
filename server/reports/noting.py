"""A message that a coordinator writes by hand, to the sender of a report or to a volunteer: by id, never by number."""

import contextlib
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit
from server.messaging import outbox_queries, segments
from server.messaging.models import HIGH, LIFE
from server.messaging.numbers import normal_number, phone_number
from server.messaging.outbox import Draft, put
from server.reports import service
from server.volunteers import queries as volunteers

MOST_SEGMENTS: Final = 6
MOST_CHARS: Final = 1000


class Note(BaseModel):
    """`words` to the sender of `report` or to `volunteer`.

    `life`: a life hangs on it, so it passes STOP, quiet hours and the caps.
    """

    model_config = ConfigDict(extra="forbid")
    words: str = Field(min_length=1, max_length=MOST_CHARS)
    report: UUID | None = None
    volunteer: UUID | None = None
    life: bool = False

    @model_validator(mode="after")
    def _one_receiver(self) -> "Note":
        if (self.report is None) == (self.volunteer is None):
            raise ValueError("report or volunteer, one of them")
        if not self.words.strip():
            raise ValueError("no words")
        return self


async def write(conn: Conn, ctx: Context, principal: Principal, note: Note, key: str | None) -> dict[str, Any]:
    """Put it into the outbox, on record as `message.written`. The same `key` again writes nothing.

    404 for a receiver out of the writer's bounds; 409 for one without a number that can be texted; 422 when it is
    longer than `MOST_SEGMENTS`.
    """
    words = note.words.strip()
    parts = segments.count(words)
    if parts > MOST_SEGMENTS:
        raise Problem(
            422,
            "message.too_long",
            f"This takes {parts} segments; at most {MOST_SEGMENTS} are sent.",
            f"این متن {parts} پیامک می‌شود؛ بیش از {MOST_SEGMENTS} فرستاده نمی‌شود.",
        )
    number, emergency = await _receiver(conn, ctx, principal, note)
    mark = ctx.sealing.keyed_hash("note", f"{principal.actor}\0{key}").hex()[:40] if key else None
    dedupe_key = f"note:{mark}" if mark else None
    (made,) = await put(
        conn,
        ctx,
        [
            Draft(
                "note",
                number,
                words=words,
                lang=ctx.settings.language,
                priority=LIFE if note.life else HIGH,
                dedupe_key=dedupe_key,
                report_id=note.report,
                emergency_id=emergency,
            )
        ],
    )
    if made:
        to = {"volunteer": str(note.volunteer)} if note.volunteer else {"report": str(note.report)}
        event = NewEvent("message.written", "message", made, emergency, principal.actor, data={**to, "segments": parts})
        await emit(conn, event)
        return {"id": made, "segments": parts}
    return {"id": await outbox_queries.by_key(conn, dedupe_key or ""), "segments": parts}


async def _receiver(conn: Conn, ctx: Context, principal: Principal, note: Note) -> tuple[str, UUID | None]:
    """The receiver's number and the emergency that the message belongs to."""
    if note.report:
        row = await service.seen(conn, principal, "message.write", note.report)
        table, column, emergency = "reports", "sender_sealed", row["emergency_id"]
    else:
        found = await volunteers.volunteer(conn, note.volunteer) if note.volunteer else None
        if found is None or not principal.may("message.write", centre_id=found["centre_id"]):
            raise not_found("volunteer")
        # Volunteers outlive emergencies.
        row, table, column, emergency = found, "volunteers", "phone_sealed", None
    plain = None
    with contextlib.suppress(SealedError):
        if row[column] is not None:
            plain = ctx.sealing.of(table, row["id"], row["data_key_wrapped"]).open(column, row[column])
    number = normal_number((plain or b"").decode("utf-8", "replace"), ctx.settings.country)
    if phone_number(number, ctx.settings.country) is None:
        raise Problem(
            409, "message.no_number", "There is no number that can be texted.", "شماره‌ای برای پیامک در دست نیست."
        )
    return number, emergency
