"""Checks of an XLSForm's cells that the converter does not make, each with its place.

A Persian digit in an expression (`. > ۵`) converts without a word and then fails, or silently never holds,
on the phone. So it is refused when the form is checked, and so are Persian punctuation marks where XPath
wants its own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from field_forms.bindings import COLUMN, cell_problem, parse_cell
from field_forms.problems import FormProblem
from field_forms.roles import FIXED, ROLES, family

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
# A regular expression may well look for Persian digits: `regex(., '^[0-9۰-۹]+$')` is right, and so is
# `translate(., '۰۱۲۳۴۵۶۷۸۹', '0123456789')`, which makes Latin ones of them.
_REGEX = re.compile(r"(regex\s*\([^'\"]*)(?:'[^']*'|\"[^\"]*\")")
_TRANSLATE = re.compile(r"(translate\s*\([^'\"]*)(?:'[^']*'|\"[^\"]*\")\s*,\s*(?:'[^']*'|\"[^\"]*\")")
_TAXONOMY_OF = {"need.category": "need", "followup.category": "need", "incident.category": "incident"}
_BROKEN_HEADER = re.compile(r"\Ainstance::?tag\Z", re.IGNORECASE)


def _column(header: str) -> str:
    return _PREFIX.sub("", header.strip().lower()).replace(" ", "_")


def _problem(sheet: str, row: int | None, column: str, code: str, fa: str, en: str) -> FormProblem:
    return FormProblem(sheet, row, column, code, fa, en)


def xpath_problem(cell: str) -> str | None:
    """The code of what is wrong with the characters of an XPath cell, or None."""
    bare = _REFERENCE.sub("", _TRANSLATE.sub(r"\1''", _REGEX.sub(r"\1''", cell)))
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


def _bound(rows: Rows) -> list[tuple[int, Mapping[str, str], str, tuple[str, ...]]]:
    """Row number, row, role and words of every `hamyar` cell that is well written."""
    found = []
    for index, row in enumerate(rows):
        cell = row.get(COLUMN) or ""
        parsed = parse_cell(cell) if cell.strip() else ""
        if not isinstance(parsed, str):
            found.append((index + 2, row, *parsed))
    return found


def check_roles(rows: Rows) -> Iterable[FormProblem]:
    """Cells of the `hamyar` column that say nothing we know, or say it of a question that cannot answer so."""
    for index, row in enumerate(rows):
        cell = row.get(COLUMN) or ""
        parsed = parse_cell(cell) if cell.strip() else ()
        if isinstance(parsed, str):
            yield cell_problem(parsed, index + 2, cell)
    bound = _bound(rows)
    roles = {role for _, _, role, _ in bound}
    for number, row, role, words in bound:
        kind, spec = str(row.get("type", "")), ROLES[role]
        sort = family(kind)
        fixed = role in FIXED and bool(words)
        grouped = sort == "group" and spec.families is None and bool(spec.codes) and not fixed
        if grouped or (spec.families is not None and sort is not None and sort not in spec.families):
            yield cell_problem("hamyar.wrong_type", number, kind, column="type", role=role)
        if spec.beside and not roles.intersection(spec.beside):
            yield cell_problem("hamyar.alone", number, role, role=role, codes=spec.beside)


def check_choices(survey: Rows, choices: Rows) -> Iterable[FormProblem]:
    """Choices of a list that is bound to a role with words of its own, and that are none of those words."""
    lists: dict[str, str] = {}
    for _, row, role, words in _bound(survey):
        asked = str(row.get("type", "")).split()
        if ROLES[role].codes and not words and family(str(row.get("type", ""))) == "select" and len(asked) > 1:
            lists[asked[1]] = role
    for index, choice in enumerate(choices):
        bound = lists.get(choice.get("list_name") or choice.get("list name") or "")
        name = str(choice.get("name") or choice.get("value") or "")
        if bound and name and name not in ROLES[bound].codes:
            codes = ROLES[bound].codes
            yield cell_problem("hamyar.unknown_choice", index + 2, name, "choices", "name", bound, codes)


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
    for number, row, role, words in _bound(survey):
        kind = _TAXONOMY_OF.get(role)
        asked = str(row.get("type", "")).split()
        if kind and len(asked) > 1:
            lists[asked[1]] = kind
        if role == "need.quantity" and words and words[0] not in known.get("need", frozenset((words[0],))):
            yield cell_problem("hamyar.unknown_code", number, words[0])
    for index, choice in enumerate(choices):
        kind = lists.get(choice.get("list_name") or choice.get("list name") or "")
        name = choice.get("name") or choice.get("value")
        if kind and name and name not in known.get(kind, frozenset((name,))):
            yield cell_problem("hamyar.unknown_code", index + 2, str(name), "choices", "name")
