"""Files to learn from, opened: gold-like JSONL, or the CSV of the multilingual disaster messages.

A line is a message, its labels and its group: what must not be torn between learning and checking (a message and its
original, copies of one text).
"""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

from server.places.names import normalise
from server.reports.learning import labels

Format = Literal["auto", "jsonl", "disaster"]
MOST_LINES: Final = 500_000
_MOST_CELL: Final = 1_000_000
_COLUMNS: Final = frozenset({"message", "labels"})


class NotAFile(ValueError):
    """A file that cannot be learnt from; the text says why, and holds none of its words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message with what is true of it."""

    text: str
    labels: frozenset[str]
    group: str
    part: str = ""


@dataclass(slots=True)
class Corpus:
    """What a file holds. `names` maps the labels of a foreign file to ours; `asked` are the labels it speaks about.

    `coarse`: its labels are wider than the taxonomy's codes (`labels.ALIKE`).
    """

    lines: list[Line] = field(default_factory=list)
    bad: int = 0
    names: dict[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    coarse: bool = False


def open_corpus(path: Path, form: Format = "auto") -> Corpus:
    """Read a file to learn from. Raises NotAFile when it is none, OSError when it cannot be read."""
    if form == "auto":
        form = "disaster" if _looks_like_csv(path) else "jsonl"
    corpus = _of_disaster(path) if form == "disaster" else _of_jsonl(path)
    if not corpus.lines:
        raise NotAFile("no line of it has a text and labels")
    return corpus


def _looks_like_csv(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(2000).lstrip(b"\xef\xbb\xbf \r\n")
    return not head.startswith(b"{") and b"message" in head.split(b"\n", 1)[0]


def _of_jsonl(path: Path) -> Corpus:
    corpus = Corpus()
    with path.open("rb") as stream:
        for raw in islice(stream, MOST_LINES):
            if raw.strip():
                line = _gold_line(raw)
                corpus.bad += line is None
                if line is not None:
                    corpus.lines.append(line)
    corpus.asked = frozenset(label for line in corpus.lines for label in line.labels)
    return corpus


def _gold_line(raw: bytes) -> Line | None:
    try:
        value: Any = json.loads(raw.decode("utf-8-sig"))
        if not isinstance(value, dict) or not isinstance(value.get("text"), str) or not value["text"].strip():
            return None
        return Line(value["text"], labels.of_gold(value), normalise(value["text"]), str(value.get("lang") or ""))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _of_disaster(path: Path) -> Corpus:
    csv.field_size_limit(_MOST_CELL)
    corpus = Corpus(coarse=True)
    said: set[str] = set()
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        reader = csv.DictReader(stream)
        if not set(reader.fieldnames or ()) >= _COLUMNS:
            raise NotAFile("columns message and labels are missing")
        for row in islice(_rows(reader), MOST_LINES):
            names = [name.strip() for name in (row.get("labels") or "").split(";")]
            said.update(name for name in names if name)
            new = list(_texts(row, labels.of_disaster(names)))
            corpus.lines.extend(new)
            corpus.bad += not new
    corpus.names = {name: next(iter(labels.of_disaster([name]))) for name in sorted(said)}
    corpus.asked = frozenset(corpus.names.values())
    return corpus


def _rows(reader: "csv.DictReader[str]") -> Iterator[dict[str, Any]]:
    try:
        yield from reader
    except csv.Error as error:
        raise NotAFile("not a CSV") from error


def _texts(row: dict[str, Any], found: frozenset[str]) -> Iterable[Line]:
    """The English message and the words it was translated from: two lines of one group, of the same labels."""
    message, original = (str(row.get(name) or "").strip() for name in ("message", "original"))
    group = normalise(message) or normalise(original)
    genre = str(row.get("genre") or "")
    if message:
        yield Line(message, found, group, genre)
    if original and normalise(original) != group:
        yield Line(original, found, group, "original")
