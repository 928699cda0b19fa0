"""What is wrong with a form, where, and how to say it in Persian and English.

pyxform reports one problem at a time, as English prose with the place inside the sentence. This module
takes the place out again (sheet, row, column), gives every kind of problem a stable code, and says it in
Persian too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache

MAX_MESSAGE = 600
"""A form can put its own long text into a message; what is shown is cut here (characters)."""

_ROW = re.compile(r"\[\s*row\s*:\s*(\d+)\s*\]", re.IGNORECASE)
_SHEET = re.compile(r"the '(survey|choices|settings|entities|external_choices|osm)' sheet")
_SHEET_HEADERS = re.compile(r"for sheet: '(\w+)'")
_COLUMN = re.compile(r"the '([^']{1,80})' value")
_LIST = re.compile(r"List name not in choices sheet: (?P<value>.+)")
_TYPE = re.compile(r"Unknown question type '(?P<value>[^']*)'")
_DUPLICATE = re.compile(r"Duplicate column header: (?P<value>.+)")
_FIELD = re.compile(r"\{(\w+)\}")

# Kinds that pyxform gives no code of its own: pattern, our code, sheet, column.
_UNCODED: tuple[tuple[re.Pattern[str], str, str | None, str | None], ...] = (
    (_LIST, "list.missing", "survey", "type"),
    (_TYPE, "type.unknown", "survey", "type"),
    (_DUPLICATE, "header.duplicate", None, None),
    (re.compile(r"This section has not been included"), "include.unsupported", "survey", "type"),
    (re.compile(r"was not recognized as a supported type"), "file.unreadable", None, None),
    (re.compile(r"should be an? (?P<value>(?:external_)?choices) sheet"), "choices.missing", "choices", None),
    (re.compile(r"must have a sheet named:? .?survey", re.IGNORECASE), "survey.missing", "survey", None),
    (re.compile(r"Language '(?P<value>[^']*)' is missing"), "translation.missing", None, None),
    (re.compile(r"machine-readable codes: (?P<value>[^.]*)\."), "language.code", None, None),
    (re.compile(r"Use the max-pixels parameter"), "image.size", "survey", "parameters"),
    (re.compile(r"This form uses or_other and translations"), "or_other.untranslated", "survey", "type"),
)

_PERSIAN: Mapping[str, str] = {
    "list.missing": "فهرست گزینه‌ها در برگهٔ choices نیست: {value}",
    "type.unknown": "نوع پرسش شناخته نیست: {value}",
    "header.duplicate": "نام یک ستون دو بار آمده است: {value}",
    "include.unsupported": "سطر include پشتیبانی نمی‌شود؛ آن بخش را در همین پرونده بنویسید.",
    "file.unreadable": "این پرونده یک فرم XLSForm خوانا نیست.",
    "choices.missing": "برگهٔ {value} پیدا نشد؛ فهرست گزینه‌ها آنجا با ستون‌های list_name، name و label می‌آید.",
    "survey.missing": "برگهٔ survey پیدا نشد.",
    "translation.missing": "برگردان زبان «{value}» کامل نیست؛ به جای متن، خط تیره دیده می‌شود.",
    "language.code": "زبان را با کد دوحرفی بنویسید، مانند «فارسی (fa)»: {value}",
    "image.size": "اندازهٔ عکس را با max-pixels محدود کنید تا زودتر فرستاده شود.",
    "or_other.untranslated": "or_other برگردان ندارد؛ گزینهٔ «دیگر» را خودتان بنویسید.",
    "pyxform.names_001": "نام «{value}» در همین گروه تکراری است.",
    "pyxform.names_002": "نام «{value}» فقط در بزرگی و کوچکی حروف با نام دیگری فرق دارد.",
    "pyxform.names_005": "نام meta برای خود فرم نگه داشته شده است؛ نام دیگری بدهید.",
    "pyxform.names_006": "گزینه نام ندارد.",
    "pyxform.names_007": "نام گزینه‌ها در هر فهرست باید یکتا باشد.",
    "pyxform.names_008": "نام باید با حرف یا زیرخط آغاز شود و فاصله نداشته باشد.",
    "pyxform.label_001": "گزینه برچسب ندارد.",
    "pyxform.pyref_003": "ارجاع به «{q}»: چنین نامی در برگهٔ survey نیست.",
    "pyxform.header_002": "دو ستون یک معنا دارند: {other} و {header}. یکی را بردارید.",
    "pyxform.header_003": "ستون لازم پیدا نشد: {missing}",
    "pyxform.survey_001": "پایان گروه «{name}» آغازی ندارد.",
    "pyxform.survey_002": "گروه «{name}» پایان ندارد.",
}


@dataclass(frozen=True, slots=True)
class FormProblem:
    """One problem and its place; `row` as a spreadsheet numbers it (1 holds the headers), or None."""

    sheet: str | None
    row: int | None
    column: str | None
    code: str
    message_fa: str
    message_en: str

    def as_dict(self) -> dict[str, str | int | None]:
        """The problem as the command line and the API show it."""
        return asdict(self)


@cache
def _coded() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The message templates of pyxform as patterns, so that a formatted message gives its code back."""
    from pyxform.errors import ErrorCode

    found = []
    for error in ErrorCode:
        parts = _FIELD.split(error.value.msg)
        seen: set[str] = set()
        pattern = ""
        for index, part in enumerate(parts):
            if index % 2 == 0:
                pattern += re.escape(part)
            elif part in seen:
                pattern += ".*?"
            else:
                seen.add(part)
                pattern += f"(?P<{part}>.*?)"
        found.append((re.compile(pattern + r"\Z", re.DOTALL), f"pyxform.{error.name.lower()}"))
    return tuple(found)


def classify(message: str) -> tuple[str, dict[str, str], str | None, str | None]:
    """Code, captured values, sheet and column of a message of pyxform; unknown wording is `pyxform.other`."""
    for pattern, code, sheet, column in _UNCODED:
        match = pattern.search(message)
        if match:
            return code, {k: v.strip() for k, v in match.groupdict().items()}, sheet, column
    for pattern, code in _coded():
        match = pattern.fullmatch(message)
        if match:
            return code, {k: v for k, v in match.groupdict().items() if v is not None}, None, None
    return "pyxform.other", {}, None, None


def _where_fa(sheet: str | None, row: int | None, column: str | None) -> str:
    parts = [f"برگهٔ {sheet}"] if sheet else []
    parts += [f"سطر {row}"] if row else []
    parts += [f"ستون {column}"] if column else []
    return "، ".join(parts)


def from_pyxform(message: str, survey: Sequence[Mapping[str, str]] = ()) -> FormProblem:
    """A message of pyxform with its place, code and Persian text; `survey` finds the row it left out."""
    text = " ".join(message.split())[:MAX_MESSAGE]
    code, values, sheet, column = classify(text)
    row_match, sheet_match, column_match = _ROW.search(text), _SHEET.search(text), _COLUMN.search(text)
    row = int(row_match.group(1)) if row_match else None
    if sheet_match:
        sheet = sheet_match.group(1)
    elif header_match := _SHEET_HEADERS.search(text):
        sheet, row = header_match.group(1), 1
    if column_match:
        column = column_match.group(1)
    if code == "header.duplicate":
        row, column = 1, values.get("value")
    if row is not None and sheet is None and code != "header.duplicate":
        sheet = "survey"  # pyxform names the sheet whenever it is another one
    if row is None and code in {"type.unknown", "include.unsupported"}:
        row = _row_of_type(survey, values.get("value", "include"))
    where = _where_fa(sheet, row, column)
    template = _PERSIAN.get(code)
    said = template.format_map(_Defaults(values)) if template else "این بخش درست نیست؛ متن انگلیسی را ببینید."
    return FormProblem(sheet, row, column, code, f"{where}: {said}" if where else said, text)


def placed(problem: FormProblem, sheet: str | None) -> FormProblem:
    """The same problem, in the sheet where it was found."""
    if sheet is None:
        return problem
    bare = problem.message_fa.partition(": ")[2]
    where = _where_fa(sheet, problem.row, problem.column)
    return replace(problem, sheet=sheet, message_fa=f"{where}: {bare}")


class _Defaults(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "؟"


def _row_of_type(survey: Sequence[Mapping[str, str]], wanted: str) -> int | None:
    for index, row in enumerate(survey):
        if str(row.get("type", "")).strip().lower() == wanted.lower():
            return index + 2
    return None
