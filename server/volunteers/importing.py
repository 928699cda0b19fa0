"""`hamyar import volunteers`: people from a CSV. Idempotent by code, or by the number's keyed hash."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.messaging.numbers import phone_number
from server.volunteers import queries, rules, service

ACTOR: Final = "import"
COLUMNS: Final = ("code", "centre", "skills", "languages", "gender", "vehicle", "capacity_kg", "name", "phone")
REASONS: Final[dict[str, tuple[str, str]]] = {
    "centre_unknown": ("No centre has this code.", "مرکزی با این کد نیست."),
    "phone_invalid": ("This is no phone number.", "این شمارهٔ تلفن نیست."),
    "no_identity": ("The row has neither a code nor a number.", "این ردیف نه کد دارد و نه شماره."),
    "code_invalid": ("The code has signs that codes do not have.", "کد نشانه‌های نادرست دارد."),
    "gender_unknown": ("The gender is neither woman nor man.", "جنسیت شناخته نشد."),
    "skills_invalid": ("Skills and languages are lists of codes.", "مهارت‌ها و زبان‌ها فهرستی از کدها است."),
    "capacity_invalid": ("The capacity is no number of kilograms.", "ظرفیت، عددی به کیلوگرم نیست."),
    "conflict": ("Code and number belong to different people.", "کد و شماره از آنِ دو نفر است."),
    "refused": ("The database refused the row.", "پایگاه داده این ردیف را نپذیرفت."),
}
"""code → (English, Persian)."""
_MOST_KG: Final = 100_000


@dataclass
class Tally:
    """What became of the rows; the three add up to `rows`. `reasons`: (row number, code, False)."""

    rows: int = 0
    imported: int = 0
    known: int = 0
    reasons: list[tuple[int, str, bool]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """As `--json` prints it."""
        return {"rows": self.rows, "imported": self.imported, "known": self.known, "set_aside": len(self.reasons)}


class SetAside(Exception):
    """A row that cannot be taken; its message is the reason's code."""


def read_rows(path: Path, progress: Callable[[int], Any] | None) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, row) of a CSV in UTF-8 with a header."""
    with path.open("rb") as raw:
        reader = csv.DictReader(io.TextIOWrapper(raw, "utf-8-sig", "replace", newline=""))
        if "centre" not in (reader.fieldnames or ()):
            raise Problem(422, "import.columns", "The column centre is missing.", "ستون centre نیست.")
        for row in reader:
            yield reader.line_num, {k: (row.get(k) or "").strip().replace("\0", "") for k in COLUMNS}
            if progress:
                progress(raw.tell())


async def import_volunteers(ctx: Context, path: Path, *, progress: Callable[[int], Any] | None = None) -> Tally:
    """Bring people in; a second run finds all of them known."""
    tally = Tally()
    async with ctx.db.tx() as conn:
        centres = await queries.centres_by_code(conn)
        for number, row in read_rows(path, progress):
            tally.rows += 1
            try:
                async with conn.transaction():
                    new = await _take(conn, ctx, row, centres)
            except SetAside as reason:
                tally.reasons.append((number, str(reason), False))
            except (psycopg.DataError, psycopg.IntegrityError):
                tally.reasons.append((number, "refused", False))
            else:
                tally.imported += new
                tally.known += not new
    return tally


async def _take(conn: Conn, ctx: Context, row: dict[str, str], centres: dict[str, UUID]) -> bool:
    person = read(row, ctx.settings.country)
    if row["centre"] not in centres:
        raise SetAside("centre_unknown")
    phone = person.pop("phone")
    name = person.pop("name")
    mark = ctx.sealing.keyed_hash("sender", phone) if phone else None
    codes, marks = await queries.known(conn, [person["code"]] if person["code"] else [], [mark] if mark else [])
    if codes or marks:
        # A code of one person with the number of another is for a person to clear up.
        if codes and mark and not marks and await queries.has_number(conn, person["code"]):
            raise SetAside("conflict")
        if person["code"] and marks and not codes:
            raise SetAside("conflict")
        return False
    volunteer_id = uuid7()
    centre = centres[row["centre"]]
    await queries.add(
        conn,
        {
            **person,
            "id": volunteer_id,
            "code": person["code"] or new_code(8, "V-"),
            "centre_id": centre,
            "status": "active",
            **service.sealed_columns(ctx, volunteer_id, name, phone),
        },
    )
    await emit(
        conn, NewEvent("volunteer.changed", "volunteer", volunteer_id, None, ACTOR, centre, {"fields": ["created"]})
    )
    return True


def read(row: dict[str, str], country: str) -> dict[str, Any]:
    """A row as a volunteer's fields. Raises SetAside with the reason's code."""
    phone = phone_number(row["phone"], country) if row["phone"] else None
    if row["phone"] and phone is None:
        raise SetAside("phone_invalid")
    if not row["code"] and not phone:
        raise SetAside("no_identity")
    if row["code"] and rules.codes(row["code"]) != [row["code"].lower()]:
        raise SetAside("code_invalid")
    gender = rules.GENDERS.get(row["gender"].lower()) if row["gender"] else None
    if row["gender"] and gender is None:
        raise SetAside("gender_unknown")
    skills, languages = rules.codes(row["skills"]), rules.codes(row["languages"])
    vehicle = rules.codes(row["vehicle"])
    if skills is None or languages is None or vehicle is None or len(vehicle) > 1:
        raise SetAside("skills_invalid")
    return {
        "code": row["code"],
        "phone": phone,
        "name": row["name"] or None,
        "gender": gender,
        "skills": skills,
        "languages": languages,
        "vehicle": vehicle[0] if vehicle else None,
        "capacity_kg": capacity(row["capacity_kg"]),
    }


def capacity(raw: str) -> float | None:
    """Kilograms, or None when the cell is empty."""
    if not raw:
        return None
    try:
        value = float(raw)
    except ValueError:
        raise SetAside("capacity_invalid") from None
    if not 0 <= value <= _MOST_KG:
        raise SetAside("capacity_invalid")
    return value
