"""XLSForm → XForm: compile a spreadsheet as a form that ODK Collect and the browser app can fill in.

The work of converting is pyxform's. Around it: limits against hostile files, the checks of `checks.py`, every
problem with its place, and the sidecar of `bindings.py` that ties answers to the model. Nothing here raises
on bad input: a form that cannot be compiled comes back with `ok` false and its problems.
"""

import hashlib
import io
import re
import warnings as python_warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from field_forms import bindings as binding
from field_forms import checks
from field_forms.problems import FormProblem, from_pyxform, placed

if TYPE_CHECKING:
    from pyxform.xls2json_backends import DefinitionData

FILE_TYPES = (".xlsx", ".xlsm", ".xls", ".csv", ".md")
MAX_BYTES = 20 * 1024 * 1024
"""Largest workbook read, packed. The largest real form seen holds under one megabyte."""
MAX_UNPACKED = 200 * 1024 * 1024
"""Largest sum of unpacked members of a workbook; beyond it the file is taken for a zip bomb."""
MAX_MEMBERS = 2_000

_TITLE = re.compile(r"\A(?:set_)?form_title::?\s*(.+)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CompiledForm:
    """A form ready to publish, or (`ok` false, `xml` empty) the reasons why it is not.

    `hash` is OpenRosa's: `md5:` and the MD5 of `xml` in hex. `titles` holds the title by language code; the
    key `""` is the title written without a language. `languages` are the names as the sheet writes them,
    default first. `itemsets` is the CSV of external choices, served as `itemsets.csv`.
    """

    form_id: str = ""
    version: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    xml: bytes = b""
    languages: tuple[str, ...] = ()
    hash: str = ""
    bindings: binding.Bindings = field(default_factory=lambda: binding.Bindings((), (), ()))
    itemsets: bytes | None = None
    problems: tuple[FormProblem, ...] = ()
    warnings: tuple[FormProblem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the form may be published."""
        return bool(self.xml) and not self.problems

    def title(self, language: str = "fa") -> str:
        """The title in a language, else the title without one, else any, else the form's id."""
        return self.titles.get(language) or self.titles.get("") or next(iter(self.titles.values()), self.form_id)


def compile_form(
    data: bytes, file_type: str, known: Mapping[str, frozenset[str]] | None = None, stem: str | None = None
) -> CompiledForm:
    """Compile an XLSForm.

    `file_type` is the file's suffix (`.xlsx`, `.xls`, `.xlsm`, `.csv`, `.md`; dot and case do not matter).
    `known` holds taxonomy codes by kind (`need`, `incident`), against which bound choices are checked when
    it is given. `stem`, the file's name without suffix, stands in for a form id that the settings sheet
    lacks.
    """
    from pyxform.errors import PyXFormError
    from pyxform.xls2json_backends import get_xlsform

    suffix = "." + file_type.lower().lstrip(".")
    refusal = _refusal(data, suffix)
    if refusal:
        return CompiledForm(problems=(refusal,))
    sheets: DefinitionData | None = None
    found: list[FormProblem] = []
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")  # openpyxl remarks on styles and extensions that no form needs
            sheets = get_xlsform(data, file_type=suffix)
            found = _check(sheets, known)
            return _compile(sheets, stem, found)
    except PyXFormError as error:
        problem = from_pyxform(str(error), (sheets.survey if sheets else None) or ())
        if problem.code == "header.duplicate" and problem.sheet is None:
            problem = placed(problem, _sheet_of(data, suffix, problem.column or ""))
        found.append(problem)
    except Exception as error:  # noqa: BLE001 - whatever a library does with a hostile file, we answer
        if not any(problem.code == "header.unsupported" for problem in found):
            found.append(_internal(error, read=sheets is not None))
    return CompiledForm(problems=tuple(found))


def _refusal(data: bytes, suffix: str) -> FormProblem | None:
    """Why a file is not even opened, or None."""
    if suffix not in FILE_TYPES:
        return FormProblem(
            None,
            None,
            None,
            "file.type",
            "این نوع پرونده خوانده نمی‌شود.",
            f"Not one of {', '.join(FILE_TYPES)}.",
        )
    if len(data) > MAX_BYTES:
        return _too_large()
    if suffix in {".xlsx", ".xlsm"}:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
            return FormProblem(
                None,
                None,
                None,
                "file.unreadable",
                "این پرونده یک کارپوشهٔ اکسل خوانا نیست.",
                "Not a readable workbook.",
            )
        if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
            return _too_large()
    return None


def _sheet_of(data: bytes, suffix: str, header: str) -> str | None:
    """The sheet of a workbook that bears a header twice, which the converter does not say."""
    if suffix not in {".xlsx", ".xlsm"}:
        return None
    from openpyxl import load_workbook

    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                first = next(sheet.iter_rows(max_row=1, values_only=True), ())
                if [str(cell).strip() for cell in first].count(header) > 1:
                    return str(sheet.title)
        finally:
            book.close()
    return None


def _too_large() -> FormProblem:
    return FormProblem(None, None, None, "file.too_large", "پرونده بسیار بزرگ است.", "The file is too large.")


def _internal(error: Exception, *, read: bool) -> FormProblem:
    if not read:
        return FormProblem(
            None,
            None,
            None,
            "file.unreadable",
            "این پرونده خوانده نمی‌شود.",
            f"Unreadable: {type(error).__name__}.",
        )
    said = " ".join(str(error).split())[:200]
    return FormProblem(
        None,
        None,
        None,
        "convert.failed",
        "تبدیل فرم ناتمام ماند؛ ستون‌ها و نوع پرسش‌ها را بازبینی کنید.",
        f"The conversion broke off ({type(error).__name__}: {said}); review columns and question types.",
    )


def _check(sheets: "DefinitionData", known: Mapping[str, frozenset[str]] | None) -> list[FormProblem]:
    survey, choices = list(sheets.survey or ()), list(sheets.choices or ())
    found = [*checks.check_headers("survey", survey), *checks.check_xpath("survey", survey)]
    found += checks.check_xpath("choices", choices)
    found += checks.check_xpath("entities", list(sheets.entities or ()))
    found += checks.check_roles(survey)
    found += checks.check_choices(survey, choices)
    if known is not None:
        found += checks.check_codes(survey, choices, known)
    return found


def _compile(sheets: "DefinitionData", stem: str | None, found: list[FormProblem]) -> CompiledForm:
    from pyxform.xls2xform import convert

    titles = _take_titles(sheets)
    survey = [dict(row) for row in sheets.survey or ()]
    said: list[str] = []
    workbook = {f.name: getattr(sheets, f.name) for f in fields(sheets)} | {"fallback_form_name": stem}
    result = convert(workbook, validate=False, warnings=said)
    if found:
        return CompiledForm(problems=tuple(found), warnings=tuple(from_pyxform(text, survey) for text in said))
    tree: dict[str, Any] = result._pyxform or {}  # noqa: SLF001 - the form's tree is offered nowhere else
    xml = result.xform.encode()
    languages = _languages(tree)
    titles[""] = str(tree.get("title") or tree.get("id_string") or "")
    warnings = [from_pyxform(text, survey) for text in said]
    version = str(tree.get("version") or "")
    if not version:
        warnings.append(_no_version())
    return CompiledForm(
        form_id=str(tree.get("id_string") or ""),
        version=version,
        titles=titles,
        xml=xml,
        languages=languages,
        hash=md5_hash(xml),
        bindings=binding.build(tree, [binding.language_code(name) for name in languages]),
        itemsets=result.itemsets.encode() if result.itemsets else None,
        warnings=tuple(warnings),
    )


def _take_titles(sheets: "DefinitionData") -> dict[str, str]:
    """Titles from `form_title::Language (xx)`, which the converter cannot digest, taken out of the sheet."""
    rows = [dict(row) for row in sheets.settings or ()]
    titles: dict[str, str] = {}
    for row in rows:
        for header in [header for header in row if _TITLE.match(header)]:
            language = _TITLE.sub(r"\1", header)
            titles.setdefault(binding.language_code(language), str(row.pop(header)))
        if titles and not any(key in row for key in ("form_title", "set_form_title")):
            row["form_title"] = next(iter(titles.values()))
    if titles:
        sheets.settings = rows
        sheets.settings_header = [dict.fromkeys(header for row in rows for header in row)]
    return titles


def md5_hash(content: bytes) -> str:
    """OpenRosa's hash of a form or a media file. MD5 is the protocol's choice; no trust rests on it."""
    return "md5:" + hashlib.md5(content, usedforsecurity=False).hexdigest()


def _no_version() -> FormProblem:
    return FormProblem(
        "settings",
        2,
        "version",
        "version.missing",
        "فرم شمارهٔ نسخه ندارد؛ گوشی‌ها نسخهٔ تازه را نمی‌شناسند.",
        "The form has no version; phones will not notice a newer one.",
    )


def _languages(tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the languages in which anything is labelled, the default first."""
    names: dict[str, None] = {}
    default = tree.get("default_language")
    if default and default != "default":
        names[str(default)] = None

    def visit(node: Mapping[str, Any]) -> None:
        for key in ("label", "hint"):
            if isinstance(node.get(key), dict):
                names.update(dict.fromkeys(str(k) for k in node[key]))
        for child in node.get("children") or ():
            visit(child)

    visit(tree)
    return tuple(name for name in names if name != "default")
