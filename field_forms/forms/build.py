"""Writes `rapid_needs.xlsx`, the built-in form, from the taxonomy and the questions below.

    python -m field_forms.forms.build [TAXONOMY.csv]

The workbook is what is published and may be edited by hand; this script keeps its hundred rows readable in
review. Needs openpyxl (which pyxform brings). A newer form needs a newer VERSION, or phones keep the old
one.
"""

import csv
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.styles import Font  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

HERE = Path(__file__).parent
TAXONOMY = HERE.parents[1] / "server" / "standards" / "taxonomy.csv"
VERSION = "2026112201"
FA, EN = "فارسی (fa)", "English (en)"

# Need code → unit of its amount, and the words for it. A need without an entry is not counted.
UNITS: dict[str, tuple[str, str, str]] = {
    "search_rescue": ("person", "چند نفر؟", "how many people?"),
    "evacuation": ("person", "چند نفر؟", "how many people?"),
    "medical_care": ("person", "چند نفر؟", "how many people?"),
    "medicine": ("person", "برای چند نفر؟", "for how many people?"),
    "water": ("litre", "چند لیتر؟", "how many litres?"),
    "food": ("pack", "چند بسته؟", "how many packs?"),
    "infant_care": ("person", "برای چند نوزاد؟", "for how many infants?"),
    "hygiene": ("pack", "چند بسته؟", "how many packs?"),
    "shelter": ("tent", "چند چادر؟", "how many tents?"),
    "bedding": ("piece", "چند تخته؟", "how many pieces?"),
    "heating": ("piece", "چند دستگاه؟", "how many heaters?"),
    "clothing": ("set", "چند دست؟", "how many sets?"),
    "power": ("piece", "چند دستگاه؟", "how many lamps or generators?"),
    "machinery": ("piece", "چند دستگاه؟", "how many machines?"),
    "transport": ("vehicle", "چند خودرو؟", "how many vehicles?"),
    "psychosocial": ("person", "برای چند نفر؟", "for how many people?"),
    "protection": ("person", "برای چند نفر؟", "for how many people?"),
    "money": ("household", "برای چند خانوار؟", "for how many families?"),
    "volunteers": ("person", "چند نفر؟", "how many people?"),
}

SURVEY = [
    "type",
    "name",
    f"label::{FA}",
    f"label::{EN}",
    f"hint::{FA}",
    f"hint::{EN}",
    "required",
    f"required_message::{FA}",
    f"required_message::{EN}",
    "relevant",
    "constraint",
    f"constraint_message::{FA}",
    f"constraint_message::{EN}",
    "appearance",
    "parameters",
    "hamyar",
]
Row = dict[str, str]


def _row(kind: str, name: str, fa: str = "", en: str = "", hint: tuple[str, str] = ("", ""), **more: str) -> Row:
    row = {
        "type": kind,
        "name": name,
        f"label::{FA}": fa,
        f"label::{EN}": en,
        f"hint::{FA}": hint[0],
        f"hint::{EN}": hint[1],
        **more,
    }
    if "constraint" in row and f"constraint_message::{FA}" not in row:
        row[f"constraint_message::{FA}"] = "عددی درست و معقول بنویسید."
        row[f"constraint_message::{EN}"] = "Write a whole and sensible number."
    return row


def _asked(fa: str, en: str) -> Row:
    return {f"required_message::{FA}": fa, f"required_message::{EN}": en}


def _number(name: str, fa: str, en: str, role: str, most: int, hint: tuple[str, str] = ("", "")) -> Row:
    return _row("integer", name, fa, en, hint, constraint=f". >= 0 and . <= {most}", hamyar=role)


def _part(name: str, fa: str, en: str, word: str, hint: tuple[str, str] = ("", "")) -> Row:
    """A number of people out of all: never more than everybody, when everybody was counted."""
    row = _number(name, fa, en, f"count {word}", 100_000, hint)
    row["constraint"] = ". >= 0 and . <= 100000 and (string-length(${people}) = 0 or . <= ${people})"
    row[f"constraint_message::{FA}"] = "این شمار نمی‌تواند منفی یا بیش از شمار همهٔ افراد باشد."
    row[f"constraint_message::{EN}"] = "This number cannot be negative or above the number of all people."
    return row


def _situation() -> list[Row]:
    return [
        _row("start", "start"),
        _row("end", "end"),
        _row("begin group", "situation", "چه شده است؟", "What happened?", appearance="field-list"),
        _row(
            "select_multiple incident",
            "what_happened",
            "اکنون در محل چه پیش آمده است؟",
            "What is happening there now?",
            ("هر چه را می‌بینید یا شنیده‌اید برگزینید؛ اگر تنها کمبود است، خالی بگذارید.",
             "Choose all that you see or were told; leave empty if something is only lacking."),
            hamyar="incident.category",
        ),
        _row(
            "select_one urgency",
            "urgency",
            "چقدر فوری است؟",
            "How urgent is it?",
            required="yes",
            hamyar="urgency",
        )
        | _asked("فوریت را برگزینید تا کمک به‌ترتیب درست برسد.",
                 "Choose the urgency, so that help goes out in the right order."),
        _row("end group", "situation"),
    ]  # fmt: skip


def _where() -> list[Row]:
    return [
        _row("begin group", "where", "کجا؟", "Where?"),
        _row(
            "geopoint",
            "location",
            "جای دقیق رویداد",
            "Exact position of the happening",
            ("اگر در محل نیستید یا مکان‌یاب کار نمی‌کند، بگذرید و نام جا را بنویسید.",
             "If you are not there, or there is no fix, skip it and write the name of the place."),
            hamyar="location",
        ),
        _row(
            "text",
            "place_name",
            "نام شهر، روستا، محله یا نشانهٔ نزدیک",
            "Town, village, quarter or a landmark near it",
            ("نام و نشانی خانهٔ اشخاص را ننویسید.", "Do not write names or home addresses of persons."),
            required="string-length(${location}) = 0",
            hamyar="place",
        )
        | _asked("بدون مختصات، نام جا لازم است.", "Without a position, the name of the place is needed."),
        _row("end group", "where"),
    ]  # fmt: skip


def _people() -> list[Row]:
    return [
        _row("begin group", "affected", "چه کسانی؟", "Who?", appearance="field-list"),
        _row("note", "affected_note", "شمار تقریبی بس است؛ آنچه را نمی‌دانید خالی بگذارید.",
             "An estimate is enough; leave empty what you do not know."),
        _number("people", "شمار همهٔ افراد آسیب‌دیده", "All people affected", "people", 1_000_000),
        _number("households", "شمار خانوارها", "Families", "households", 200_000),
        _part("women", "زنان", "Women", "women"),
        _part("children", "کودکان دو تا هفده سال", "Children from 2 to 17", "child"),
        _part("infants", "نوزادان زیر دو سال", "Infants under 2", "infant"),
        _part("elderly", "سالمندان", "Elderly people", "elderly"),
        _part("pregnant", "زنان باردار", "Pregnant women", "pregnant"),
        _part("disabled", "افراد دارای معلولیت", "People with a disability", "disabled",
              ("هر که بی‌کمک نمی‌تواند راه برود نیز.", "Anyone who cannot walk without help too.")),
        _row("select_multiple condition", "conditions", "آیا در میان آنان هست؟", "Is there among them?",
             hamyar="vulnerable"),
        _row("end group", "affected"),
    ]  # fmt: skip


def _needs(needs: Sequence[Row]) -> list[Row]:
    rows = [
        _row("begin group", "lacking", "چه لازم است؟", "What is needed?", appearance="field-list"),
        _row(
            "select_multiple need",
            "needs",
            "چه چیز کم است یا خواسته‌اند؟",
            "What do they lack or ask for?",
            required="string-length(${what_happened}) = 0",
            hamyar="need.category",
        )
        | _asked("دست‌کم یک رویداد یا یک نیاز را برگزینید.", "Choose at least one happening or one need."),
        _row("end group", "lacking"),
        _row("begin group", "amounts", "چه اندازه؟", "How much?", relevant="string-length(${needs}) > 0",
             appearance="field-list"),
        _row("note", "amounts_note", "اگر اندازه را نمی‌دانید، خالی بگذارید.",
             "Leave empty what you cannot tell."),
    ]  # fmt: skip
    for need in needs:
        if need["code"] in UNITS:
            unit, fa, en = UNITS[need["code"]]
            name, role = f"amount_{need['code']}", f"need.quantity {need['code']} {unit}"
            row = _number(name, f"{need['label_fa']}: {fa}", f"{need['label_en']}: {en}", role, 1_000_000)
            rows.append(row | {"relevant": f"selected(${{needs}}, '{need['code']}')"})
    return [*rows, _row("end group", "amounts")]


def _more() -> list[Row]:
    return [
        _row("begin group", "more", "بیشتر", "More", appearance="field-list"),
        _row(
            "text",
            "note",
            "هر چه دیگر که باید بدانیم",
            "Anything else that we should know",
            ("راه رسیدن، خطرها، داروی ویژه. نام و شماره ننویسید.",
             "The way there, dangers, a special medicine. No names or numbers."),
            appearance="multiline",
            hamyar="text",
        ),
        _row(
            "image",
            "photo",
            "عکس (اختیاری)",
            "Photo (optional)",
            ("از چهرهٔ کسی عکس نگیرید؛ راه، پل، ساختمان یا آب را نشان دهید.",
             "No faces, please: show the road, the bridge, the building or the water."),
            parameters="max-pixels=1280",
            hamyar="photo",
        ),
        _row("end group", "more"),
    ]  # fmt: skip


def _choices(taxonomy: Sequence[Row]) -> list[Row]:
    def choice(list_name: str, name: str, fa: str, en: str) -> Row:
        return {"list_name": list_name, "name": name, f"label::{FA}": fa, f"label::{EN}": en}

    rows = [choice(r["kind"], r["code"], r["label_fa"], r["label_en"]) for r in taxonomy if r["kind"] == "incident"]
    rows += [choice(r["kind"], r["code"], r["label_fa"], r["label_en"]) for r in taxonomy if r["kind"] == "need"]
    return [
        *rows,
        choice("urgency", "life", "جان کسی در خطر است (تا چند ساعت)", "Somebody may die within hours"),
        choice("urgency", "high", "فوری: همین امروز لازم است", "Urgent: needed today"),
        choice("urgency", "normal", "عادی: می‌تواند بماند", "Normal: it can wait"),
        choice(
            "condition",
            "chronic_illness",
            "بیمار نیازمند داروی همیشگی",
            "Somebody who needs medicine all the time",
        ),
        choice("condition", "woman_headed", "خانوار به سرپرستی زن", "A family headed by a woman"),
    ]


def _sheet(book: Workbook, title: str, headers: Sequence[str], rows: Sequence[Row]) -> None:
    sheet = book.create_sheet(title)
    sheet.append(list(headers))
    for row in rows:
        sheet.append([row.get(header) or None for header in headers])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for index, header in enumerate(headers, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = 36 if "::" in header else 22
    sheet.freeze_panes = "C2"


def build(taxonomy_file: Path) -> Workbook:
    """The workbook: survey, choices, settings."""
    with taxonomy_file.open(encoding="utf-8", newline="") as source:
        taxonomy = list(csv.DictReader(source))
    needs = [row for row in taxonomy if row["kind"] == "need"]
    book = Workbook()
    book.remove(book.worksheets[0])
    survey = [*_situation(), *_where(), *_people(), *_needs(needs), *_more()]
    _sheet(book, "survey", SURVEY, survey)
    _sheet(book, "choices", ["list_name", "name", f"label::{FA}", f"label::{EN}"], _choices(taxonomy))
    settings = {
        "form_title": "نیازهای فوری",
        f"form_title::{FA}": "نیازهای فوری",
        f"form_title::{EN}": "Rapid needs",
        "form_id": "rapid_needs",
        "version": VERSION,
        "default_language": FA,
    }
    _sheet(book, "settings", list(settings), [settings])
    book.properties.creator = "Hamyar"
    # The format knows no zones; a fixed moment keeps a rebuilt workbook the same.
    book.properties.created = book.properties.modified = datetime(2026, 11, 22)  # noqa: DTZ001
    return book


def main() -> None:
    """Write the workbook beside this file."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else TAXONOMY
    build(source).save(HERE / "rapid_needs.xlsx")


if __name__ == "__main__":
    main()
