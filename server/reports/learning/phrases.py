"""The phrases that teach the base model: messages written for this project by five hands, labelled by READING's rules.

`phrases/<writer>-<number>.tsv`, one message a line. The files are read strictly: a code that nobody knows, or labels
that contradict each other, would teach something wrong in silence.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from server.places.names import normalise
from server.reports.learning import labels

FOLDER: Final = Path(__file__).parent / "phrases"
COLUMNS: Final = ("kind", "incidents", "needs", "offers", "vulnerable", "urgency", "text")
_GROUPS: Final = {"incidents": "incident", "needs": "need", "offers": "offer", "vulnerable": "vulnerable"}
_MOST_CHARS: Final = 4000


class BadPhrase(ValueError):
    """A line that cannot teach; the text says which file, which line and why."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One message, what is true of it, and by whom it was written."""

    text: str
    labels: frozenset[str]
    writer: str
    tuned: bool = False
    """The rules were tuned on it: what they find in it says nothing of what they find in others."""


def every(folder: Path = FOLDER) -> list[Phrase]:
    """Return all phrases, by file and line; of one message written twice the first. Raises BadPhrase."""
    found: dict[str, Phrase] = {}
    for path in sorted(folder.glob("*.tsv")):
        for phrase in _of_file(path):
            found.setdefault(normalise(phrase.text), phrase)
    return list(found.values())


def tuned_gold(paths: Iterable[Path]) -> list[Phrase]:
    """Return the gold messages that the rules were tuned on; those held out are passed over unseen."""
    found = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            case: dict[str, Any] = json.loads(line) if line.strip() else {"held": True}
            if not case["held"]:
                found.append(Phrase(case["text"], labels.of_gold(case), path.stem, tuned=True))
    return found


def _of_file(path: Path) -> Iterator[Phrase]:
    writer = path.stem.rpartition("-")[0] or path.stem
    lines = path.read_text(encoding="utf-8").split("\n")
    if tuple(lines[0].split("\t")) != COLUMNS:
        raise BadPhrase(f"{path.name}: the first line must name {', '.join(COLUMNS)}")
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            try:
                text, found = parsed(line.split("\t"))
            except BadPhrase as bad:
                raise BadPhrase(f"{path.name}, line {number}: {bad}") from None
            yield Phrase(text, found, writer)


def parsed(cells: Sequence[str]) -> tuple[str, frozenset[str]]:
    """Return text and labels of a line's cells. Raises BadPhrase."""
    if len(cells) != len(COLUMNS):
        raise BadPhrase(f"{len(cells)} columns instead of {len(COLUMNS)}")
    row = dict(zip(COLUMNS, cells, strict=True))
    if not row["text"].strip() or len(row["text"]) > _MOST_CHARS:
        raise BadPhrase("no text, or too long a one")
    found = [f"{part}.{row[part]}" for part in ("kind", "urgency")]
    found += [f"{group}.{code}" for part, group in _GROUPS.items() for code in row[part].split(",") if row[part]]
    unknown = [label for label in found if not labels.known(label)]
    if unknown:
        raise BadPhrase(f"unknown: {', '.join(unknown)}")
    if len(set(found)) < len(found):
        raise BadPhrase("a code stands twice")
    _agree(row)
    return row["text"], frozenset(found)


def _agree(row: dict[str, str]) -> None:
    """Refuse what cannot be true of one message: chatter with a code, an offer of nothing, offers that are none."""
    kind = row["kind"]
    if kind == "other" and any(row[part] for part in _GROUPS):
        raise BadPhrase("chatter bears no code")
    if kind == "offer" and (row["vulnerable"] or not row["offers"]):
        raise BadPhrase("an offer offers something, and endangers nobody")
    if kind != "offer" and row["offers"]:
        raise BadPhrase("what is no offer offers nothing")
    if kind in ("other", "offer") and row["urgency"] != "none":
        raise BadPhrase("an offer or chatter is never urgent")
