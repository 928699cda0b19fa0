"""What the chain has just heard, for whoever answers it: handed on inside the batch's transaction, never stored.

A number and the words behind a command are personal: they live in the chain's memory for the length of one batch.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.access.context import Context
from server.access.sealing import Record
from server.kernel.db import Conn
from server.messaging.numbers import normal_number
from server.places.names import normalise
from server.reports.reading.commands import plain_command

SPOKEN: Final = frozenset({"sms", "hotline"})
"""Channels whose sender is a telephone: the only ones whose number is opened and answered."""
TEXTED: Final = "sms:"
"""How the sources of gateways' doors begin: commands are obeyed from these alone."""
TAIL_CHARS: Final = 300
_START: Final = frozenset(normalise(word) for word in ("start", "شروع", "shoru", "shoroo"))


@dataclass(frozen=True, slots=True)
class Heard:
    """One report, read and woven. `number`: the sender as `normal_number` spells it, None where nobody is answered.

    `command`: as in the reading, or {"command": "START"}, which a reading does not know. `tail`: what was written
    after a command's code. `again`: it was heard before (it has been given its emergency, or a late part has come),
    so whatever is answered once has been answered. `at`: when it came.
    """

    report_id: UUID
    receipt: str
    emergency_id: UUID | None
    channel: str
    sender_hash: bytes | None
    number: str | None
    lang: str
    kind: str
    urgency: str
    command: Mapping[str, Any] | None
    at: datetime
    tail: str = ""
    again: bool = False

    @property
    def verb(self) -> str | None:
        """The command's name, if it is one."""
        return self.command["command"] if self.command else None

    @property
    def code(self) -> str | None:
        """The code a command names, as typed."""
        return self.command.get("code") if self.command else None


OnHeard = Callable[[Conn, Context, Sequence[Heard]], Awaitable[Sequence[UUID]]]
"""Called with a batch, in its transaction; the needs that it has changed."""


def heard_of(record: Record, row: Mapping[str, Any], reading: Mapping[str, Any], text: str, country: str) -> Heard:
    """A row of `reports` (as the chain takes it) with its reading. Opens the sender for spoken channels alone."""
    spoken = row["channel"] in SPOKEN
    sender = record.open("sender_sealed", row["sender_sealed"]) if spoken and row["sender_sealed"] else None
    # Whoever may send reports may name any sender; only a gateway says whose telephone a text came from.
    texted = row["source"].startswith(TEXTED)
    command = reading.get("command") if texted else None
    if texted and command is None and normalise(plain_command(text)) in _START:
        command = {"command": "START", "code": None}
    return Heard(
        row["id"],
        row["receipt"],
        row["emergency_id"],
        row["channel"],
        row["sender_hash"],
        normal_number(sender.decode("utf-8", "replace"), country) if sender else None,
        reading["lang"],
        reading["kind"],
        reading["urgency"],
        command,
        row["received_at"],
        tail_of(text) if command and command.get("code") else "",
        row["read_at"] is not None,
    )


def tail_of(text: str) -> str:
    """What stands behind a command and its code."""
    words = plain_command(text).split(maxsplit=2)
    return words[2][:TAIL_CHARS] if len(words) > 2 else ""  # noqa: PLR2004 - command, code, the rest
