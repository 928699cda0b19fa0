"""What gateways put into addresses and bodies, as parameters whose bytes stay bytes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import FormParser

from server.reports.content import parameters
from server.reports.schemas import parse_object

Pairs = Sequence[tuple[str, bytes]]
_NEST: Final = 4
"""How deep a JSON body is looked into: `message.from.number` and one more."""


def pairs_of(encoded: bytes) -> list[tuple[str, bytes]]:
    """A query or a urlencoded body, in order; values percent-decoded, in whatever charset they are."""
    pairs = (part.partition(b"=") for part in encoded.split(b"&") if part)
    return [
        (unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace"), unquote_to_bytes(_blank(value)))
        for name, _, value in pairs
    ]


def _blank(value: bytes) -> bytes:
    return value.replace(b"+", b" ")


def without(pairs: Pairs, *names: str) -> list[tuple[str, bytes]]:
    """The pairs that bear none of the names."""
    return [(name, value) for name, value in pairs if name not in names]


def is_form(content_type: str) -> bool:
    """Whether a body calls itself a form, as browsers, panels and many scripts post it."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in {"application/x-www-form-urlencoded", "multipart/form-data"}


def body_pairs(raw: bytes, content_type: str) -> list[tuple[str, bytes]]:
    """A POST's body as pairs: urlencoded, multipart, or a JSON object with its nested names joined by dots.

    Empty when it is none of these. A body without a right content type is tried as JSON, then as a form.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _multipart(raw, content_type)
    parsed = parse_object(raw)
    if parsed.data is not None:
        return _flat("", parsed.data, parsed.bytes_of, _NEST)
    if kind == "application/x-www-form-urlencoded" or (b"=" in raw and b"\n" not in raw.strip() and b"{" not in raw):
        return pairs_of(raw.strip())
    return []


def _flat(prefix: str, data: Mapping[str, Any], bytes_of: Any, depth: int) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for name, value in data.items():
        if isinstance(value, dict) and depth:
            found += _flat(f"{prefix}{name}.", value, bytes_of, depth - 1)
        elif isinstance(value, str):
            found.append((prefix + name, bytes_of(value)))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((prefix + name, str(value)[:60].encode()))
    return found


def _multipart(raw: bytes, content_type: str) -> list[tuple[str, bytes]]:
    """Fields of a multipart form; files among them are left out (the whole request is kept when no text is found)."""
    boundary = parameters(content_type).get("boundary", "")
    found: list[tuple[str, bytes]] = []

    def on_field(field: Any) -> None:
        found.append(((field.field_name or b"").decode("utf-8", "replace"), field.value or b""))

    try:
        parser = FormParser("multipart/form-data", on_field, lambda _: None, boundary=boundary.encode())
        parser.write(raw)
        parser.finalize()
    except (FormParserError, ValueError, UnicodeError):
        return found
    return found


def first(pairs: Pairs, names: Iterable[str]) -> bytes | None:
    """The first value that is not blank under one of the names: as written, then whatever its case."""
    wanted = list(names)
    for name in wanted:
        for key, value in pairs:
            if key == name and value.strip():
                return value
    folded = [name.casefold() for name in wanted]
    return next((value for name in folded for key, value in pairs if key.casefold() == name and value.strip()), None)
