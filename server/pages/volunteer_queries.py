"""The SQL of the pages of volunteers and of registration: who waits, who is silent, who rests, teams and shifts."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.volunteers.queries import SENDABLE

_SHOWN: Final = (
    "v.id, v.code, v.centre_id, v.skills, v.languages, v.gender, v.vehicle, v.capacity_kg, v.status, v.vetting,"
    " v.rest_until, v.rest_why, v.on_duty_since, v.heard_at, v.check_every_s, v.check_due_at, v.silent_at, v.version,"
    " v.created_at, v.phone_sealed IS NOT NULL AS has_phone, v.name_sealed IS NOT NULL AS has_name,"
    " v.rest_until > clock_timestamp() AS rests"
)
_HOLDS: Final = (
    "(SELECT count(*) FROM tasks t WHERE t.holder_id = v.id"
    " AND t.state IN ('claimed', 'accepted', 'en_route', 'escalated')) AS holds"
)
_MINE: Final = "(%(centres)s::uuid[] IS NULL OR v.centre_id = ANY(%(centres)s))"
STATES: Final[Mapping[str, str]] = {
    "sendable": SENDABLE,
    "duty": "v.on_duty_since IS NOT NULL AND v.vetting = 'vetted'",
    "silent": "v.silent_at IS NOT NULL",
    "resting": "v.vetting = 'vetted' AND (v.status = 'resting' OR v.rest_until > clock_timestamp())",
    "away": "v.vetting = 'vetted' AND v.status = 'away'",
    "inactive": "v.vetting = 'vetted' AND v.status = 'inactive'",
    "pending": "v.vetting = 'pending'",
    "refused": "v.vetting = 'refused'",
}
"""How somebody stands → who that is, for the alias `v`."""
_FILTERS: Final = {
    "skill": "v.skills @> ARRAY[%(skill)s]::text[]",
    "language": "v.languages @> ARRAY[%(language)s]::text[]",
    "gender": "v.gender = %(gender)s",
    "code": "v.code ILIKE %(code)s",
}


def _bound(centres: Sequence[UUID] | None) -> dict[str, Any]:
    return {"centres": None if centres is None else list(centres)}


async def counts(conn: Conn, centres: Sequence[UUID] | None) -> DictRow:
    """How many stand how, by the names of STATES, and `every` one that is confirmed."""
    each = ", ".join(f"count(*) FILTER (WHERE {true}) AS {name}" for name, true in STATES.items())
    row = await (
        await conn.execute(
            f"SELECT {each}, count(*) FILTER (WHERE v.vetting = 'vetted') AS every FROM volunteers v WHERE {_MINE}",
            _bound(centres),
        )
    ).fetchone()
    return row or {}


async def waiting(conn: Conn, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """Who registered and waits for a centre's word, the longest waiting first."""
    return await (
        await conn.execute(
            f"SELECT {_SHOWN} FROM volunteers v WHERE v.vetting = 'pending' AND {_MINE} ORDER BY v.id LIMIT %(limit)s",
            _bound(centres) | {"limit": limit},
        )
    ).fetchall()


async def silent(conn: Conn, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """Whose sign of life was due and did not come, the longest silent first, with the codes of what they hold."""
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}, (SELECT coalesce(array_agg(t.code ORDER BY t.code), '{{}}') FROM tasks t WHERE"
            " t.holder_id = v.id AND t.state IN ('claimed', 'accepted', 'en_route', 'escalated')) AS tasks,"
            " (SELECT m.code FROM team_members k JOIN teams m ON m.id = k.team_id WHERE k.volunteer_id = v.id"
            " AND k.left_at IS NULL) AS team FROM volunteers v"
            f" WHERE v.silent_at IS NOT NULL AND {_MINE} ORDER BY v.silent_at, v.id LIMIT %(limit)s",
            _bound(centres) | {"limit": limit},
        )
    ).fetchall()


async def resting(conn: Conn, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """Who has to rest or wished to, whoever is back first at the top."""
    return await (
        await conn.execute(
            f"SELECT {_SHOWN} FROM volunteers v WHERE {STATES['resting']} AND {_MINE}"
            " ORDER BY v.rest_until NULLS LAST, v.code LIMIT %(limit)s",
            _bound(centres) | {"limit": limit},
        )
    ).fetchall()


async def volunteers(
    conn: Conn, centres: Sequence[UUID] | None, wish: Mapping[str, str], after: str, limit: int
) -> list[DictRow]:
    """Volunteers by code. `wish`: state (of STATES), skill, language, gender, code (its beginning)."""
    state = wish.get("state")
    where = [STATES[state] if state else "v.vetting = 'vetted'", _MINE, "v.code > %(after)s"]
    where += [true for name, true in _FILTERS.items() if wish.get(name)]
    values = {**wish, **_bound(centres), "after": after, "limit": limit}
    if wish.get("code"):
        values["code"] = wish["code"].replace("\\", "").replace("%", "").replace("_", "\\_") + "%"
    return await (
        await conn.execute(
            f"SELECT {_SHOWN}, {_HOLDS} FROM volunteers v WHERE {' AND '.join(where)} ORDER BY v.code LIMIT %(limit)s",
            values,
        )
    ).fetchall()


async def teams(conn: Conn, centres: Sequence[UUID] | None, limit: int) -> list[DictRow]:
    """Teams that stand, with their members [{code, leads, woman, silent}] and the task that they hold."""
    return await (
        await conn.execute(
            "SELECT m.id, m.code, m.centre_id, m.created_at, (SELECT jsonb_agg(jsonb_build_object('code', v.code,"
            " 'leads', v.id = m.leader_id, 'woman', v.gender = 'woman', 'silent', v.silent_at IS NOT NULL)"
            " ORDER BY v.id <> m.leader_id, v.code) FROM team_members k JOIN volunteers v ON v.id = k.volunteer_id"
            " WHERE k.team_id = m.id AND k.left_at IS NULL) AS members, (SELECT jsonb_agg(jsonb_build_object('id',"
            " t.id, 'code', t.code, 'state', t.state) ORDER BY t.id) FROM tasks t WHERE t.team_id = m.id AND t.state IN"
            " ('claimed', 'accepted', 'en_route', 'escalated')) AS tasks FROM teams m WHERE m.status = 'active'"
            " AND (%(centres)s::uuid[] IS NULL OR m.centre_id = ANY(%(centres)s)) ORDER BY m.code LIMIT %(limit)s",
            _bound(centres) | {"limit": limit},
        )
    ).fetchall()


async def shifts(
    conn: Conn, centres: Sequence[UUID] | None, span: tuple[datetime, datetime], limit: int
) -> list[DictRow]:
    """Shifts that touch a span of time, by their beginning; `now`, `late`: whether it runs, and nobody has come."""
    return await (
        await conn.execute(
            "SELECT s.id, s.centre_id, s.work, s.starts_at, s.ends_at, s.checked_in_at, s.checked_out_at, s.noted_at,"
            " s.version, v.code AS volunteer, clock_timestamp() BETWEEN s.starts_at AND s.ends_at AS now,"
            " s.checked_in_at IS NULL AND clock_timestamp() > s.starts_at + interval '15 minutes' AS late"
            " FROM shifts s JOIN volunteers v ON v.id = s.volunteer_id WHERE s.cancelled_at IS NULL"
            " AND (%(centres)s::uuid[] IS NULL OR s.centre_id = ANY(%(centres)s)) AND s.starts_at < %(to)s"
            " AND s.ends_at > %(from)s ORDER BY s.starts_at, v.code, s.id LIMIT %(limit)s",
            _bound(centres) | {"from": span[0], "to": span[1], "limit": limit},
        )
    ).fetchall()


async def own(conn: Conn, volunteer_id: UUID) -> DictRow | None:
    """What a volunteer is told of her own registration: code, vetting, centre, when."""
    return await (
        await conn.execute(
            "SELECT v.code, v.vetting, v.created_at, c.name_fa AS centre_fa, c.name_en AS centre_en"
            " FROM volunteers v JOIN centres c ON c.id = v.centre_id WHERE v.id = %s",
            (volunteer_id,),
        )
    ).fetchone()


async def open_centres(conn: Conn) -> list[DictRow]:
    """The centres that one can register at, by name."""
    return await (
        await conn.execute("SELECT id, name_fa, name_en FROM centres WHERE active ORDER BY name_fa, code LIMIT 200")
    ).fetchall()
