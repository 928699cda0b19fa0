"""How strangers' files are read, and how long one serves and rests."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from server.kernel.errors import Problem
from server.volunteers import duty_rules, rules, sheets, skills
from server.volunteers.importing import Known

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _hours(n: float) -> timedelta:
    return timedelta(hours=n)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("پرستار؛ Driver,medic، Search and rescue", ["nursing", "driving", "first_aid", "rescue"]),
        ("كمک‌های نخستين / first-aid", ["first_aid"]),
        ("کردی; Lori|ar، ترکمنی", ["ku", "lrc", "ar", "tk"]),
        ("welding", ["welding"]),
        ("", []),
        ("medic; <script>", None),
        ("جادوگری", None),
    ],
)
def test_words_for_what_people_can_do(said: str, meant: list[str] | None) -> None:
    assert skills.of_words(said) == meant


def test_the_docs_name_every_skill() -> None:
    docs = (Path(__file__).parents[3] / "docs/volunteers.md").read_text(encoding="utf-8")
    assert [c for c, (fa, en) in skills.SKILLS.items() if f"| `{c}` | {fa} | {en} |" not in docs] == []


def test_vehicles() -> None:
    assert [rules.vehicle(word) for word in ("وانت", "Truck", "car", "", "؟")] == ["pickup", "truck", "car", "", None]


def _csv(text: str, encoding: str) -> list[tuple[int, dict[str, str]]]:
    return [(n, {k: v for k, v in row.items() if v}) for n, row in sheets.read(text.encode(encoding)).rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_lists_as_people_save_them(encoding: str, between: str) -> None:
    lines = ["کد|مركز|مهارت‌ها|شماره تلفن", "V1|TC1|پرستار|09120000001", "", "V2|TC1||'09120000002"]
    found = _csv(
        "\r\n".join(lines).replace("‌", "" if encoding == "cp1256" else "‌").replace("ی", "ي").replace("|", between),
        encoding,
    )
    assert [n for n, _ in found] == [2, 4]
    assert [row["phone"] for _, row in found] == ["09120000001", "09120000002"]
    assert found[0][1]["centre"] == "TC1"


def test_a_workbook_with_an_empty_first_sheet_and_numbers_for_telephones() -> None:
    book = Workbook()
    sheet = book.create_sheet()
    sheet.append(["Code", "مرکز", "Mobile", "رنگ"])
    sheet.append(["V1", "TC1", 9120000001, "سبز"])
    sheet.append([])
    sheet.append([None, "TC1", 9120000002.0])
    file = io.BytesIO()
    book.save(file)
    found = sheets.read(file.getvalue())
    assert [(n, row["code"], row["phone"]) for n, row in found.rows] == [(2, "V1", "9120000001"), (4, "", "9120000002")]
    assert found.ignored == ["رنگ"]


def test_a_workbook_whose_first_row_lies_far_down_is_not_searched_to_its_end() -> None:
    book = Workbook()
    book.worksheets[0].cell(row=sheets.LAST_ROW + 1, column=1, value="code")
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(Problem) as caught:
        sheets.read(file.getvalue())
    assert caught.value.code == "import.columns"


def _zip(name: str, size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\0" * size)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "import.columns"),
        (b"name,centre\nx,y\n", "import.columns"),
        (b"\xd0\xcf\x11\xe0\0\0", "import.unreadable"),
        (_zip("a", 10), "import.unreadable"),
        (_zip("xl/a", sheets.MAX_UNPACKED + 1), "import.too_large"),
        (b"PK\x03\x04 and no more", "import.unreadable"),
        (b"code\n" + b"V1\n" * (sheets.MAX_ROWS + 1), "import.too_large"),
    ],
    ids=["empty", "headers", "xls", "zip", "bomb", "cut", "long"],
)
def test_files_that_are_none(data: bytes, code: str) -> None:
    with pytest.raises(Problem) as caught:
        sheets.read(data)
    assert caught.value.code == code


def test_code_and_number_name_one_person() -> None:
    seen = Known()
    seen.add("V1", b"1")
    seen.add("V2", None)
    seen.add("V3", b"3")
    asked = [
        ("V1", b"1"),
        ("", b"1"),
        ("V1", None),
        ("V2", b"9"),
        ("V1", b"9"),
        ("V9", b"1"),
        ("V1", b"3"),
        ("V8", b"8"),
    ]
    verdicts = ["known", "known", "known", "known", "conflict", "conflict", "conflict", "new"]
    assert [seen.judge(*one) for one in asked] == verdicts


def test_rest_follows_duty() -> None:
    rest = [duty_rules.rest_after(NOON - _hours(h), NOON) for h in (1, 7.9, 8, 11.9, 12, 30)]
    assert rest == [_hours(h) for h in (0, 0, 8, 8, 11, 11)]
    assert duty_rules.stretch(NOON, NOON - _hours(8), NOON - _hours(3)) == NOON - _hours(8), "a short break counts in"
    assert duty_rules.stretch(NOON, NOON - _hours(9), NOON - _hours(4)) == NOON
    assert duty_rules.stretch(NOON, NOON - _hours(10), NOON - _hours(1)) == NOON, "a person has ended the rest"
    assert duty_rules.stretch(NOON, None, None) == NOON


def test_shifts_leave_rest() -> None:
    day = (NOON, NOON + _hours(10))

    def after(pause: float, hours: float) -> tuple[datetime, datetime]:
        return day[1] + _hours(pause), day[1] + _hours(pause + hours)

    spans = (after(2, 2), after(2, 3), after(7, 4), after(8, 10))
    assert [duty_rules.too_close(day, span) for span in spans] == [False, True, True, False]
    assert [duty_rules.too_close(span, day) for span in spans] == [False, True, True, False]
    assert [duty_rules.too_long(NOON, NOON + _hours(h)) for h in (12, 12.1)] == [False, True]
