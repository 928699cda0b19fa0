"""Secrets that people and machines carry: made random, kept only as hashes."""

import hashlib
import secrets

COOKIE = "hamyar_session"


def new_secret(bits: int = 256) -> str:
    """A URL-safe random secret."""
    return secrets.token_urlsafe(bits // 8)


def secret_hash(secret: str) -> bytes:
    """SHA-256: the secrets are random, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
