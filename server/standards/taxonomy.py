"""The codes every report, incident, need and offer is filed under, with their labels in Persian and English.

Pure: the table is `taxonomy.csv` beside this file, read once at import. No database, no framework.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

Kind = Literal["incident", "need", "offer", "other"]
Lang = Literal["fa", "en"]


@dataclass(frozen=True, slots=True)
class Category:
    """One row of the taxonomy."""

    kind: str
    code: str
    cluster: str
    label_en: str
    label_fa: str

    def label(self, lang: Lang = "fa") -> str:
        """Return the label in Persian (`fa`) or English (`en`)."""
        return self.label_en if lang == "en" else self.label_fa


def _load() -> tuple[Category, ...]:
    text = files(__package__).joinpath("taxonomy.csv").read_text(encoding="utf-8")
    return tuple(Category(**row) for row in csv.DictReader(text.splitlines()))


def _of(kind: Kind) -> Mapping[str, Category]:
    return MappingProxyType({c.code: c for c in CATEGORIES if c.kind == kind})


CATEGORIES: tuple[Category, ...] = _load()
INCIDENTS: Mapping[str, Category] = _of("incident")
NEEDS: Mapping[str, Category] = _of("need")
OFFERS: Mapping[str, Category] = _of("offer")
BY_CODE: Mapping[str, Category] = MappingProxyType({c.code: c for c in CATEGORIES})


def label(code: str, lang: Lang = "fa") -> str:
    """Return the label of a code in `lang`; an unknown code is returned as it is, so a page never breaks on it."""
    category = BY_CODE.get(code)
    return code if category is None else category.label(lang)
