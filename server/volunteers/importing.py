"""People from a CSV or XLSX, by `hamyar import volunteers` and over HTTP. Idempotent by code or number."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import psycopg

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.kernel.ids import new_code, uuid7
from server.messaging.numbers import phone_number
from server.volunteers import queries, rules, service, sheets, skills

ACTOR: Final = "import"
REASONS: Final[dict[str, tuple[str, str]]] = {
    "centre_unknown": ("No centre has this code or name.", "مرکزی با این کد یا نام نیست."),
    "centre_foreign": ("This centre is not yours.", "این مرکز از آنِ شما نیست."),
    "phone_invalid": ("This is no phone number.", "این شمارهٔ تلفن نیست."),
    "no_identity": ("The row has neither a code nor a number.", "این ردیف نه کد دارد و نه شماره."),
    "code_invalid": ("The code has signs that codes do not have.", "کد نشانه‌های نادرست دارد."),
    "gender_unknown": ("The gender is neither woman nor man.", "جنسیت شناخته نشد."),
    "skills_invalid": ("A skill is not known.", "مهارتی شناخته نشد."),
    "languages_invalid": ("A language is not known.", "زبانی شناخته نشد."),
    "vehicle_invalid": ("The vehicle is not known.", "وسیلهٔ نقلیه شناخته نشد."),
    "capacity_invalid": ("The capacity is no number of kilograms.", "ظرفیت، عددی به کیلوگرم نیست."),
    "conflict": ("Code and number belong to different people.", "کد و شماره از آنِ دو نفر است."),
    "refused": ("The database refused the row.", "پایگاه داده این ردیف را نپذیرفت."),
}
"""code → (English, Persian)."""
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,39}")
_MOST_KG: Final = 100_000
_BATCH: Final = 500


@dataclass
class Tally:
    """What became of the rows; the three add up to `rows`. `reasons`: (row number, code, False)."""

    rows: int = 0
    imported: int = 0
    known: int = 0
    reasons: list[tuple[int, str, bool]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """As `--json` prints it."""
        return {"rows": self.rows, "imported": self.imported, "known": self.known, "set_aside": len(self.reasons)}


@dataclass(frozen=True, slots=True)
class Bounds:
    """For whom a file is read. `centre`: of rows that name none; `within`: the centres it may fill, None for all.

    `preview`: say what would become of each row, and write nothing.
    """

    centre: UUID | None = None
    within: frozenset[UUID] | None = None
    preview: bool = False
    actor: str = ACTOR


class SetAside(Exception):
    """A row that cannot be taken; its message is the reason's code."""


@dataclass(slots=True)
class Known:
    """Who is there already, in the database and in the rows before: code → the number's hash, hash → code."""

    by_code: dict[str, bytes | None] = field(default_factory=dict)
    by_mark: dict[bytes, str] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    """Codes of people of centres that the asker may not see."""
    claimed: set[bytes] = field(default_factory=set)
    """Numbers of such people: the row is taken like any other, but waits for a person's word, its number a claim. Told
    apart here, a list would tell whose number is a volunteer's."""

    def judge(self, code: str, mark: bytes | None) -> Literal["new", "known", "conflict"]:
        """What a row with this code (or an empty one) and this number is."""
        if code in self.foreign:
            return "conflict"
        owner = self.by_mark.get(mark) if mark else None
        if owner is not None:
            return "known" if code in {"", owner} else "conflict"
        if not code or code not in self.by_code:
            return "new"
        # A code of one person with the number of another is for a person to clear up.
        return "conflict" if mark and self.by_code[code] else "known"

    def add(self, code: str, mark: bytes | None) -> None:
        """One more."""
        self.by_code[code] = mark
        if mark:
            self.by_mark[mark] = code


Row = tuple[int, dict[str, Any]]
"""(number in the file, columns of `volunteers`)."""


async def import_volunteers(ctx: Context, path: Path, *, progress: Callable[[int], Any] | None = None) -> Tally:
    """Bring people in from a file; a second run finds all of them known."""
    data = await asyncio.to_thread(path.read_bytes)
    async with ctx.db.tx() as conn:
        tally = await take(conn, ctx, data, Bounds())
    if progress:
        progress(len(data))
    return tally


async def take(conn: Conn, ctx: Context, data: bytes, bounds: Bounds) -> Tally:
    """Bring people in from a file's bytes in the caller's transaction; one bad row is set aside with its reason.

    They count as vetted: it is their centre that brings the list. Raises a problem for a file that is none.
    """
    sheet = await asyncio.to_thread(sheets.read, data)
    tally = Tally(rows=len(sheet.rows), ignored=sheet.ignored)
    centres = await queries.centres_by_name(conn)
    read, reasons = await asyncio.to_thread(_read_all, ctx, sheet.rows, centres, bounds)
    tally.reasons += reasons
    seen = Known()
    for start in range(0, len(read), _BATCH):
        batch = read[start : start + _BATCH]
        await _look_up(conn, seen, batch, bounds.within)
        new = _sort_out(seen, batch, tally)
        if bounds.preview:
            tally.imported += len(new)
        else:
            await _write(conn, ctx, new, tally, bounds.actor)
    tally.reasons.sort()
    return tally


def _read_all(
    ctx: Context, rows: Sequence[tuple[int, dict[str, str]]], centres: Mapping[str, UUID], bounds: Bounds
) -> tuple[list[Row], list[tuple[int, str, bool]]]:
    read: list[Row] = []
    reasons: list[tuple[int, str, bool]] = []
    for number, row in rows:
        try:
            person = read_person(row, ctx.settings.country)
            person["centre_id"] = _centre(row["centre"], centres, bounds)
        except SetAside as reason:
            reasons.append((number, str(reason), False))
            continue
        person["mark"] = ctx.sealing.keyed_hash("sender", person["phone"]) if person["phone"] else None
        read.append((number, person))
    return read, reasons


def _centre(said: str, centres: Mapping[str, UUID], bounds: Bounds) -> UUID:
    centre = centres.get(said.casefold()) if said else bounds.centre
    if centre is None:
        raise SetAside("centre_unknown")
    if bounds.within is not None and centre not in bounds.within:
        raise SetAside("centre_foreign")
    return centre


async def _look_up(conn: Conn, seen: Known, batch: Sequence[Row], within: frozenset[UUID] | None) -> None:
    codes = [person["code"] for _, person in batch if person["code"]]
    marks = [person["mark"] for _, person in batch if person["mark"]]
    for row in await queries.known(conn, codes, marks):
        mark = bytes(row["phone_hash"]) if row["phone_hash"] else None
        if within is None or row["centre_id"] in within:
            seen.add(row["code"], mark)
            continue
        seen.foreign.add(row["code"])
        if mark:
            seen.claimed.add(mark)


def _sort_out(seen: Known, batch: Sequence[Row], tally: Tally) -> list[Row]:
    new: list[Row] = []
    for number, person in batch:
        verdict = seen.judge(person["code"], person["mark"])
        if verdict == "conflict":
            tally.reasons.append((number, "conflict", False))
        elif verdict == "known":
            tally.known += 1
        else:
            person["code"] = person["code"] or new_code(8, "V-")
            seen.add(person["code"], person["mark"])
            new.append((number, {**person, "claimed": person["mark"] in seen.claimed}))
    return new


async def _write(conn: Conn, ctx: Context, new: Sequence[Row], tally: Tally, actor: str) -> None:
    rows = [(number, _columns(ctx, person)) for number, person in new]
    try:
        async with conn.transaction():
            await queries.add_many(conn, [row for _, row in rows])
        taken = [row for _, row in rows]
    except (psycopg.DataError, psycopg.IntegrityError):
        taken = await _write_singly(conn, rows, tally)
    tally.imported += len(taken)
    created = {"fields": ["created"]}
    await emit_many(
        conn,
        [
            NewEvent("volunteer.changed", "volunteer", row["id"], None, actor, row["centre_id"], created)
            for row in taken
        ],
    )


async def _write_singly(conn: Conn, rows: Sequence[Row], tally: Tally) -> list[dict[str, Any]]:
    """One bad row does not block the others."""
    taken = []
    for number, row in rows:
        try:
            async with conn.transaction():
                await queries.add(conn, row)
        except (psycopg.DataError, psycopg.IntegrityError):
            tally.reasons.append((number, "refused", False))
        else:
            taken.append(row)
    return taken


def _columns(ctx: Context, person: Mapping[str, Any]) -> dict[str, Any]:
    volunteer_id = uuid7()
    plain = {k: v for k, v in person.items() if k not in {"phone", "name", "mark", "claimed"}}
    sealed = service.sealed_columns(ctx, volunteer_id, person["name"], person["phone"])
    foreign = person.get("claimed", False)
    sealed |= {"phone_claim": None}
    if foreign:
        sealed = service.claimed(sealed)
    plain["vetting"] = "pending" if foreign else "vetted"
    return {**plain, "id": volunteer_id, "status": "active", **sealed}


def read_person(row: Mapping[str, str], country: str) -> dict[str, Any]:
    """A row as a volunteer's fields. Raises SetAside with the reason's code."""
    phone = phone_number(row["phone"], country) if row["phone"] else None
    if row["phone"] and phone is None:
        raise SetAside("phone_invalid")
    if not row["code"] and not phone:
        raise SetAside("no_identity")
    if row["code"] and not _CODE.fullmatch(row["code"]):
        raise SetAside("code_invalid")
    gender = rules.GENDERS.get(row["gender"].casefold()) if row["gender"] else None
    if row["gender"] and gender is None:
        raise SetAside("gender_unknown")
    can, speaks, vehicle = (
        skills.of_words(row["skills"]),
        skills.of_words(row["languages"]),
        rules.vehicle(row["vehicle"]),
    )
    for found, reason in ((can, "skills_invalid"), (speaks, "languages_invalid"), (vehicle, "vehicle_invalid")):
        if found is None:
            raise SetAside(reason)
    return {
        "code": row["code"],
        "phone": phone,
        "name": row["name"][:200] or None,
        "gender": gender,
        "skills": can,
        "languages": speaks,
        "vehicle": vehicle or None,
        "capacity_kg": capacity(row["capacity_kg"]),
    }


def capacity(raw: str) -> float | None:
    """Kilograms, or None when the cell is empty. Persian digits and marks between thousands are read."""
    if not raw:
        return None
    try:
        value = float(raw.replace(",", "").replace("٬", "").replace("٫", "."))
    except ValueError:
        raise SetAside("capacity_invalid") from None
    if not 0 <= value <= _MOST_KG:
        raise SetAside("capacity_invalid")
    return value


def shown(tally: Tally, *, preview: bool) -> dict[str, Any]:
    """A tally as the API gives it: why each row was set aside, by its number in the file, in both languages."""
    return {
        **tally.counts(),
        "preview": preview,
        "ignored": tally.ignored,
        "reasons": [
            {"row": number, "code": code, "en": REASONS[code][0], "fa": REASONS[code][1]}
            for number, code, _ in tally.reasons
        ],
    }
