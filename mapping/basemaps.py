"""What lies under the layers: our own offline outlines always, an operator's tiles only when a URL is set."""

from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Tiles:
    """An operator's raster tiles: a Leaflet URL template with {z}, {x}, {y}, and the credit that its owner
    asks for.
    """

    url: str
    attribution: str = ""

    def __post_init__(self) -> None:
        """Refuse a template that could not be fetched or would carry a secret into every browser."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https", ""} or (parts.scheme and not parts.hostname):
            raise ValueError("a tile URL is http(s)://host/… or a path on this server")
        if parts.username or parts.password:
            raise ValueError("a tile URL must not carry a password: every browser would see it")
        if not all(mark in self.url for mark in ("{z}", "{x}", "{y}")):
            raise ValueError("a tile URL needs {z}, {x} and {y}")

    @property
    def source(self) -> str | None:
        """The host as a Content-Security-Policy source, None when the tiles are our own; `{s}` becomes a
        wildcard.
        """
        parts = urlsplit(self.url)
        if not parts.scheme:
            return None
        host = parts.netloc.replace("{s}", "*")
        if any(char in host for char in " ;,'\"{}"):
            raise ValueError("the host of a tile URL holds characters that a policy cannot name")
        return f"{parts.scheme}://{host}"

    @property
    def credit(self) -> str:
        """The attribution as HTML-safe text: Leaflet sets it with innerHTML."""
        return escape(self.attribution)


def content_security_policy(nonce: str, tiles: Tiles | None = None) -> str:
    """The policy of every page: nothing but our own host, scripts and styles by file or nonce.

    `tiles` adds the operator's own tile host to the images, and nothing else.
    """
    images = " ".join(part for part in ("'self'", "data:", "blob:", tiles.source if tiles else None) if part)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            f"img-src {images}",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
