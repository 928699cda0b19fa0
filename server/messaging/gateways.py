"""Gateways: the ways in and out for text messages; made, changed, listed, found by token or secret path.

Its secrets (signing keys, passwords of sending APIs) are sealed, and opened only in the processes that need them. A
token or a secret path is shown once and kept as a hash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from server.access import service as access
from server.access.context import Context
from server.access.sealing import Record, SealedError
from server.access.secrets import new_secret, secret_hash
from server.kernel.db import Conn
from server.kernel.errors import CONSTRAINTS, Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.messaging import gateway_queries as queries
from server.messaging.beats import beat, trouble
from server.messaging.gateway_rules import DEFAULT_BEAT_S, door_path

TABLE: Final = "gateways"
KIND_S: Final = 0
"""As `beat_s`: what its kind is watched with."""
__all__ = [
    "Gateway",
    "Made",
    "NewGateway",
    "all_gateways",
    "beat",
    "by_path",
    "by_token",
    "change",
    "create",
    "gateway_of",
    "renew",
    "trouble",
]

CONSTRAINTS["uq_gateways_name"] = lambda: Problem(
    409, "gateway.name_taken", "Another gateway has this name.", "درگاه دیگری این نام را دارد."
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A row of `gateways`. `secrets` are opened; empty where the opening key is not on this machine.

    `settings`: addresses and parameter maps. `secrets`: `signing_key` (android), `auth_token` (twilio), what an
    adapter of the outbox needs (`password`, `api_key`).
    """

    id: UUID
    kind: str
    name: str
    enabled: bool = True
    emergency_id: UUID | None = None
    token_id: UUID | None = None
    path_hash: bytes | None = None
    allow_from: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    sends: bool = False
    send_order: int = 0
    daily_segments: int | None = None
    beat_s: int | None = None
    version: int = 1

    @property
    def actor(self) -> str:
        """How events name it."""
        return f"gateway:{self.id}"


@dataclass(frozen=True, slots=True)
class NewGateway:
    """What to make. `way`: a `token` of its own, a secret `path`, or `none` (it only sends).

    `beat_s`: `KIND_S` is the kind's default, None is not watched.
    """

    kind: str
    name: str
    way: str = "token"
    emergency_id: UUID | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_from: Sequence[str] = ()
    sends: bool = False
    send_order: int = 0
    daily_segments: int | None = None
    beat_s: int | None = KIND_S


@dataclass(frozen=True, slots=True)
class Made:
    """A new way in: the path to call, secret and all, and the secret alone. Shown once."""

    gateway_id: UUID
    way: str
    secret: str = field(repr=False)
    path: str = field(repr=False)


def gateway_of(ctx: Context, row: DictRow) -> Gateway:
    """The row with its secrets opened."""
    return Gateway(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        enabled=row["enabled"],
        emergency_id=row["emergency_id"],
        token_id=row["token_id"],
        path_hash=row["path_hash"],
        allow_from=tuple(row["allow_from"]),
        settings=row["settings"],
        secrets=_opened(ctx, row),
        sends=row["sends"],
        send_order=row["send_order"],
        daily_segments=row["daily_segments"],
        beat_s=row["beat_s"],
        version=row["version"],
    )


def _opened(ctx: Context, row: DictRow) -> dict[str, str]:
    if row["secrets_sealed"] is None or row["data_key_wrapped"] is None:
        return {}
    try:
        plain = ctx.sealing.of(TABLE, row["id"], row["data_key_wrapped"]).open("secrets_sealed", row["secrets_sealed"])
    except SealedError:
        return {}
    return dict(orjson.loads(plain)) if plain else {}


def _sealed(record: Record, secrets: Mapping[str, str]) -> bytes | None:
    return record.seal("secrets_sealed", orjson.dumps(dict(secrets))) if secrets else None


async def all_gateways(conn: Conn, ctx: Context) -> list[Gateway]:
    """Every gateway, disabled ones included, in the order in which they send."""
    return [gateway_of(ctx, row) for row in await queries.all_gateways(conn)]


async def by_token(conn: Conn, ctx: Context, token_id: UUID) -> Gateway | None:
    """The gateway that bears a token. Doors ask `registry.Registry`, which does not ask the database each time."""
    return next((g for g in await all_gateways(conn, ctx) if g.token_id == token_id), None)


async def by_path(conn: Conn, ctx: Context, secret: str) -> Gateway | None:
    """The gateway behind a secret path."""
    wanted = secret_hash(secret)
    return next((g for g in await all_gateways(conn, ctx) if g.path_hash == wanted), None)


async def create(conn: Conn, ctx: Context, new: NewGateway, *, actor: str = "system") -> tuple[Gateway, Made | None]:
    """Make a gateway and its way in. Raises 409 when the name is taken."""
    gateway_id = uuid7()
    record = ctx.sealing.new(TABLE, gateway_id)
    made, columns = await _way_in(conn, gateway_id, (new.kind, new.name), new.way, new.emergency_id, actor)
    await queries.add(
        conn,
        {
            "id": gateway_id,
            "kind": new.kind,
            "name": new.name.strip(),
            "emergency_id": new.emergency_id,
            "token_id": None,
            "path_hash": None,
            **columns,
            "allow_from": list(new.allow_from),
            "settings": dict(new.settings),
            "secrets_sealed": _sealed(record, new.secrets),
            "sends": new.sends,
            "send_order": new.send_order,
            "daily_segments": new.daily_segments,
            "beat_s": DEFAULT_BEAT_S.get(new.kind) if new.beat_s == KIND_S else new.beat_s,
            "sealing_key_id": record.key_id,
            "data_key_wrapped": record.wrapped,
        },
    )
    await emit(conn, NewEvent("gateway.added", "gateway", gateway_id, new.emergency_id, actor, data={"kind": new.kind}))
    return gateway_of(ctx, await _seen(conn, gateway_id)), made


async def _way_in(
    conn: Conn, gateway_id: UUID, called: tuple[str, str], way: str, emergency_id: UUID | None, actor: str
) -> tuple[Made | None, dict[str, Any]]:
    kind, name = called
    if way == "none":
        return None, {}
    if way == "path":
        secret = new_secret()
        return Made(gateway_id, way, secret, door_path(kind, path=secret)), {"path_hash": secret_hash(secret)}
    bounds = access.Bounds(emergency_id=emergency_id)
    token_id, secret = await access.create_token(conn, "gateway", f"gateway {name.strip()}", bounds, actor)
    return Made(gateway_id, way, secret, door_path(kind, token=secret)), {"token_id": token_id}


async def _seen(conn: Conn, gateway_id: UUID, *, lock: bool = False) -> DictRow:
    row = await queries.one(conn, gateway_id, lock=lock)
    if row is None:
        raise not_found("gateway")
    return row


async def change(
    conn: Conn, ctx: Context, gateway_id: UUID, version: int, changes: Mapping[str, Any], *, actor: str
) -> Gateway:
    """Set columns as of the version that the editor saw, else 412.

    `secrets` are laid over those that are kept; None ends one.
    """
    row = await _seen(conn, gateway_id, lock=True)
    if row["version"] != version:
        raise stale({"id": gateway_id, "name": row["name"], "version": row["version"]})
    columns = dict(changes)
    if (secrets := columns.pop("secrets", None)) is not None:
        record = ctx.sealing.of(TABLE, gateway_id, row["data_key_wrapped"])
        merged = {name: value for name, value in {**_opened(ctx, row), **secrets}.items() if value}
        columns["secrets_sealed"] = _sealed(record, merged)
    await queries.change(conn, gateway_id, columns)
    await emit(
        conn,
        NewEvent(
            "gateway.changed", "gateway", gateway_id, row["emergency_id"], actor, data={"fields": sorted(changes)}
        ),
    )
    return gateway_of(ctx, await _seen(conn, gateway_id))


async def renew(conn: Conn, gateway_id: UUID, way: str, *, actor: str) -> Made:
    """A new token or secret path; the old one of that way ends with this transaction."""
    row = await _seen(conn, gateway_id, lock=True)
    made, columns = await _way_in(conn, gateway_id, (row["kind"], row["name"]), way, row["emergency_id"], actor)
    if made is None:
        raise ValueError(way)
    await queries.change(conn, gateway_id, columns)
    if way == "token" and row["token_id"]:
        await access.revoke_token(conn, row["token_id"], actor)
    await emit(
        conn, NewEvent("gateway.changed", "gateway", gateway_id, row["emergency_id"], actor, data={"fields": [way]})
    )
    return made
