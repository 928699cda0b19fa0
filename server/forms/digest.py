"""HTTP Digest for phones over plain HTTP: MD5 and `qop=auth` (RFC 7616; RFC 2617, which Collect's library speaks).

The user is the token's id, the password the token. A nonce is signed, so that any process knows it, and lives for a
few minutes; each count of it (`nc`) is good for one request.
"""

import hashlib
import hmac
import os
import re
import time
from collections import OrderedDict
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import Request
from nacl.exceptions import CryptoError
from psycopg.rows import DictRow
from redis.exceptions import RedisError

from server.access import queries
from server.access.context import Context
from server.access.principal import Principal, Scope
from server.access.sealing import SealedError, Sealing
from server.access.secrets import REALM

FRESH_S: Final = 300.0
MOST_COUNTED: Final = 5000
"""Requests under one nonce; the next one gets a new nonce."""
_LONGEST: Final = 4096
_PARAMETER: Final = re.compile(r'\s*([a-zA-Z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|\Z)')
_NONCE: Final = re.compile(r"([0-9a-f]{12}[0-9a-f]{16})([0-9a-f]{32})\Z")
_COUNT: Final = re.compile(r"[0-9a-fA-F]{8}\Z")


class Said(NamedTuple):
    """An `Authorization: Digest …`, read."""

    username: str
    realm: str
    nonce: str
    uri: str
    nc: str
    cnonce: str
    response: str


class Outcome(NamedTuple):
    """Who proved to be who; `stale`: the proof is right, and its nonce over or used before."""

    principal: Principal | None = None
    stale: bool = False


def read(header: str) -> Said | None:
    """The parameters of the header; None when it is another scheme, malformed, or asks for what is not offered."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "digest" or len(header) > _LONGEST:
        return None
    found: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PARAMETER.match(rest, at)
        if match is None or match[1].lower() in found:
            return None
        found[match[1].lower()] = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        at = match.end()
    if found.get("algorithm", "MD5").upper() != "MD5" or found.get("qop", "").lower() != "auth":
        return None
    said = Said(*(found.get(name, "") for name in Said._fields))
    return said if all(said) and _COUNT.match(said.nc) else None


def proof(ha1: str, method: str, said: Said) -> str:
    """The response that who knows H(A1) gives (RFC 7616, 3.4.1), with `qop=auth`."""
    ha2 = _md5(f"{method}:{said.uri}")
    return _md5(f"{ha1}:{said.nonce}:{said.nc}:{said.cnonce}:auth:{ha2}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def new_nonce(sealing: Sealing, now: float | None = None) -> str:
    """A nonce of this moment (seconds since 1970), signed: 60 hex digits."""
    moment = time.time() if now is None else now
    body = f"{int(moment * 1000):012x}{os.urandom(8).hex()}"
    return body + _signed(sealing, body)


def _signed(sealing: Sealing, body: str) -> str:
    return sealing.keyed_bytes("digest.nonce", body.encode())[:16].hex()


def fresh(sealing: Sealing, nonce: str, now: float | None = None) -> bool:
    """Whether a nonce is one of ours and not over."""
    match = _NONCE.match(nonce)
    if match is None or not hmac.compare_digest(_signed(sealing, match[1]), match[2]):
        return False
    age = (time.time() if now is None else now) - int(match[1][:12], 16) / 1000
    return -FRESH_S < age < FRESH_S


def challenge(sealing: Sealing, *, stale: bool = False) -> str:
    """The value of `WWW-Authenticate`."""
    said = f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{new_nonce(sealing)}"'
    return f"{said}, stale=true" if stale else said


class _Used:
    """Counts of nonces used in this process, the newest of them: for as long as Redis is away."""

    def __init__(self, most: int = 50_000) -> None:
        self._most, self._seen = most, OrderedDict[str, None]()

    def first(self, key: str) -> bool:
        if key in self._seen:
            return False
        if len(self._seen) >= self._most:
            self._seen.popitem(last=False)
        self._seen[key] = None
        return True


_used = _Used()


async def _first(ctx: Context, said: Said) -> bool:
    """Whether a count of a nonce comes for the first time, in whatever process. Asked of right proofs alone."""
    count = int(said.nc, 16)
    if not 0 < count <= MOST_COUNTED:
        return False
    key = f"hamyar:digest:{said.nonce[:28]}:{count:x}"
    here = _used.first(key)
    try:
        return bool(await ctx.redis.set(key, b"1", nx=True, ex=int(2 * FRESH_S))) and here
    except (RedisError, OSError):
        return here


async def identify(request: Request, ctx: Context) -> Outcome:
    """Who proves by Digest to be whom, this request's way and method included."""
    said = read(request.headers.get("authorization", ""))
    if said is None or said.realm != REALM or not _same_target(request, said.uri):
        return Outcome()
    token = await _proved(ctx, request.method, said)
    if token is None:
        return Outcome()
    if not fresh(ctx.sealing, said.nonce) or not await _first(ctx, said):
        return Outcome(stale=True)
    scope = Scope(token["role"], token["centre_id"], token["emergency_id"], token["volunteer_id"])
    return Outcome(Principal("token", token["id"], (scope,)))


async def _proved(ctx: Context, method: str, said: Said) -> DictRow | None:
    """The live token that the response is right for."""
    try:
        token_id = UUID(said.username)
    except ValueError:
        return None
    async with ctx.db.tx() as conn:
        token = await queries.token_by_id(conn, token_id)
    if token is None:
        return None
    try:
        record = ctx.sealing.of("tokens", token_id, bytes(token["data_key_wrapped"]))
        ha1 = record.open("digest_sealed", bytes(token["digest_sealed"])) or b""
    except (SealedError, CryptoError):
        return None
    right = proof(ha1.decode(), method, said).encode()
    return token if hmac.compare_digest(right, said.response.lower().encode("utf-8", "surrogatepass")) else None


def _same_target(request: Request, uri: str) -> bool:
    """Whether the proof is for this request: its path and query as they were sent."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    target = path.partition(b"?")[0] + (b"?" + query if query else b"")
    return hmac.compare_digest(target, uri.encode("utf-8", "surrogatepass"))
