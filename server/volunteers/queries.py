"""All SQL of volunteers."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

SENDABLE: Final = (
    "(v.status = 'active' AND v.vetting = 'vetted' AND (v.rest_until IS NULL OR v.rest_until < clock_timestamp()))"
)
"""Who may be sent, for the alias `v` of `volunteers`: there, confirmed by a centre, and rested."""
_SHOWN: Final = (
    "v.id, v.code, v.centre_id, v.skills, v.languages, v.gender, v.vehicle, v.capacity_kg, v.status,"
    " v.vetting, v.rest_until, v.rest_why, v.on_duty_since, v.heard_at, v.check_every_s, v.check_due_at, v.silent_at,"
    " v.version, v.created_at, v.updated_at, ST_X(c.geom) AS centre_lon, ST_Y(c.geom) AS centre_lat"
)
WRITTEN: Final = (
    "code",
    "centre_id",
    "name_sealed",
    "phone_sealed",
    "phone_hash",
    "phone_claim",
    "data_key_wrapped",
    "sealing_key_id",
    "skills",
    "languages",
    "gender",
    "vehicle",
    "capacity_kg",
    "status",
    "vetting",
    "rest_until",
    "rest_why",
    "check_every_s",
)
_FILTERS: Final = {
    "centres": "v.centre_id = ANY(%(centres)s)",
    "status": "v.status = %(status)s",
    "skill": "%(skill)s = ANY(v.skills)",
    "gender": "v.gender = %(gender)s",
    "vetting": "v.vetting = %(vetting)s",
    "since": "v.updated_at > %(since)s",
}


async def volunteers(conn: Conn, filters: dict[str, Any], after: str, limit: int) -> list[DictRow]:
    """Volunteers by code, each with how many tasks they hold."""
    where = ["v.code > %(after)s"] + [_FILTERS[name] for name, value in filters.items() if value is not None]
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}, (SELECT count(*) FROM tasks t WHERE t.holder_id = v.id AND t.state IN"
            " ('claimed', 'accepted', 'en_route', 'escalated')) AS holds FROM volunteers v JOIN centres c ON"
            " c.id = v.centre_id"
            f" WHERE {' AND '.join(where)} ORDER BY v.code LIMIT %(limit)s",
            filters | {"after": after, "limit": limit},
        )
    ).fetchall()


async def volunteer(conn: Conn, volunteer_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One volunteer with the sealed columns."""
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}, v.name_sealed, v.phone_sealed, v.phone_claim, v.data_key_wrapped FROM volunteers v JOIN"
            " centres c"
            " ON c.id = v.centre_id WHERE v.id ="
            " %s" + (" FOR NO KEY UPDATE OF v" if lock else ""),
            (volunteer_id,),
        )
    ).fetchone()


async def known(conn: Conn, codes: Sequence[str], hashes: Sequence[bytes]) -> list[DictRow]:
    """{code, phone_hash, centre_id} of those who have one of these codes or numbers."""
    return await (
        await conn.execute(
            "SELECT v.code, v.phone_hash, v.centre_id FROM unnest(%s::text[]) c JOIN volunteers v ON v.code = c"
            " UNION SELECT v.code, v.phone_hash, v.centre_id FROM unnest(%s::bytea[]) h"
            " JOIN volunteers v ON v.phone_hash = h",
            (list(codes), list(hashes)),
        )
    ).fetchall()


async def add(conn: Conn, row: dict[str, Any]) -> None:
    """Insert a volunteer; a known code or number breaks its unique key."""
    columns = [column for column in ("id", *WRITTEN) if column in row]
    await conn.execute(
        f"INSERT INTO volunteers ({', '.join(columns)}) VALUES ({', '.join(f'%({c})s' for c in columns)})", row
    )


async def add_many(conn: Conn, rows: Sequence[dict[str, Any]]) -> None:
    """Insert volunteers that have the same columns, as `add` does, in one go."""
    if not rows:
        return
    columns = [column for column in ("id", *WRITTEN) if column in rows[0]]
    async with conn.cursor() as cursor:
        await cursor.executemany(
            f"INSERT INTO volunteers ({', '.join(columns)}) VALUES ({', '.join(f'%({c})s' for c in columns)})", rows
        )


async def change(conn: Conn, volunteer_id: UUID, changes: dict[str, Any]) -> None:
    """Write some of the columns."""
    sets = ", ".join(f"{column} = %({column})s" for column in changes if column in WRITTEN)
    await conn.execute(f"UPDATE volunteers SET {sets} WHERE id = %(id)s", changes | {"id": volunteer_id})


async def waiting(conn: Conn, centre_id: UUID, most: int) -> int | None:
    """How many wait for an active centre's word, counted up to `most`; None when there is no such centre."""
    row = await (
        await conn.execute(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM volunteers v WHERE v.centre_id = c.id"
            " AND v.vetting = 'pending' LIMIT %s) w) AS n FROM centres c WHERE c.id = %s AND c.active",
            (most, centre_id),
        )
    ).fetchone()
    return row["n"] if row else None


async def unanswered(conn: Conn, days: int, most: int) -> list[UUID]:
    """Who has waited longer than so many days for a centre's word, locked, the longest first."""
    rows = await (
        await conn.execute(
            "SELECT id FROM volunteers WHERE vetting = 'pending' AND created_at < now() - %s * interval '1 day'"
            " ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
            (days, most),
        )
    ).fetchall()
    return [row["id"] for row in rows]


async def still_pending(conn: Conn, volunteer_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these who wait for a centre's word, locked in order."""
    rows = await (
        await conn.execute(
            "SELECT id FROM volunteers WHERE id = ANY(%s::uuid[]) AND vetting = 'pending'"
            " ORDER BY id FOR NO KEY UPDATE",
            (list(volunteer_ids),),
        )
    ).fetchall()
    return [row["id"] for row in rows]


async def registered_as(conn: Conn, handle: str) -> DictRow | None:
    """{id, code, centre_id, vetting, account_id} of the volunteer whose account has this handle."""
    return await (
        await conn.execute(
            "SELECT v.id, v.code, v.centre_id, v.vetting, a.id AS account_id FROM accounts a JOIN grants g"
            " ON g.account_id = a.id JOIN volunteers v ON v.id = g.volunteer_id WHERE lower(a.handle) = lower(%s)"
            " LIMIT 1",
            (handle,),
        )
    ).fetchone()


async def decide(conn: Conn, volunteer_id: UUID, decision: str, actor: str, changes: dict[str, Any]) -> None:
    """Write a centre's word and what follows from it."""
    await change(conn, volunteer_id, changes | {"vetting": decision})
    await conn.execute(
        "UPDATE volunteers SET vetted_at = clock_timestamp(), vetted_by = %s WHERE id = %s", (actor, volunteer_id)
    )


async def restart_timer(conn: Conn, volunteer_id: UUID) -> None:
    """A sign of life is due one whole interval from now; without a timer none is, and nobody is silent."""
    await conn.execute(
        "UPDATE volunteers SET check_due_at = clock_timestamp() + check_every_s * interval '1 second',"
        " silent_at = CASE WHEN check_every_s IS NOT NULL THEN silent_at END WHERE id = %s",
        (volunteer_id,),
    )


async def centres_by_name(conn: Conn) -> dict[str, UUID]:
    """Every centre by its code and by each name that is one centre's alone, casefolded."""
    rows = await (await conn.execute("SELECT id, code, name_fa, name_en FROM centres")).fetchall()
    names: dict[str, set[UUID]] = {}
    for row in rows:
        for name in (row["name_fa"], row["name_en"]):
            names.setdefault(name.casefold(), set()).add(row["id"])
    sole = {name: next(iter(ids)) for name, ids in names.items() if len(ids) == 1}
    return sole | {row["code"].casefold(): row["id"] for row in rows}


async def centre_exists(conn: Conn, centre_id: UUID) -> bool:
    """Whether there is such a centre."""
    return await (await conn.execute("SELECT 1 FROM centres WHERE id = %s", (centre_id,))).fetchone() is not None
