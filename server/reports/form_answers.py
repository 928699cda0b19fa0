"""What a filled-in form says, asked of those who keep the forms: they stand above the reports, so it is handed down.

A form is read by its own version when the chain reads its report, never at the door. Reports of before carry their
answers in their sealed meta and are read from there.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

CHANNEL: Final = "form"
SAYS: Final = "form_says"
"""The key under which a row of `reports` carries what reads its form."""
SILENT: Final[Mapping[str, Any]] = {"silent": True}
"""The answers of a form that makes nothing: a draft, a sealed one, one that was replaced, one without consent."""


class FormSays(Protocol):
    """Reads the form of one report; pure, so it may run in a thread."""

    def answers(self, xml: bytes) -> Mapping[str, Any] | None:
        """What the chain takes: the fields of `field_forms.mapping.FormReport`; None: nothing can be read by a form."""

    def shown(self, xml: bytes) -> Mapping[str, Any] | None:
        """What a person is shown of the answers: `summary` by language and the typed `notes`."""


Load = Callable[[Conn, Sequence[Mapping[str, Any]]], Awaitable[Mapping[UUID, FormSays]]]
"""Of rows of `reports` (id, flags) those that a form reads, by id."""
_loaders: list[Load] = []


def hand_down(load: Load) -> None:
    """Let form reports be read by `load` from now on; the last one counts."""
    _loaders[:] = [load]


async def with_forms(conn: Conn, rows: Sequence[DictRow]) -> list[DictRow]:
    """Rows of `reports` (id, channel, flags …), those of forms with what reads them."""
    asked = [row for row in rows if row["channel"] == CHANNEL]
    if not asked or not _loaders:
        return list(rows)
    found = await _loaders[0](conn, asked)
    return [{**row, SAYS: found[row["id"]]} if row["id"] in found else row for row in rows]


def may_say(answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answers as far as they may be used: nothing of whoever refused consent."""
    return SILENT if answers.get("consent") is False else answers


def is_silent(answers: Mapping[str, Any]) -> bool:
    """Whether nothing may be made of a report, not of its words and not of its place either."""
    return bool(answers.get("silent"))
