"""Emergencies: opened, closed, and found for whatever comes in."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.emergencies import queries
from server.emergencies.rules import is_code
from server.emergencies.schemas import EmergencyChange, NewEmergency, feature
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7


def unknown(asked: str) -> Problem:
    """422: a report names an emergency that there is none of."""
    return Problem(
        422,
        "emergency.unknown",
        f"There is no emergency {asked[:60]!r}.",
        f"عملیاتی به نام «{asked[:60]}» نیست.",
        fields=[{"field": "emergency", "code": "unknown", "message": "no such emergency"}],
    )


def elsewhere() -> Problem:
    """403: bound to one emergency, asked for another."""
    return Problem(
        403,
        "emergency.elsewhere",
        "This token is bound to another emergency.",
        "این توکن ویژهٔ عملیات دیگری است.",
    )


async def find(conn: Conn, asked: str | UUID) -> UUID:
    """An emergency by id or code. Raises `emergency.unknown`."""
    try:
        wanted = asked if isinstance(asked, UUID) else UUID(asked)
    except ValueError:
        row = await queries.by_code(conn, str(asked)) if is_code(str(asked)) else None
        if row is None:
            raise unknown(str(asked)) from None
        return UUID(str(row["id"]))
    if not await queries.exists(conn, wanted):
        raise unknown(str(asked))
    return wanted


async def resolve(conn: Conn, principal_emergency_id: UUID | None, asked: str | UUID | None) -> UUID | None:
    """Which emergency is meant: the bound one, the one asked for (id or code), the sole open one; else None: triage.

    Raises `emergency.unknown` for one that is not there and `emergency.elsewhere` for one beyond the bound.
    """
    if asked is not None and asked != "":
        found = await find(conn, asked)
        if principal_emergency_id not in {None, found}:
            raise elsewhere()
        return found
    if principal_emergency_id is not None:
        return principal_emergency_id
    open_ones = await queries.open_ids(conn)
    return open_ones[0] if len(open_ones) == 1 else None


async def ensure(
    conn: Conn,
    code: str,
    names: tuple[str, str] | None = None,
    kind: str = "other",
    *,
    drill: bool = False,
    country: str = "IR",
    area: Mapping[str, Any] | None = None,
    actor: str = "system",
) -> UUID:
    """The emergency of that code, made if absent; `names` are (Persian, English), the code when not given."""
    if not is_code(code):
        raise Problem(
            400,
            "emergency.code",
            "An emergency's code is small Latin letters and digits, parted by dashes.",
            "کد عملیات از حروف کوچک لاتین و رقم است که با خط تیره جدا می‌شود.",
        )
    name_fa, name_en = names or (code, code)
    new_id = uuid7()
    new = {
        "id": new_id,
        "code": code,
        "name_fa": name_fa,
        "name_en": name_en,
        "kind": kind,
        "drill": drill,
        "country": country,
        "area": area,
    }
    if await queries.add(conn, new):
        await emit(conn, NewEvent("emergency.opened", "emergency", new_id, new_id, actor))
        return new_id
    return await find(conn, code)


async def create(conn: Conn, body: NewEmergency, *, drill: bool, actor: str) -> DictRow:
    """Open an emergency. 409 when its code is taken."""
    new = {**body.model_dump(), "id": uuid7(), "drill": drill}
    if not await queries.add(conn, new):
        raise Problem(409, "emergency.code_taken", "There is an emergency of that code.", "عملیاتی با این کد هست.")
    await emit(conn, NewEvent("emergency.opened", "emergency", new["id"], new["id"], actor))
    return await seen(conn, new["id"])


async def seen(conn: Conn, emergency_id: UUID, *, lock: bool = False) -> DictRow:
    """An emergency that is there, else 404."""
    row = await queries.one(conn, emergency_id, lock=lock)
    if row is None:
        raise not_found("emergency")
    return row


async def change(conn: Conn, emergency_id: UUID, version: int, body: EmergencyChange, *, actor: str) -> DictRow:
    """Change it if it still is what the editor saw; else 412 with what it is now."""
    now = await seen(conn, emergency_id, lock=True)
    if now["version"] != version:
        raise stale(feature(now))
    await queries.change(conn, emergency_id, body.model_dump())
    if body.status and body.status != now["status"]:
        verb = "emergency.closed" if body.status == "closed" else "emergency.opened"
        await emit(conn, NewEvent(verb, "emergency", emergency_id, emergency_id, actor))
    return await seen(conn, emergency_id)
