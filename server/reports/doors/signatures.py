"""Signatures of gateways, checked in constant time. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit, urlunsplit

EARLIEST_S: Final = 1_262_304_000
LATEST_S: Final = 4_102_444_800
"""2010 and 2100 in seconds since 1970: a signature's time beyond these is no time."""
_PORTS: Final = {"https": 443, "http": 80}


def android_signature(key: str, body: bytes, timestamp: str) -> str:
    """`X-Signature` of android-sms-gateway: HMAC-SHA256 over the body and the `X-Timestamp` header, in hexadecimal."""
    return hmac.new(key.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()


def android_signed(key: str, body: bytes, timestamp: str, signature: str) -> bool:
    """Whether the phone that knows `key` sent this body."""
    return hmac.compare_digest(android_signature(key, body, timestamp).encode(), signature.strip().lower().encode())


def is_time(timestamp: str) -> bool:
    """Whether an `X-Timestamp` can be a time at all.

    No narrower window: the phone repeats a webhook for two days, its clock may be wrong, and a message that comes
    again has no effect, because its identity is known.
    """
    text = timestamp.strip()
    return text.isascii() and text.isdigit() and len(text) <= len("4102444800") and EARLIEST_S <= int(text) <= LATEST_S


def twilio_signature(auth_token: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """`X-Twilio-Signature`: HMAC-SHA1 in base64 over the URL and each parameter's name and value, sorted by name.

    Of a parameter that came more than once each different value counts once, in order
    (https://www.twilio.com/docs/usage/security).
    """
    text = url + "".join(name + value for name, value in sorted(set(parameters)))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def twilio_signed(auth_token: str, url: str, parameters: Iterable[tuple[str, str]], signature: str) -> bool:
    """Whether the signature fits the public URL, with or without the port that its scheme has anyway."""
    pairs = list(parameters)
    right = False
    for spelling in _with_and_without_port(url):
        right |= hmac.compare_digest(twilio_signature(auth_token, spelling, pairs).encode(), signature.strip().encode())
    return right


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    port, host = _PORTS.get(parts.scheme), parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    if port is None or parts.port not in {None, port}:
        return [url]
    rest = (parts.path, parts.query, parts.fragment)
    return [urlunsplit((parts.scheme, netloc, *rest)) for netloc in (bracketed, f"{bracketed}:{port}")]
