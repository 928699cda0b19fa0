"""`hamyar import stock`: counted shelves from a CSV. Each row is what was counted; the books are brought to
it.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.errors import Problem
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.standards.taxonomy import NEEDS
from server.supplies import queries, rules, service
from server.supplies.rules import Account

ACTOR: Final = "import"
COLUMNS: Final = ("centre", "item", "name_fa", "name_en", "unit", "category", "quantity")
REASONS: Final[dict[str, tuple[str, str]]] = {
    "columns": ("The row has too few columns.", "ستون‌های این ردیف کم است."),
    "centre_unknown": ("No centre has this code.", "مرکزی با این کد نیست."),
    "item_missing": ("The item has no code.", "کالا کد ندارد."),
    "category_unknown": ("The category is not one of the needs.", "این دسته از نیازها نیست."),
    "unit_missing": ("A new item needs a unit.", "کالای تازه واحد می‌خواهد."),
    "unit_differs": ("The item is counted in another unit.", "واحد این کالا در فهرست چیز دیگری است."),
    "quantity_invalid": ("The quantity is no number from 0 up.", "مقدار، عددی از صفر به بالا نیست."),
    "counted_twice": (
        "The file counts this item at this centre twice.",
        "این کالا در این مرکز دو بار شمرده شده است.",
    ),
    "refused": ("The database refused the row.", "پایگاه داده این ردیف را نپذیرفت."),
}
"""code → (English, Persian)."""
_DIGITS: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫", "01234567890123456789.", "٬,")


@dataclass
class Tally:
    """What became of the rows; the three add up to `rows`. `reasons`: (row number, code, False)."""

    rows: int = 0
    imported: int = 0
    known: int = 0
    reasons: list[tuple[int, str, bool]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """As `--json` prints it."""
        return {
            "rows": self.rows,
            "imported": self.imported,
            "known": self.known,
            "set_aside": len(self.reasons),
        }


class SetAside(Exception):
    """A row that cannot be taken; its message is the reason's code."""


def quantity(raw: str) -> Decimal:
    """A count in Latin, Persian or Arabic-Indic digits. Raises SetAside."""
    try:
        value = Decimal(raw.strip().translate(_DIGITS))
    except InvalidOperation:
        raise SetAside("quantity_invalid") from None
    if not value.is_finite() or not 0 <= value < rules.MOST or -int(value.as_tuple().exponent) > 6:  # noqa: PLR2004
        raise SetAside("quantity_invalid")
    return value


def read_rows(path: Path, progress: Callable[[int], Any] | None) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, row) of a CSV in UTF-8 with a header."""
    with path.open("rb") as raw:
        reader = csv.DictReader(io.TextIOWrapper(raw, "utf-8-sig", "replace", newline=""))
        missing = {"centre", "item", "quantity"} - set(reader.fieldnames or ())
        if missing:
            raise Problem(
                422,
                "import.columns",
                f"These columns are missing: {', '.join(sorted(missing))}.",
                f"این ستون‌ها نیست: {'، '.join(sorted(missing))}.",
            )
        for row in reader:
            yield reader.line_num, {k: (row.get(k) or "").strip().replace("\0", "") for k in COLUMNS}
            if progress:
                progress(raw.tell())


async def import_stock(ctx: Context, path: Path, *, progress: Callable[[int], Any] | None = None) -> Tally:
    """Bring the books to what was counted, one movement a row. A second run changes nothing."""
    tally = Tally()
    seen: set[tuple[UUID, UUID]] = set()
    async with ctx.db.tx() as conn:
        for number, row in read_rows(path, progress):
            tally.rows += 1
            try:
                async with conn.transaction():
                    changed = await _count(conn, row, seen)
            except SetAside as reason:
                tally.reasons.append((number, str(reason), False))
            except (psycopg.DataError, psycopg.IntegrityError):
                tally.reasons.append((number, "refused", False))
            else:
                tally.imported += changed
                tally.known += not changed
    return tally


async def _count(conn: Conn, row: dict[str, str], seen: set[tuple[UUID, UUID]]) -> bool:
    counted = quantity(row["quantity"])
    centre = (await queries.centres_by_code(conn, [row["centre"]])).get(row["centre"])
    if centre is None:
        raise SetAside("centre_unknown")
    item = await _item(conn, row)
    if (centre, item) in seen:
        raise SetAside("counted_twice")
    seen.add((centre, item))
    shelf = Account("centre", centre)
    account = (await queries.open_accounts(conn, [(uuid7(), shelf)]))[shelf]
    held = (await queries.lock_stock(conn, [(account, item)])).get((account, item))
    difference = counted - (held or Decimal(0))
    if not difference:
        return False
    # What was never on these books came in; what differs from them was counted anew.
    key = f"count:{uuid7()}"
    if held is None:
        await service.receive(conn, centre, {item: difference}, natural_key=key, actor=ACTOR)
    else:
        await service.adjust(conn, centre, {item: difference}, natural_key=key, actor=ACTOR)
    await emit(conn, NewEvent("stock.counted", "item", item, None, ACTOR, centre, {"quantity": str(counted)}))
    return True


async def _item(conn: Conn, row: dict[str, str]) -> UUID:
    if not row["item"]:
        raise SetAside("item_missing")
    known = await queries.items_by(conn, codes=[row["item"]])
    if not known:
        if row["category"] not in NEEDS:
            raise SetAside("category_unknown")
        if not row["unit"]:
            raise SetAside("unit_missing")
        await queries.add_item(
            conn,
            {
                "id": uuid7(),
                "code": row["item"],
                "name_fa": row["name_fa"] or row["name_en"] or row["item"],
                "name_en": row["name_en"] or row["name_fa"] or row["item"],
                "category": row["category"],
                "unit": row["unit"],
            },
        )
        known = await queries.items_by(conn, codes=[row["item"]])
    elif row["unit"] and row["unit"] != known[0]["unit"]:
        raise SetAside("unit_differs")
    found: UUID = known[0]["id"]
    return found
