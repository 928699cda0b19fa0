"""What tells one happening from its neighbours, as numbers and keyed hashes. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from server.reports.landmarks import MARK, SKETCH, SKETCH_BYTES

NUMBERS: Final = ("people", "households", "quantity")


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells one record from its neighbours: landmarks (hashed) by kind, and the numbers that its voices say."""

    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    numbers: Mapping[str, frozenset[float]] = field(default_factory=dict)
    _known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What has been worked out once: a record is compared with many reports."""

    def plus(self, other: "Signature") -> "Signature":
        """What both say together."""
        return Signature(_united(self.marks, other.marks), _united(self.numbers, other.numbers))

    @property
    def landmarks(self) -> "Signature":
        """The same without the sketches of whole messages."""
        if SKETCH not in self.marks:
            return self
        found: Signature | None = self._known.get("landmarks")
        if found is None:
            found = Signature({k: v for k, v in self.marks.items() if k != SKETCH}, self.numbers)
            self._known["landmarks"] = found
        return found

    @property
    def sketches(self) -> list[set[str]]:
        """The hashed rare words of each message, and its script."""
        if SKETCH not in self.marks:
            return []
        found: list[set[str]] | None = self._known.get("sketches")
        if found is None:
            step = SKETCH_BYTES * 2
            found = [
                {text[:1], *(text[i : i + step] for i in range(1, len(text), step))} for text in self.marks[SKETCH]
            ]
            self._known["sketches"] = found
        return found

    @property
    def marked(self) -> bool:
        """Whether any landmark is known."""
        return bool(self.marks)


NO_SIGNATURE: Final = Signature()


def signature(fields: Iterable[tuple[str, Any]]) -> Signature:
    """The signature of (field, value) pairs, as a link's `said` or a record's counts hold them."""
    marks: dict[str, set[str]] = {}
    numbers: dict[str, set[float]] = {}
    for name, value in fields:
        if name.startswith(MARK):
            kind, _, key = name[len(MARK) :].partition(":")
            marks.setdefault(kind, set()).add(key)
        elif name in NUMBERS:
            number = value[0] if isinstance(value, list | tuple) else value
            if isinstance(number, int | float):
                numbers.setdefault(name, set()).add(float(number))
    return Signature({k: frozenset(v) for k, v in marks.items()}, {k: frozenset(v) for k, v in numbers.items()})


def _united(one: Mapping[str, frozenset[Any]], other: Mapping[str, frozenset[Any]]) -> dict[str, frozenset[Any]]:
    return {k: one.get(k, frozenset()) | other.get(k, frozenset()) for k in {*one, *other}}
