"""Writes the workbooks of the built-in forms from the modules beside this one and the taxonomy.

    python -m field_forms.forms.build [TAXONOMY.csv]

The workbooks are what is published and may be edited by hand; these modules keep their rows readable in review.
Needs openpyxl (which pyxform brings). A newer form needs a newer version, or phones keep the old one.
"""

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from field_forms.forms import (
    distribution,
    follow_up,
    household,
    incident,
    rapid_needs,
    road_closure,
    shelter_status,
    stock_count,
    volunteer_checkin,
)
from field_forms.forms.parts import CHOICES, EN, ENTITIES, FA, SURVEY, Form, Row, Taxonomy

__all__ = ["EN", "FA", "FORMS", "TAXONOMY", "build"]

HERE = Path(__file__).parent
TAXONOMY = HERE.parents[1] / "server" / "standards" / "taxonomy.csv"
FORMS: Mapping[str, Callable[[Taxonomy], Form]] = {
    "rapid_needs": rapid_needs.form,
    "incident": incident.form,
    "household": household.form,
    "distribution": distribution.form,
    "stock_count": stock_count.form,
    "road_closure": road_closure.form,
    "shelter_status": shelter_status.form,
    "volunteer_checkin": volunteer_checkin.form,
    "follow_up": follow_up.form,
}


def _sheet(book: Workbook, title: str, headers: Sequence[str], rows: Sequence[Row]) -> None:
    sheet = book.create_sheet(title)
    used = [header for header in headers if any(row.get(header) for row in rows)]
    sheet.append(used)
    for row in rows:
        sheet.append([row.get(header) or None for header in used])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for index, header in enumerate(used, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = 36 if "::" in header else 22
    sheet.freeze_panes = "C2"


def build(form_id: str, taxonomy_file: Path = TAXONOMY) -> Workbook:
    """The workbook of a built-in form: survey, choices, entities if it has any, settings."""
    with taxonomy_file.open(encoding="utf-8", newline="") as source:
        form = FORMS[form_id](list(csv.DictReader(source)))
    book = Workbook()
    book.remove(book.worksheets[0])
    _sheet(book, "survey", SURVEY, form.survey)
    _sheet(book, "choices", CHOICES, form.choices)
    if form.entities:
        _sheet(book, "entities", ENTITIES, form.entities)
    settings = {
        "form_title": form.title_fa,
        f"form_title::{FA}": form.title_fa,
        f"form_title::{EN}": form.title_en,
        "form_id": form.form_id,
        "version": form.version,
        "default_language": FA,
    }
    _sheet(book, "settings", list(settings), [settings])
    book.properties.creator = "Hamyar"
    # The format knows no zones; a fixed moment keeps a rebuilt workbook the same.
    book.properties.created = book.properties.modified = datetime(2026, 11, 22)  # noqa: DTZ001
    return book


def main() -> None:
    """Write the workbooks beside this file."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else TAXONOMY
    for form_id in FORMS:
        build(form_id, source).save(HERE / f"{form_id}.xlsx")


if __name__ == "__main__":
    main()
