"""Checks of an XLSForm's cells that the converter does not make, each with its place.

A Persian digit in an expression (`. > ۵`) converts without a word and then fails, or silently never holds,
on the phone. So it is refused when the form is checked, and so are Persian punctuation marks where XPath
wants its own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from field_forms.bindings import COLUMN, cell_problem, parse_cell
from field_forms.problems import FormProblem

Rows = Sequence[Mapping[str, str]]

# Columns whose cells are XPath. `bind::relevant` and the older `bind:relevant` are the same column.
_XPATH_COLUMNS = frozenset(
    {"relevant", "relevance", "constraint", "calculation", "calculate", "choice_filter", "trigger"}
    | {"repeat_count", "count", "jr:count", "required", "read_only", "readonly"}
    | {"create_if", "update_if", "entity_id"}
)
_PREFIX = re.compile(r"\A(?:bind|body|control)::?", re.IGNORECASE)
_DIGIT = re.compile("[\u06f0-\u06f9\u0660-\u0669]")
_MARK = re.compile("[،؛٫٬×÷«»]")
_REFERENCE = re.compile(r"\$\{[^}]*\}")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
# A regular expression may well look for Persian digits: `regex(., '^[0-9۰-۹]+$')` is right.
_REGEX = re.compile(r"(regex\s*\([^'\"]*)(?:'[^']*'|\"[^\"]*\")")
_BROKEN_HEADER = re.compile(r"\Ainstance::?tag\Z", re.IGNORECASE)


def _column(header: str) -> str:
    return _PREFIX.sub("", header.strip().lower()).replace(" ", "_")


def _problem(sheet: str, row: int | None, column: str, code: str, fa: str, en: str) -> FormProblem:
    return FormProblem(sheet, row, column, code, fa, en)


def xpath_problem(cell: str) -> str | None:
    """The code of what is wrong with the characters of an XPath cell, or None."""
    bare = _REFERENCE.sub("", _REGEX.sub(r"\1''", cell))
    if _DIGIT.search(bare):
        return "xpath.persian_digits"
    return "xpath.persian_mark" if _MARK.search(_LITERAL.sub("''", bare)) else None


_XPATH_MESSAGES = {
    "xpath.persian_digits": (
        "رقم فارسی یا عربی در عبارت آمده است؛ رقم‌ها را لاتین بنویسید: {cell}",
        "The expression holds Persian or Arabic digits; write Latin ones: {cell}",
    ),
    "xpath.persian_mark": (
        "نشانهٔ نگارشی فارسی در عبارت آمده است؛ نشانهٔ لاتین بنویسید: {cell}",
        "The expression holds a Persian punctuation mark; write the Latin one: {cell}",
    ),
}


def check_xpath(sheet: str, rows: Rows) -> Iterable[FormProblem]:
    """Persian or Arabic digits and marks inside the expressions of one sheet."""
    for index, row in enumerate(rows):
        for header, cell in row.items():
            code = xpath_problem(cell) if _column(header) in _XPATH_COLUMNS else None
            if code:
                fa, en = (text.format(cell=cell[:120]) for text in _XPATH_MESSAGES[code])
                yield _problem(sheet, index + 2, header, code, fa, en)


def check_roles(rows: Rows) -> Iterable[FormProblem]:
    """Cells of the `hamyar` column that say nothing we know."""
    for index, row in enumerate(rows):
        cell = row.get(COLUMN) or ""
        parsed = parse_cell(cell) if cell.strip() else ()
        if isinstance(parsed, str):
            yield cell_problem(parsed, index + 2, cell)


def check_headers(sheet: str, rows: Rows) -> Iterable[FormProblem]:
    """Columns, filled in anywhere, on which the converter is known to break without saying where."""
    for header in {header: None for row in rows for header in row}:
        if _BROKEN_HEADER.match(header):
            yield _problem(
                sheet,
                1,
                header,
                "header.unsupported",
                f"ستون «{header}» پشتیبانی نمی‌شود؛ آن را بردارید.",
                f"The column '{header}' is not supported; remove it.",
            )


def check_codes(survey: Rows, choices: Rows, known: Mapping[str, frozenset[str]]) -> Iterable[FormProblem]:
    """Choices of a bound list, and codes in `need.quantity CODE`, that the taxonomy lacks.

    `known` holds codes by kind: `need`, `incident`.
    """
    lists: dict[str, str] = {}
    for index, row in enumerate(survey):
        cell = row.get(COLUMN) or ""
        parsed = parse_cell(cell) if cell.strip() else "empty"
        if isinstance(parsed, str):
            continue
        role, words = parsed
        kind = {"need.category": "need", "incident.category": "incident"}.get(role)
        asked = str(row.get("type", "")).split()
        if kind and len(asked) > 1:
            lists[asked[1]] = kind
        if role == "need.quantity" and words and words[0] not in known.get("need", frozenset((words[0],))):
            yield cell_problem("hamyar.unknown_code", index + 2, words[0])
    for index, choice in enumerate(choices):
        kind = lists.get(choice.get("list_name") or choice.get("list name") or "")
        name = choice.get("name") or choice.get("value")
        if kind and name and name not in known.get(kind, frozenset((name,))):
            yield cell_problem("hamyar.unknown_code", index + 2, str(name), "choices", "name")
