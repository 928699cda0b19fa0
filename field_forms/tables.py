"""Any form's submissions as flat tables: one for the form, one for each repeat, whatever its versions asked. Pure.

A row of the form's table is one submission; a row of a repeat's table is one round of it, tied to its parent by
`_row` and `_parent`, which are the paths of the rounds within the submission (`kid[2]`). Nothing is lost: an
answer for which no version of the form has a question is named, with its path, in the last column.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from field_forms.openrosa import GeoPoint, Instance, parse_geopoint, parse_number, plain

Cell = str | int | float | None
MAX_UNPLANNED = 20_000
"""Characters of answers without a question shown for one submission."""
POINT = ("latitude", "longitude", "altitude", "accuracy")
OWN = ("_submission", "_row", "_parent")
UNPLANNED = "_other"
_NUMBERS = frozenset({"integer", "int", "decimal", "range"})
_POINTS = frozenset({"geopoint", "gps", "location", "start-geopoint"})
_LINES = frozenset({"geotrace"})
_AREAS = frozenset({"geoshape"})
_SILENT = frozenset({"note", "start-group"})
_RING = 4
_LINE = 2
MAX_EXACT = 2**53


class Question(Protocol):
    """What a table needs of a question; `bindings.Binding` is one."""

    @property
    def path(self) -> str:
        """Path without indexes."""

    @property
    def kind(self) -> str:
        """Its type, as XLSForm or pyxform calls it."""

    @property
    def repeat(self) -> str | None:
        """Path of the nearest repeat around it."""

    @property
    def label(self) -> Mapping[str, str]:
        """Texts by language code."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: `part` is the share of a point that it shows, `name` its header (unique in the table)."""

    name: str
    path: str
    kind: str
    part: int | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: `path` is None for the form's own, else the repeat's."""

    name: str
    path: str | None
    columns: tuple[Column, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers of all cells of a row."""
        own = OWN if self.path else OWN[:1]
        return (*own, *(column.name for column in self.columns), *(() if self.path else (UNPLANNED,)))


@dataclass(frozen=True, slots=True)
class Plan:
    """The tables of a form, its own first."""

    tables: tuple[Table, ...]
    repeats: tuple[str, ...]

    def index(self, path: str | None) -> int:
        """The place of a repeat's table."""
        return next(number for number, table in enumerate(self.tables) if table.path == path)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of `plan.tables[table]`, as many cells as its headers."""

    table: int
    cells: tuple[Cell, ...]


@dataclass(slots=True)
class _Making:
    questions: dict[str, Question] = field(default_factory=dict)


def plan(versions: Iterable[tuple[Sequence[Question], Sequence[str]]], language: str = "fa") -> Plan:
    """The tables of a form from the questions and repeats of its versions, the newest first.

    A question that moved keeps a column for each of its paths. `language` chooses the labels.
    """
    made: dict[str | None, _Making] = {None: _Making()}
    for questions, repeats in versions:
        for path in repeats:
            made.setdefault(path, _Making())
        for question in questions:
            home = made.setdefault(question.repeat, _Making())
            if question.kind not in _SILENT:
                home.questions.setdefault(question.path, question)
    taken: set[str] = set()
    tables = [
        Table(_unique(_last(path) if path else "submissions", taken), path, _columns(path, held, language))
        for path, held in made.items()
    ]
    return Plan(tuple(tables), tuple(path for path in made if path))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _unique(name: str, taken: set[str]) -> str:
    number, wanted = 2, name
    while name.lower() in taken:
        name, number = f"{wanted}_{number}", number + 1
    taken.add(name.lower())
    return name


def _columns(repeat: str | None, held: _Making, language: str) -> tuple[Column, ...]:
    taken = {name.lower() for name in (*OWN, UNPLANNED)}
    found: list[Column] = []
    for path, question in held.questions.items():
        inside = path.removeprefix(f"{repeat}/") if repeat else path.strip("/").partition("/")[2]
        name = _unique(inside or path, taken)
        said = question.label.get(language) or question.label.get("") or next(iter(question.label.values()), "")
        if question.kind in _POINTS:
            found += [
                Column(_unique(f"{name}-{part}", taken), path, question.kind, number, said)
                for number, part in enumerate(POINT)
            ]
        else:
            found.append(Column(name, path, question.kind, None, said))
    return tuple(found)


def rows(instance: Instance, key: str, by: Plan) -> Iterator[Row]:
    """The rows of one submission, its own first, then the rounds of its repeats in order. `key` names it."""
    rounds: dict[str, dict[str, str]] = {}
    kept: dict[str, str] = {}
    known = {column.path for table in by.tables for column in table.columns}
    repeats, other = frozenset(by.repeats), []
    for path, value in instance.fields.items():
        bare = plain(path)
        around = _round(path, repeats)
        if around:
            _open(around, repeats, rounds)
        if bare in known:
            (rounds[around] if around else kept)[bare] = value
        elif value and bare not in repeats:
            other.append(f"{path}={value}")
    rest = "\n".join(other)[:MAX_UNPLANNED]
    yield Row(0, (key, *_cells(kept, by.tables[0].columns), rest or None))
    for around, values in rounds.items():
        number = by.index(plain(around))
        parent = _round(around.rpartition("/")[0], repeats)
        yield Row(number, (key, around, parent, *_cells(values, by.tables[number].columns)))


def _open(around: str, repeats: frozenset[str], rounds: dict[str, dict[str, str]]) -> None:
    """Give a round its row, after the rounds around it."""
    if around in rounds:
        return
    outer = _round(around.rpartition("/")[0], repeats)
    if outer:
        _open(outer, repeats, rounds)
    rounds[around] = {}


def _round(path: str, repeats: frozenset[str]) -> str | None:
    """The innermost round of a repeat around (or at) a path, with its indexes."""
    while path:
        if plain(path) in repeats:
            return path
        path = path.rpartition("/")[0]
    return None


def _cells(values: Mapping[str, str], columns: Iterable[Column]) -> Iterator[Cell]:
    for column in columns:
        value = values.get(column.path, "")
        yield _cell(value, column) if value else None


def _cell(value: str, column: Column) -> Cell:
    """A number where the question asks for one and the answer is one, else the answer as it was sent."""
    if column.part is not None:
        point = parse_geopoint(value)
        if not isinstance(point, GeoPoint):
            return value if column.part == 0 else None
        return (point.lat, point.lon, point.altitude_m, point.accuracy_m)[column.part]
    if column.kind in _NUMBERS:
        number = parse_number(value)
        if number is not None and abs(number) < MAX_EXACT:
            return int(number) if number == int(number) else number
    return value


def geometry(value: str, kind: str) -> dict[str, object] | None:
    """An answer as a GeoJSON geometry (RFC 7946: longitude first), or None where it is no place on earth."""
    if kind in _POINTS:
        point = parse_geopoint(value)
        return {"type": "Point", "coordinates": [point.lon, point.lat]} if isinstance(point, GeoPoint) else None
    if kind not in _LINES | _AREAS:
        return None
    points = [parse_geopoint(part) for part in value.split(";") if part.strip()]
    line = [[point.lon, point.lat] for point in points if isinstance(point, GeoPoint)]
    if len(line) != len(points) or len(line) < _LINE:
        return None
    if kind in _LINES:
        return {"type": "LineString", "coordinates": line}
    ring = line if line[0] == line[-1] else [*line, line[0]]
    return {"type": "Polygon", "coordinates": [ring]} if len(ring) >= _RING else None


def features(instance: Instance, key: str, by: Plan) -> Iterator[dict[str, object]]:
    """One GeoJSON feature a place answered in a submission; one without a place when it has none."""
    flat = next(rows(instance, key, by))
    headers = by.tables[0].headers
    said = {name: cell for name, cell in zip(headers, flat.cells, strict=True) if cell is not None}
    kinds = {column.path: column.kind for table in by.tables for column in table.columns}
    found = False
    for path, value in instance.fields.items():
        place = geometry(value, kinds.get(plain(path), "")) if value else None
        if place:
            found = True
            yield {"type": "Feature", "geometry": place, "properties": {**said, "_question": path}}
    if not found:
        yield {"type": "Feature", "geometry": None, "properties": said}
