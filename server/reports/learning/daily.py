"""Day by day: learning from what coordinators set right, in a process of its own that gives its memory back.

`python -m server.reports.learning.daily` learns when it is due. What people looked at and left alone counts as right,
or what stands would look worse than it is. The new model stands on the base model, if that speaks, and itself speaks
only if it reads better than what stands.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog
from psycopg.rows import DictRow

from server.access.context import Context, make_context
from server.access.sealing import Sealing
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.kernel.logs import configure
from server.kernel.settings import settings
from server.places import service as places
from server.places.names import normalise
from server.reports.content import text_of
from server.reports.intake import TABLE
from server.reports.learning import queries
from server.reports.reading import Reading, read
from server.reports.reading.model import Kind

if TYPE_CHECKING:
    from server.reports.learning.model import Model

log = structlog.get_logger("learning")
NAME: Final = "daily"
MANY: Final = 50
"""So many reports set right since the last time are enough to learn before a day is over."""
LEAST: Final = 30
MOST: Final = 20_000
LEFT_FOR_ONE: Final = 3
GAIN: Final = 0.01


class ByRules(Protocol):
    """Reads a message by the rules; its kind may be known."""

    def __call__(self, text: str, kind: Kind | None = None) -> Reading:
        """Read."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: figures only."""

    model: str
    lines: int
    new: float
    standing: float
    activated: bool


async def learn_if_due(ctx: Context, *, at_once: bool = False) -> Outcome | None:
    """Learn from the corrections there are, if it is time; None when it is not, or there is too little."""
    from server.reports.learning import store

    home = ctx.settings.home
    last = next((stored for stored in store.every(home) if stored.name == NAME), None)
    since = datetime.fromisoformat(last.card["made_at"]) if last else None
    async with ctx.db.tx() as conn:
        fresh = await queries.new_corrections(conn, since)
        if not at_once and not due(fresh, since, datetime.now(UTC)):
            return None
        rows = await queries.corrected(conn, MOST)
        rows += await queries.left(conn, LEFT_FOR_ONE * max(len(rows), 1))
    if len(rows) < LEAST:
        return None
    gazetteer = await places.gazetteer(ctx)

    def by_rules(text: str, kind: Kind | None = None) -> Reading:
        return read(text, gazetteer, kind=kind)

    outcome = await asyncio.to_thread(_learn, ctx.sealing, home, rows, by_rules)
    if outcome is not None:
        async with ctx.db.tx() as conn:
            await emit(conn, NewEvent("model.learnt", "model", uuid7(), data=_told(outcome)))
        log.info("model.learnt", **_told(outcome))
    return outcome


def due(fresh: int, since: datetime | None, now: datetime) -> bool:
    """Tell whether it is time: many new corrections, or some and a day has gone by."""
    return fresh >= MANY or (fresh > 0 and (since is None or now - since >= timedelta(days=1)))


def lines_of(sealing: Sealing, rows: Sequence[DictRow]) -> list[Any]:
    """Open the reports' words, here and nowhere else; a report that cannot be opened teaches nothing."""
    from server.reports.learning.corpus import Line
    from server.reports.learning.labels import of_gold

    lines = []
    for row in rows:
        try:
            record = sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))
            text = text_of(record.open("body_sealed", row["body_sealed"]) or b"", row["content_type"])
            if text.strip():
                lines.append(Line(text, of_gold(row["labels"]), normalise(text)))
        except Exception as error:  # noqa: BLE001 - one bad record never stops the others
            log.warning("model.line_unread", report=str(row["id"]), kind=type(error).__name__)
    return lines


def _learn(sealing: Sealing, home: Path, rows: Sequence[DictRow], by_rules: ByRules) -> Outcome | None:
    from server.reports.learning import store, training
    from server.reports.learning.corpus import Corpus
    from server.reports.learning.speaking import Helper, shipped

    lines = lines_of(sealing, rows)
    corpus = Corpus(lines=lines, asked=frozenset(label for line in lines for label in line.labels))
    alone = store.rules_alone(home)
    base = None if alone else shipped()
    helper = Helper(None, base)

    def as_it_stands(text: str) -> Reading:
        return helper.helped([text], [by_rules(text)], lambda _, kind: by_rules(text, kind))[0]

    try:
        learnt = training.learn(corpus, as_it_stands)
    except ValueError:
        return None
    rival = _standing(home)
    theirs = training.prepare(lines, by_rules) if rival and base and not rival.on_base else None
    new, old = training.against(learnt, rival, theirs)
    activated = bool(learnt.model.speaks) and new >= old + GAIN and not alone
    version = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    card = learnt.card | {"new": new, "standing": old, "on_base": base is not None}
    stored = store.save(home, NAME, version, training.arrays_of(learnt.model), card)
    if activated:
        store.activate(home, stored)
    store.forget(home, NAME, keep=10)
    return Outcome(f"{stored.name}@{stored.version}", len(lines), new, old, activated)


def _standing(home: Path) -> "Model | None":
    """Return the model learnt here that speaks now; None when none does, or none that can be used."""
    from server.reports.learning import store
    from server.reports.learning.model import opened

    standing = store.active(home)
    try:
        return opened(standing) if standing else None
    except store.BadModel:
        return None


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "lines": outcome.lines,
        "new": outcome.new,
        "standing": outcome.standing,
        "activated": outcome.activated,
    }


async def run() -> None:
    """Learn once, if it is due."""
    configure()
    ctx = await make_context(settings(), max_connections=2)
    try:
        await learn_if_due(ctx)
    finally:
        await ctx.close()


if __name__ == "__main__":
    os.nice(19)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    asyncio.run(run())
