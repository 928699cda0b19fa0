"""Putting messages into the outbox: sealed, once for each `dedupe_key`, in the caller's transaction.

A slice says what is told and to whom; when, by which gateway and whether at all is `messaging.sending`'s business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from server.access.context import Context
from server.access.sealing import Sealing
from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.messaging import outbox_queries as queries
from server.messaging import templates
from server.messaging.kinds import ANSWERING, KINDS, LIFE, NORMAL
from server.messaging.numbers import phone_number

TABLE: Final = "messages"
BELL: Final = "outbox"
"""What to ring after the commit: `await ring(ctx.redis, BELL)`. A lost ring costs a second."""
LIVES_S: Final[Mapping[str, int]] = {
    "receipt": 24 * 3600,
    "answer": 6 * 3600,
    "task": 2 * 3600,
    "alarm": 3600,
    "notice": 24 * 3600,
    "note": 24 * 3600,
}
"""How long a message of each kind is worth sending, in seconds, where its draft says nothing."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One message to be sent. `template` with `params` (codes, state words, counts), or `words` that a person wrote.

    `to`: a number as `numbers.normal_number` spells it. `dedupe_key` makes the message one for ever: ids and codes
    only, never a number (`receipt:<report id>`). `delay_s`: not before so long; `expires_s`: worthless after so
    long, both from the database's now; without the latter, `LIVES_S`. `priority`: LIFE 0, HIGH 1, NORMAL 2, LOW 3.
    """

    kind: str
    to: str
    template: str | None = None
    words: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    lang: str = "fa"
    priority: int = NORMAL
    dedupe_key: str | None = None
    report_id: UUID | None = None
    task_id: UUID | None = None
    emergency_id: UUID | None = None
    delay_s: float = 0.0
    expires_s: float | None = None


def to_hash(sealing: Sealing, number: str) -> bytes:
    """What tells receivers apart without naming them: the same value as a report's `sender_hash`."""
    return sealing.keyed_hash("sender", number)


def heeds_stop(kind: str, priority: int) -> bool:
    """Whether a message is kept from a number that said STOP: all but what saves a life or answers her own message."""
    return priority != LIFE and kind not in ANSWERING


async def put(conn: Conn, ctx: Context, drafts: Sequence[Draft]) -> list[UUID | None]:
    """Write messages down in the caller's transaction, in one statement; their ids in the order of `drafts`.

    None: the `dedupe_key` is known, from before or from an earlier draft, and nothing was written. A message to a
    number that said STOP (`stopped`) or to what is no telephone (`no_number`: a bank's name, a short number) is
    kept as `dropped`, so that it is seen and its key is taken. The caller commits, then rings `BELL`.
    """
    rows: list[dict[str, Any]] = []
    keys: set[str] = set()
    for place, draft in enumerate(drafts):
        if draft.dedupe_key is None or draft.dedupe_key not in keys:
            rows.append(_row(ctx, draft) | {"place": place})
        if draft.dedupe_key is not None:
            keys.add(draft.dedupe_key)
    if not rows:
        return []
    # One order for everybody: two batches that share keys cannot wait for each other in a circle.
    rows.sort(key=lambda row: (row["dedupe_key"] or "", row["id"]))
    written = await queries.insert_messages(conn, rows)
    by_place = {row["place"]: row["id"] for row in rows if row["id"] in written}
    return [by_place.get(place) for place in range(len(drafts))]


def _row(ctx: Context, draft: Draft) -> dict[str, Any]:
    """The columns of a new message; the number, and words that nobody else may read, leave here sealed."""
    if (draft.template is None) == (draft.words is None) or draft.kind not in KINDS:
        raise ValueError("a message has a known kind and either a template or words")
    lang = draft.lang if draft.lang in templates.LANGUAGES else templates.LANGUAGES[0]
    template, words = draft.template, draft.words
    if template is not None:
        rendered = templates.render(template, lang, draft.params)
        # A task's code is a key while it lives: a copy of the database must not hand it out.
        if template in templates.SECRET:
            template, words = None, rendered
    message_id = uuid7()
    record = ctx.sealing.new(TABLE, message_id)
    return {
        "id": message_id,
        "emergency_id": draft.emergency_id,
        "kind": draft.kind,
        "priority": draft.priority,
        "dedupe_key": draft.dedupe_key,
        "to_sealed": record.seal("to_sealed", draft.to),
        "to_hash": to_hash(ctx.sealing, draft.to),
        "lang": lang,
        "template": template,
        "params": dict(draft.params) if template else {},
        "words_sealed": record.seal("words_sealed", words),
        "report_id": draft.report_id,
        "task_id": draft.task_id,
        "reason": None if phone_number(draft.to, ctx.settings.country) else "no_number",
        "heeds_stop": heeds_stop(draft.kind, draft.priority),
        "delay_s": max(0.0, draft.delay_s),
        "expires_s": draft.expires_s if draft.expires_s is not None else draft.delay_s + LIVES_S[draft.kind],
        "sealing_key_id": record.key_id,
        "data_key_wrapped": record.wrapped,
    }
