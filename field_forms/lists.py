"""The lists that forms choose from, as files on the phone: which columns they have, and how they are written. Pure.

A form names such a file in its `type` column (`select_one_from_file items.csv`); Collect gets it with the form, by
the manifest, and again whenever its hash changes. Column `name` is the answer, `label` what a person reads; a file
has one label for all languages, so it holds Persian and English together. A list of entities is
`{dataset}.csv` (https://docs.getodk.org/entities-intro/): Collect adds to it what the phone itself has registered.
"""

import csv
import io
from collections.abc import Iterable, Mapping

LISTS: Mapping[str, tuple[str, ...]] = {
    "items.csv": ("name", "label", "unit", "unit_label", "category"),
    "centres.csv": ("name", "label"),
    "shelters.csv": ("name", "label"),
    "places.csv": ("name", "label", "province"),
    "tasks.csv": ("name", "label", "category"),
    "needs.csv": ("name", "label", "category"),
}
"""File → its columns. `name` is the code of the record, never its internal id."""
ENTITY_LISTS: Mapping[str, tuple[str, ...]] = {"households": ("card", "place", "people", "infants")}
"""Lists of entities that the built-in forms make → their properties (beside what every such file has)."""
_SPLIT = str.maketrans(dict.fromkeys("\r\n\t\0", " "))


def both(fa: str, en: str) -> str:
    """One label in two languages, Persian first; no more than one when they are the same."""
    return fa if not en or fa == en else f"{fa} | {en}" if fa else en


def write_list(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """A list as Collect reads it: UTF-8, a header, one line a record; a missing value is empty."""
    header = list(columns)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            [str(row[column]).translate(_SPLIT) if row.get(column) is not None else "" for column in header]
        )
    return out.getvalue().encode()
