"""Secrets that people and machines carry: made random, kept only as hashes."""

import hashlib
import secrets
from uuid import UUID

COOKIE = "hamyar_session"
REALM = "Hamyar"


def new_secret(bits: int = 256) -> str:
    """A URL-safe random secret."""
    return secrets.token_urlsafe(bits // 8)


def secret_hash(secret: str) -> bytes:
    """SHA-256: the secrets are random, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def digest_secret(token_id: UUID, secret: str) -> str:
    """H(A1) of HTTP Digest with MD5 (RFC 7616, 3.4.2): the token's id is the user, its secret the password."""
    return hashlib.md5(f"{token_id}:{REALM}:{secret}".encode(), usedforsecurity=False).hexdigest()
