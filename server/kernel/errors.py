"""Problems (RFC 9457): a stable code, typed fields, text in Persian and English."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

JsonValue = Any


@dataclass(eq=False)
class Problem(Exception):
    """An error a caller can act on. `code` is stable (`lease.lost`), `extra` goes into the answer as it is."""

    status: int
    code: str
    en: str
    fa: str
    fields: list[dict[str, str]] = field(default_factory=list)
    extra: dict[str, JsonValue] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.code)

    def body(self, lang: str = "en") -> dict[str, JsonValue]:
        """The problem document; `title` in the reader's language, both texts beside it."""
        body: dict[str, JsonValue] = {
            "type": f"urn:hamyar:problem:{self.code}",
            "title": self.fa if lang == "fa" else self.en,
            "status": self.status,
            "code": self.code,
            "title_fa": self.fa,
            "title_en": self.en,
        }
        if self.fields:
            body["errors"] = self.fields
        return body | self.extra


def not_found(what: str = "record") -> Problem:
    """404: no such thing, or not for this reader."""
    return Problem(
        404,
        "not_found",
        f"No such {what}, or it is not yours to see.",
        "چنین موردی نیست یا دیدن آن برای شما مجاز نیست.",
    )


def bad_request(code: str, en: str, fa: str, **extra: JsonValue) -> Problem:
    """400 with a code of the slice's own."""
    return Problem(400, code, en, fa, extra=extra)


def stale(current: Mapping[str, JsonValue]) -> Problem:
    """412: somebody else changed the record first; `current` is what it is now."""
    return Problem(
        412,
        "edit.conflict",
        "Someone changed this record before you. Look at their version.",
        "پیش از شما کسی این مورد را تغییر داده است. نسخهٔ او را ببینید.",
        extra={"current": dict(current)},
    )


CONSTRAINTS: dict[str, Callable[[], Problem]] = {}
"""Which problem a broken constraint of the database means; slices add theirs when they are imported."""


def constraint_problem(name: str | None) -> Problem:
    """The problem of a broken constraint, or a plain 409 that names it."""
    make = CONSTRAINTS.get(name or "")
    if make:
        return make()
    return Problem(
        409,
        "constraint",
        "The database refused this: it breaks a rule.",
        "پایگاه داده این را نپذیرفت: با یک قاعده نمی‌خواند.",
        extra={"constraint": name},
    )
