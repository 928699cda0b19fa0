"""From raw bytes to readable text. Raw stays raw in the database; this is only how it is shown and read."""

import codecs
import html
import re
from collections.abc import Mapping
from email.message import Message
from functools import lru_cache
from typing import Any, Final

import orjson

from server.reports.rules import LONG_CHARS

_WIDE_SHARE: Final = 0.4
"""In UTF-16 text about every second byte is a high one (06 for Persian, 00 for Latin and blanks)."""
_PERSIAN = re.compile(r"[\u0600-\u06ff]")
_TAGS = re.compile(r"<[^>]*>")
_NOT_SHOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOTATIONS: Final = frozenset({"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"})
_TEXT_KEYS = ("text", "message", "body", "content", "description")


def parameters(content_type: str) -> dict[str, str]:
    """A Content-Type's parameters, lower-cased names: `{"charset": "utf-16be"}`."""
    message = Message()
    message["content-type"] = content_type.replace("\r", " ").replace("\n", " ")
    try:
        found = message.get_params(failobj=[], header="content-type")
    except (ValueError, TypeError, LookupError):
        return {}
    return {str(name).lower(): str(value) for name, value in found[1:]}


def charset_of(body: bytes, content_type: str) -> str:
    """The codec of the bytes: the declared one; undeclared ones that look like UTF-16 are that, else `utf-8`.

    Parts of a message that a gateway joined as plain data come so: 06 as every second byte is in no other text.
    """
    declared = declared_charset(content_type)
    return declared or _wide(body) or "utf-8"


def _wide(body: bytes) -> str | None:
    pairs = len(body) // 2
    if body[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE):
        return "utf-16"
    for start, codec in ((0, "utf-16-be"), (1, "utf-16-le")):
        high = body[start::2]
        if pairs and high.count(6) and high.count(0) + high.count(6) >= pairs * _WIDE_SHARE:
            return codec
    return None


@lru_cache(maxsize=256)
def declared_charset(content_type: str) -> str | None:
    """The codec that a Content-Type names; None when it names none, or none of text that Python knows."""
    name = parameters(content_type).get("charset", "").strip(" \"'")
    if not name:
        return None
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # Only codecs from bytes to text: "hex" or "zlib" are codecs to Python as well, and so are notations of its own.
    text = info._is_text_encoding and info.name not in _NOTATIONS  # noqa: SLF001 - the only place where Python tells
    return info.name if text else None


def content_flags(body: bytes, content_type: str) -> list[str]:
    """What is odd in the bytes: not_utf8, lone_surrogate, nul, long, empty."""
    flags = []
    charset = charset_of(body, content_type)
    try:
        text = body.decode(charset)
    except UnicodeError:
        try:
            text = body.decode("utf-8", "surrogatepass")
            flags.append("lone_surrogate")
        except UnicodeError:
            text = decoded(body, content_type)
            flags.append("not_utf8")
    if "\0" in text:
        flags.append("nul")
    if len(text) > LONG_CHARS:
        flags.append("long")
    if not text.strip():
        flags.append("empty")
    return flags


def decoded(body: bytes, content_type: str) -> str:
    """The bytes as text by the declared charset, else by what they look like. Lone surrogates become U+FFFD."""
    charset = charset_of(body, content_type)
    for codec, errors in ((charset, "strict"), ("utf-8", "surrogatepass")):
        try:
            text = body.decode(codec, errors)
        except UnicodeError:
            continue
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _guessed(body)


def _guessed(body: bytes) -> str:
    if wide := _wide(body):
        return body.decode(wide, "replace")
    mostly = body.decode("utf-8", "replace")
    broken = mostly.count("\ufffd")
    # Where more letters beyond ASCII are whole than broken, it is UTF-8 that was cut in the middle of a letter.
    if broken < sum(sign > "\x7f" for sign in mostly) - broken:
        return mostly
    arabic = body.decode("cp1256", "replace")
    return arabic if len(_PERSIAN.findall(arabic)) * 2 > len(arabic) else body.decode("cp1252", "replace")


def _json_text(text: str) -> str:
    try:
        data: Any = orjson.loads(text)
    except ValueError:
        return text
    if isinstance(data, dict):
        words = [str(data[key]) for key in _TEXT_KEYS if isinstance(data.get(key), str | int | float)]
        return "\n".join(words) or text
    return data if isinstance(data, str) else text


def text_of(body: bytes, content_type: str = "text/plain") -> str:
    """Readable text of a report's bytes; never raises.

    Control signs go, HTML entities are read where the type says `entities=html` (imported files), tags are left
    out of XML, and of JSON that could not be understood the words are taken.
    """
    text = decoded(body, content_type)
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        text = _json_text(text)
    elif kind.endswith(("/xml", "+xml")):
        text = "\n".join(line.strip() for line in html.unescape(_TAGS.sub("\n", text)).split("\n") if line.strip())
    elif parameters(content_type).get("entities") == "html":
        text = html.unescape(text)
    return _NOT_SHOWN.sub("", text)


def notes_of(answers: Mapping[str, Any]) -> str:
    """What a person typed into a form: the rest is known better from the answers themselves."""
    return "\n".join(str(note) for note in answers.get("notes") or ())
