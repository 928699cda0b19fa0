"""All SQL of access: tokens, sessions, accounts, invites."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from server.kernel.db import Conn

_ROLE = "CASE WHEN v.vetting <> 'vetted' AND {of}.role = 'volunteer' THEN 'applicant' ELSE {of}.role END AS role"
"""Whom no centre has confirmed, or who was refused, is an applicant, whatever was given to her."""
_TOKEN = (
    f"SELECT t.id, {_ROLE.format(of='t')}, t.centre_id, t.emergency_id, t.volunteer_id FROM tokens t"  # noqa: S608 - its own texts
    " LEFT JOIN volunteers v ON v.id = t.volunteer_id WHERE t.hash = %s AND t.revoked_at IS NULL"
)
_GRANTS = (
    f"SELECT s.hash, s.account_id, {_ROLE.format(of='g')}, g.centre_id, g.emergency_id, g.volunteer_id FROM sessions s"  # noqa: S608 - its own texts
    " JOIN accounts a ON a.id = s.account_id AND a.disabled_at IS NULL JOIN grants g ON g.account_id = a.id"
    " LEFT JOIN volunteers v ON v.id = g.volunteer_id"
    " WHERE s.revoked_at IS NULL AND s.expires_at > clock_timestamp()"
)
_SESSION = f"{_GRANTS} AND s.hash = %s ORDER BY g.id"
_SESSIONS = f"{_GRANTS} AND s.hash = ANY(%s) ORDER BY s.hash, g.id"


async def token_by_hash(conn: Conn, secret_hash: bytes) -> DictRow | None:
    """A live token."""
    return await (await conn.execute(_TOKEN, (secret_hash,))).fetchone()


async def tokens_by_hash(conn: Conn, hashes: Sequence[bytes]) -> list[DictRow]:
    """Live tokens, several at once, each with its hash."""
    return await (
        await conn.execute(
            f"SELECT t.hash, t.id, {_ROLE.format(of='t')}, t.centre_id, t.emergency_id, t.volunteer_id FROM tokens t"  # noqa: S608 - its own texts
            " LEFT JOIN volunteers v ON v.id = t.volunteer_id WHERE t.hash = ANY(%s) AND t.revoked_at IS NULL",
            (list(hashes),),
        )
    ).fetchall()


async def gateway_tokens(conn: Conn) -> list[DictRow]:
    """The live tokens of gateways."""
    return await (
        await conn.execute(
            "SELECT hash, id, role, centre_id, emergency_id, volunteer_id FROM tokens"
            " WHERE role = 'gateway' AND revoked_at IS NULL ORDER BY id"
        )
    ).fetchall()


async def session_scopes(conn: Conn, secret_hash: bytes) -> list[DictRow]:
    """The grants behind a live session; none when it is unknown, over or the account is disabled."""
    return await (await conn.execute(_SESSION, (secret_hash,))).fetchall()


async def scopes_of_sessions(conn: Conn, hashes: Sequence[bytes]) -> list[DictRow]:
    """As `session_scopes`, of several sessions, those of one together."""
    return await (await conn.execute(_SESSIONS, (list(hashes),))).fetchall()


async def add_token(conn: AsyncConnection[Any], row: dict[str, Any]) -> None:
    """Insert a token."""
    await conn.execute(
        "INSERT INTO tokens (id, hash, role, name, centre_id, emergency_id, volunteer_id) VALUES"
        " (%(id)s, %(hash)s, %(role)s, %(name)s, %(centre_id)s, %(emergency_id)s, %(volunteer_id)s)",
        row,
    )


async def keep_digest(conn: AsyncConnection[Any], row: dict[str, Any]) -> None:
    """Set what a token proves itself with by HTTP Digest."""
    await conn.execute(
        "UPDATE tokens SET digest_sealed = %(digest_sealed)s, data_key_wrapped = %(data_key_wrapped)s,"
        " sealing_key_id = %(sealing_key_id)s WHERE id = %(id)s",
        row,
    )


async def token_by_id(conn: Conn, token_id: UUID) -> DictRow | None:
    """A live token that may prove itself by HTTP Digest."""
    return await (
        await conn.execute(
            f"SELECT t.id, {_ROLE.format(of='t')}, t.centre_id, t.emergency_id, t.volunteer_id, t.digest_sealed,"  # noqa: S608 - its own texts
            " t.data_key_wrapped FROM tokens t LEFT JOIN volunteers v ON v.id = t.volunteer_id"
            " WHERE t.id = %s AND t.revoked_at IS NULL AND t.digest_sealed IS NOT NULL",
            (token_id,),
        )
    ).fetchone()


async def revoke_token(conn: AsyncConnection[Any], token_id: UUID) -> bool:
    """End a token; False when there was none alive."""
    done = await conn.execute(
        "UPDATE tokens SET revoked_at = clock_timestamp(), digest_sealed = NULL, data_key_wrapped = NULL,"
        " sealing_key_id = NULL WHERE id = %s AND revoked_at IS NULL",
        (token_id,),
    )
    return done.rowcount == 1


async def add_invite(conn: AsyncConnection[Any], row: dict[str, Any]) -> None:
    """Insert an invite that lives `hours`."""
    await conn.execute(
        "INSERT INTO invites (id, hash, role, centre_id, emergency_id, volunteer_id, expires_at)"
        " VALUES (%(id)s, %(hash)s,"
        " %(role)s, %(centre_id)s, %(emergency_id)s, %(volunteer_id)s,"
        " clock_timestamp() + make_interval(hours => %(hours)s))",
        row,
    )


_OPEN_INVITE = (
    "SELECT id, role, centre_id, emergency_id, volunteer_id FROM invites WHERE hash = %s AND used_at IS NULL"
    " AND expires_at > clock_timestamp()"
)
_OPEN_INVITE_LOCKED = _OPEN_INVITE + " FOR UPDATE"


async def open_invite(conn: Conn, secret_hash: bytes, *, lock: bool) -> DictRow | None:
    """An invite that is neither used nor over; locked when it is about to be used."""
    statement = _OPEN_INVITE_LOCKED if lock else _OPEN_INVITE
    return await (await conn.execute(statement, (secret_hash,))).fetchone()


async def use_invite(conn: Conn, invite_id: UUID, account_id: UUID) -> None:
    """Mark an invite as used."""
    await conn.execute(
        "UPDATE invites SET used_at = clock_timestamp(), used_by = %s WHERE id = %s", (account_id, invite_id)
    )


async def add_account(conn: Conn, account_id: UUID, handle: str, passphrase_hash: str, language: str) -> None:
    """Insert an account; a taken handle breaks uq_accounts_handle."""
    await conn.execute(
        "INSERT INTO accounts (id, handle, passphrase_hash, language) VALUES (%s, %s, %s, %s)",
        (account_id, handle, passphrase_hash, language),
    )


async def add_grant(conn: Conn, row: dict[str, Any]) -> None:
    """Give an account a role."""
    await conn.execute(
        "INSERT INTO grants (id, account_id, role, centre_id, emergency_id, volunteer_id) VALUES"
        " (%(id)s, %(account_id)s, %(role)s, %(centre_id)s, %(emergency_id)s, %(volunteer_id)s)",
        row,
    )


async def account_by_handle(conn: Conn, handle: str) -> DictRow | None:
    """An account that may sign in."""
    return await (
        await conn.execute(
            "SELECT id, passphrase_hash, language FROM accounts"
            " WHERE lower(handle) = lower(%s) AND disabled_at IS NULL",
            (handle,),
        )
    ).fetchone()


async def add_session(conn: Conn, session_id: UUID, secret_hash: bytes, account_id: UUID, hours: int) -> None:
    """Insert a session that lives `hours`."""
    await conn.execute(
        "INSERT INTO sessions (id, hash, account_id, expires_at) VALUES (%s, %s, %s,"
        " clock_timestamp() + make_interval(hours => %s))",
        (session_id, secret_hash, account_id, hours),
    )


async def end_session(conn: Conn, secret_hash: bytes) -> None:
    """End a session."""
    await conn.execute(
        "UPDATE sessions SET revoked_at = clock_timestamp() WHERE hash = %s AND revoked_at IS NULL",
        (secret_hash,),
    )
