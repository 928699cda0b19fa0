"""The SQL of the house page: ways in that are alive, and what is set up already."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn


async def tokens(conn: Conn, centre: UUID | None, limit: int) -> list[DictRow]:
    """Live tokens, newest first; of one centre alone where the reader is bound to it."""
    return await (
        await conn.execute(
            "SELECT t.id, t.role, t.name, t.created_at, c.name_fa AS centre_fa, c.name_en AS centre_en,"
            " e.name_fa AS emergency_fa, e.name_en AS emergency_en, v.code AS volunteer FROM tokens t"
            " LEFT JOIN centres c ON c.id = t.centre_id LEFT JOIN emergencies e ON e.id = t.emergency_id"
            " LEFT JOIN volunteers v ON v.id = t.volunteer_id WHERE t.revoked_at IS NULL"
            " AND (%(centre)s::uuid IS NULL OR t.centre_id = %(centre)s) ORDER BY t.created_at"
            " DESC, t.id LIMIT %(limit)s",
            {"centre": centre, "limit": limit},
        )
    ).fetchall()


async def invites(conn: Conn, centre: UUID | None, limit: int) -> list[DictRow]:
    """Invitations that nobody has used and whose time is not over, the one that ends first at the top."""
    return await (
        await conn.execute(
            "SELECT i.id, i.role, i.created_at, i.expires_at, c.name_fa AS centre_fa, c.name_en AS centre_en,"
            " v.code AS volunteer FROM invites i LEFT JOIN centres c ON c.id = i.centre_id"
            " LEFT JOIN volunteers v ON v.id = i.volunteer_id WHERE i.used_at IS NULL AND"
            " i.expires_at > clock_timestamp()"
            " AND (%(centre)s::uuid IS NULL OR i.centre_id = %(centre)s) ORDER BY i.expires_at, i.id LIMIT %(limit)s",
            {"centre": centre, "limit": limit},
        )
    ).fetchall()


async def centres(conn: Conn, ids: Sequence[UUID] | None) -> list[DictRow]:
    """The centres with how many volunteers each has."""
    return await (
        await conn.execute(
            "SELECT c.id, c.code, c.name_fa, c.name_en, c.active, c.version, p.name_fa AS"
            " place_fa, p.name_en AS place_en,"
            " (SELECT count(*) FROM volunteers v WHERE v.centre_id = c.id AND v.status = 'active') AS volunteers"
            " FROM centres c LEFT JOIN places p ON p.id = c.place_id"
            " WHERE %(ids)s::uuid[] IS NULL OR c.id = ANY(%(ids)s) ORDER BY c.code LIMIT 200",
            {"ids": None if ids is None else list(ids)},
        )
    ).fetchall()


async def done(conn: Conn) -> dict[str, Any]:
    """Which first steps have been taken: an open emergency, a centre, a gateway, more people than one."""
    row = await (
        await conn.execute(
            "SELECT EXISTS (SELECT 1 FROM emergencies WHERE status = 'open') AS emergency,"
            " EXISTS (SELECT 1 FROM centres WHERE active) AS centre,"
            " EXISTS (SELECT 1 FROM tokens WHERE role = 'gateway' AND revoked_at IS NULL) AS gateway,"
            " (SELECT count(*) FROM (SELECT 1 FROM accounts LIMIT 2) a) > 1 AS people,"
            " EXISTS (SELECT 1 FROM stock LIMIT 1) AS stock"
        )
    ).fetchone()
    return dict(row or {})
