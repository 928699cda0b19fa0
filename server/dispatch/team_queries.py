"""SQL of teams."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel import arrays
from server.kernel.db import Conn
from server.volunteers.queries import SENDABLE

_TEAM: Final = "t.id, t.code, t.centre_id, t.leader_id, t.status, t.stood_down_at, t.version, t.created_at"
_HELD: Final = "('claimed', 'accepted', 'en_route', 'escalated')"


async def teams(
    conn: Conn, *, centres: Sequence[UUID] | None, standing: bool, after: UUID | None, limit: int
) -> list[DictRow]:
    """Teams of these centres (None: of all), the newest first; `standing`: without those that were stood down."""
    return await (
        await conn.execute(
            f"SELECT {_TEAM} FROM teams t WHERE (%(centres)s::uuid[] IS NULL OR t.centre_id = ANY(%(centres)s))"
            " AND (NOT %(standing)s OR t.status = 'active') AND (%(after)s::uuid IS NULL OR t.id < %(after)s)"
            " ORDER BY t.id DESC LIMIT %(limit)s",
            {
                "centres": None if centres is None else list(centres),
                "standing": standing,
                "after": after,
                "limit": limit,
            },
        )
    ).fetchall()


async def team(conn: Conn, team_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One team."""
    tail = " FOR NO KEY UPDATE" if lock else ""
    return await (await conn.execute(f"SELECT {_TEAM} FROM teams t WHERE t.id = %s{tail}", (team_id,))).fetchone()


async def members(conn: Conn, team_ids: Sequence[UUID]) -> list[DictRow]:
    """Who is in these teams now: {team_id, id, code, centre_id, woman, skills, languages, ready, silent}."""
    return await (
        await conn.execute(
            "SELECT m.team_id, v.id, v.code, v.centre_id, v.gender = 'woman' AS woman, v.skills, v.languages,"
            f" {SENDABLE} AS ready, v.silent_at IS NOT NULL AS silent FROM team_members m"
            " JOIN volunteers v ON v.id = m.volunteer_id WHERE m.team_id = ANY(%s::uuid[]) AND m.left_at IS NULL"
            " ORDER BY m.team_id, v.code",
            (arrays.uuids(team_ids),),
        )
    ).fetchall()


async def held(conn: Conn, team_ids: Sequence[UUID]) -> list[DictRow]:
    """The open tasks in these teams' hands, with what each of them takes."""
    return await (
        await conn.execute(
            "SELECT t.team_id, t.id, t.code, t.state, t.crew_min, t.women_min, t.women_required, t.skills FROM tasks t"
            f" WHERE t.team_id = ANY(%s::uuid[]) AND t.state IN {_HELD} ORDER BY t.id",
            (arrays.uuids(team_ids),),
        )
    ).fetchall()


async def add(conn: Conn, row: dict[str, Any]) -> None:
    """A new team, without members yet."""
    await conn.execute(
        "INSERT INTO teams (id, code, centre_id, leader_id, made_by)"
        " VALUES (%(id)s, %(code)s, %(centre_id)s, %(leader_id)s, %(made_by)s)",
        row,
    )


async def join(conn: Conn, team_id: UUID, volunteer_ids: Sequence[UUID]) -> None:
    """They are in it from now on; who is in another breaks `uq_team_members_live`."""
    await conn.execute(
        "INSERT INTO team_members (team_id, volunteer_id, joined_at)"
        " SELECT %s, v, clock_timestamp() FROM unnest(%s::uuid[]) AS g(v) ORDER BY v",
        (team_id, arrays.uuids(volunteer_ids)),
    )


async def leave(conn: Conn, team_id: UUID, volunteer_ids: Sequence[UUID] | None = None) -> None:
    """They (None: all) are in it no more."""
    await conn.execute(
        "UPDATE team_members SET left_at = clock_timestamp() WHERE team_id = %(team)s AND left_at IS NULL"
        " AND (%(people)s::uuid[] IS NULL OR volunteer_id = ANY(%(people)s))",
        {"team": team_id, "people": None if volunteer_ids is None else list(volunteer_ids)},
    )


async def change(conn: Conn, team_id: UUID, leader_id: UUID) -> None:
    """Its leader; the version grows whatever changed in it."""
    await conn.execute("UPDATE teams SET leader_id = %s WHERE id = %s", (leader_id, team_id))


async def stand_down(conn: Conn, team_id: UUID) -> None:
    """It is together no more."""
    await conn.execute(
        "UPDATE teams SET status = 'stood_down', stood_down_at = clock_timestamp() WHERE id = %s", (team_id,)
    )


async def set_asks(conn: Conn, task_id: UUID, row: dict[str, Any]) -> None:
    """What a task takes, by a person's hand: the rules leave it alone from now on."""
    await conn.execute(
        "UPDATE tasks SET crew_min = %(crew_min)s, women_min = %(women_min)s, skills = %(skills)s, asks_by = %(by)s"
        " WHERE id = %(id)s",
        row | {"id": task_id},
    )
