"""Who wants to help registers by herself, with as little as serves: what she can do and at which centre."""

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from server.access.context import Context
from server.access.service import Bounds, create_account, sign_in
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.volunteers import queries, service
from server.volunteers.schemas import Registration

BY_ADDRESS: Final = 20
"""Registrations, and attempts at them, from one address in an hour: whole neighbourhoods share one."""
WINDOW_S: Final = 3600
PENDING_MOST: Final = 1000
"""So many may wait for one centre's word; then it looks at those first."""


@dataclass(frozen=True, slots=True)
class Registered:
    """Who registered, and the account that signs in with the handle."""

    volunteer_id: UUID
    account_id: UUID
    code: str
    vetting: str = "pending"


async def register(conn: Conn, ctx: Context, asked: Registration, address: str | None, language: str) -> Registered:
    """A volunteer who waits for her centre's word, with an account of hers.

    The number, if there is one, is not compared with anybody's here: a stranger must not find out who is a volunteer.
    The same handle and passphrase again, from a telephone that lost the answer, are answered the same.
    Raises 403 when registration is closed, 404 for no active centre, 409 for a taken handle, 422 for a number that is
    none, 429 after too many from one address or for one centre.
    """
    if not ctx.settings.registration:
        raise closed()
    await _count(ctx, address)
    if before := await _before(conn, ctx, asked):
        return before
    waiting = await queries.waiting(conn, asked.centre, PENDING_MOST)
    if waiting is None:
        raise not_found("centre")
    if waiting >= PENDING_MOST:
        raise _too_many(WINDOW_S)
    phone = service.normal_phone(ctx, asked.phone)
    volunteer_id, code = uuid7(), new_code(8, "V-")
    await queries.add(
        conn,
        {
            "id": volunteer_id,
            "code": code,
            "centre_id": asked.centre,
            "gender": asked.gender,
            "skills": list(dict.fromkeys(asked.skills)),
            "languages": list(dict.fromkeys(asked.languages)),
            "vehicle": asked.vehicle,
            "capacity_kg": asked.capacity_kg,
            "status": "active",
            "vetting": "pending",
            **service.claimed(service.sealed_columns(ctx, volunteer_id, asked.name or None, phone)),
        },
    )
    # Bound to her and to no centre: her centre may change, and help near her may be another's to give out.
    bounds = Bounds(volunteer_id=volunteer_id)
    account_id = await create_account(conn, asked.handle, asked.passphrase, "volunteer", bounds, language)
    event = NewEvent("volunteer.registered", "volunteer", volunteer_id, None, f"account:{account_id}", asked.centre)
    await emit(conn, event)
    return Registered(volunteer_id, account_id, code)


async def _before(conn: Conn, ctx: Context, asked: Registration) -> Registered | None:
    """What this handle and passphrase registered before. Tries at a passphrase are counted as they are at the door."""
    row = await queries.registered_as(conn, asked.handle.strip())
    if row is None or row["centre_id"] != asked.centre:
        return None
    try:
        await sign_in(conn, ctx, asked.handle, asked.passphrase)
    except Problem as problem:
        # Too many tries at it are answered like a wrong one: a stranger must not learn whose handle is a volunteer's.
        if problem.code not in {"access.wrong", "access.too_many"}:
            raise
        return None
    return Registered(row["id"], row["account_id"], row["code"], row["vetting"])


def closed() -> Problem:
    """403: this house takes nobody in by this door."""
    return Problem(
        403,
        "registration.closed",
        "Registration is closed here. Ask a centre to take you in.",
        "ثبت‌نام در این‌جا بسته است. از یکی از مراکز بخواهید شما را ثبت کند.",
    )


def _too_many(seconds: int) -> Problem:
    return Problem(
        429,
        "registration.too_many",
        "Many are registering just now. Try again in an hour; thank you for wanting to help.",
        "اکنون بسیاری در حال ثبت‌نام‌اند. یک ساعت دیگر دوباره بیایید؛ سپاس که می‌خواهید یاری کنید.",
        headers={"Retry-After": str(seconds)},
    )


async def _count(ctx: Context, address: str | None) -> None:
    """One more from this address. Without Redis nobody is counted by address; a centre's own bound holds."""
    if address is None:
        return
    mark = ctx.sealing.keyed_hash("address", address)
    key = "hamyar:registering:" + hashlib.sha256(mark).hexdigest()[:24]
    try:
        tries = await ctx.redis.incr(key)
        if tries == 1:
            await ctx.redis.expire(key, WINDOW_S)
    except (RedisError, OSError, TimeoutError):
        return
    if tries > BY_ADDRESS:
        raise _too_many(WINDOW_S)
