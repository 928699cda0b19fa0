"""Use cases of access: letting people and machines in, and out."""

import asyncio
import hashlib
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from pwdlib import PasswordHash
from redis.exceptions import RedisError

from server.access import queries
from server.access.context import Context
from server.access.permissions import roles_for
from server.access.roles import ROLES, Role
from server.access.sealing import Sealing
from server.access.secrets import digest_secret, new_secret, secret_hash
from server.kernel.db import Conn
from server.kernel.errors import CONSTRAINTS, Problem, bad_request
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7

SESSION_HOURS = 12
INVITE_HOURS = 72
TRIES = 10
TRIES_WINDOW_S = 900
PASSPHRASE_MIN = 12
"""Length over rules: NIST SP 800-63B, 5.1.1.2."""

_hasher = PasswordHash.recommended()

CONSTRAINTS["uq_accounts_handle"] = lambda: Problem(
    409, "account.handle_taken", "That sign-in name is taken.", "این نام ورود پیش‌تر گرفته شده است."
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a role holds: a centre, an emergency, a volunteer; each None for everywhere and nobody in particular."""

    centre_id: UUID | None = None
    emergency_id: UUID | None = None
    volunteer_id: UUID | None = None


def check_role(role: str) -> Role:
    """The role, or a 400 problem that lists them."""
    for known in ROLES:
        if known == role:
            return known
    raise bad_request("role.unknown", f"Roles are: {', '.join(ROLES)}.", f"نقش‌ها: {'، '.join(ROLES)}.")


async def create_token(conn: Conn, role: Role, name: str, bounds: Bounds, actor: str = "system") -> tuple[UUID, str]:
    """Make a token; returns its id and the secret, which is shown once and never stored."""
    token_id, secret = uuid7(), new_secret()
    await queries.add_token(
        conn, {"id": token_id, "hash": secret_hash(secret), "role": role, "name": name, **_columns(bounds)}
    )
    await emit(
        conn,
        NewEvent("token.created", "token", token_id, bounds.emergency_id, actor, bounds.centre_id, {"role": role}),
    )
    return token_id, secret


async def keep_digest(conn: Conn, sealing: Sealing, role: Role, token_id: UUID, secret: str) -> None:
    """Let a new token prove itself by Digest too, if its role fills in forms; Collect has no other way without HTTPS.

    Sealed as any personal column, and gone when the token is revoked.
    """
    if role not in roles_for("form.submit"):
        return
    record = sealing.new("tokens", token_id)
    columns = {
        "id": token_id,
        "digest_sealed": record.seal("digest_sealed", digest_secret(token_id, secret)),
        "data_key_wrapped": record.wrapped,
        "sealing_key_id": record.key_id,
    }
    await queries.keep_digest(conn, columns)


async def revoke_token(conn: Conn, token_id: UUID, actor: str) -> None:
    """End a token. Raises 404 when there is none alive."""
    if not await queries.revoke_token(conn, token_id):
        raise Problem(404, "token.unknown", "No such live token.", "چنین توکن زنده‌ای نیست.")
    await emit(conn, NewEvent("token.revoked", "token", token_id, actor=actor))


async def create_invite(conn: Conn, role: Role, bounds: Bounds, hours: int = INVITE_HOURS) -> str:
    """Make a one-time invitation; returns its secret."""
    secret = new_secret()
    await queries.add_invite(
        conn, {"id": uuid7(), "hash": secret_hash(secret), "role": role, "hours": hours, **_columns(bounds)}
    )
    return secret


async def create_account(
    conn: Conn, handle: str, passphrase: str, role: Role, bounds: Bounds, language: str = "fa"
) -> UUID:
    """An account with one grant. Raises 400 for a short passphrase or an odd handle, 409 for a taken handle."""
    handle = handle.strip()
    if not 2 <= len(handle) <= 60 or not handle.isprintable():  # noqa: PLR2004 - the column's CHECK
        raise bad_request("account.handle", "A sign-in name has 2 to 60 characters.", "نام ورود ۲ تا ۶۰ نویسه دارد.")
    if len(passphrase) < PASSPHRASE_MIN:
        raise bad_request(
            "account.passphrase_short",
            f"A passphrase has at least {PASSPHRASE_MIN} characters.",
            "عبارت عبور دست‌کم ۱۲ نویسه دارد.",
        )
    account_id = uuid7()
    hashed = await asyncio.to_thread(_hasher.hash, passphrase)
    await queries.add_account(conn, account_id, handle, hashed, language)
    await queries.add_grant(conn, {"id": uuid7(), "account_id": account_id, "role": role, **_columns(bounds)})
    await emit(
        conn,
        NewEvent(
            "account.created",
            "account",
            account_id,
            bounds.emergency_id,
            "system",
            bounds.centre_id,
            {"role": role},
        ),
    )
    return account_id


async def accept_invite(conn: Conn, secret: str, handle: str, passphrase: str, language: str) -> str:
    """Use an invitation once: an account and a session, whose secret is returned. Raises 410 when it is over."""
    invite = await queries.open_invite(conn, secret_hash(secret), lock=True)
    if invite is None:
        raise invite_over()
    bounds = Bounds(invite["centre_id"], invite["emergency_id"], invite["volunteer_id"])
    account_id = await create_account(conn, handle, passphrase, invite["role"], bounds, language)
    await queries.use_invite(conn, invite["id"], account_id)
    return await open_session(conn, account_id)


def invite_over() -> Problem:
    """410: a link works once and not for ever."""
    return Problem(
        410,
        "invite.over",
        "This invitation was used or is over. Ask for a new one.",
        "این دعوت‌نامه استفاده شده یا زمانش گذشته است. دعوت‌نامهٔ تازه بخواهید.",
    )


async def sign_in(conn: Conn, ctx: Context, handle: str, passphrase: str) -> str:
    """A new session's secret. Raises 401 for a wrong pair, 429 after too many tries on one handle."""
    await _count_try(ctx, handle)
    account = await queries.account_by_handle(conn, handle.strip())
    known = account["passphrase_hash"] if account else None
    right = await asyncio.to_thread(_verify, passphrase, known)
    if account is None or not right:
        raise Problem(401, "access.wrong", "The name or the passphrase is wrong.", "نام یا عبارت عبور نادرست است.")
    return await open_session(conn, account["id"])


@cache
def _nobodys() -> str:
    """Compared with when the handle is unknown, so that the answer takes as long as for a known one."""
    return _hasher.hash("nobody has this passphrase")


def _verify(passphrase: str, known: str | None) -> bool:
    # Made for every handle alike: it costs as much as a look at a passphrase, once a process.
    nobodys = _nobodys()
    return _hasher.verify(passphrase, known or nobodys)


async def open_session(conn: Conn, account_id: UUID) -> str:
    """A session of SESSION_HOURS for an account; returns its secret."""
    secret = new_secret()
    await queries.add_session(conn, uuid7(), secret_hash(secret), account_id, SESSION_HOURS)
    return secret


async def sign_out(conn: Conn, secret: str) -> None:
    """End the session."""
    await queries.end_session(conn, secret_hash(secret))


def _columns(bounds: Bounds) -> dict[str, UUID | None]:
    return {
        "centre_id": bounds.centre_id,
        "emergency_id": bounds.emergency_id,
        "volunteer_id": bounds.volunteer_id,
    }


async def _count_try(ctx: Context, handle: str) -> None:
    # Without Redis nobody is counted: shutting every coordinator out would be worse than Argon2's own slowness.
    key = "hamyar:tries:" + hashlib.sha256(handle.strip().lower().encode()).hexdigest()[:24]
    try:
        tries = await ctx.redis.incr(key)
        if tries == 1:
            await ctx.redis.expire(key, TRIES_WINDOW_S)
    except (RedisError, OSError):
        return
    if tries > TRIES:
        raise Problem(
            429,
            "access.too_many",
            "Too many tries. Wait a quarter of an hour.",
            "تلاش‌های زیادی شد. یک ربع صبر کنید.",
            headers={"Retry-After": str(TRIES_WINDOW_S)},
        )
