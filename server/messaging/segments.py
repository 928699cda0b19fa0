"""How many parts a text is sent in, and where it is cut: 3GPP TS 23.038 (alphabets) and 23.040 (concatenation). Pure.

A text of the default alphabet takes 160 septets, or 153 a part; any other is UCS-2 and takes 70 units of two bytes, or
67 a part. A sign of the extension table costs two septets, one outside of the basic plane two units; neither is cut.
"""

from collections.abc import Callable
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
GSM7_ONE, GSM7_PART = 160, 153
UCS2_ONE, UCS2_PART = 70, 67
_BMP_END: Final = 0xFFFF


def is_gsm7(text: str) -> bool:
    """Whether a text can go in the default alphabet."""
    return all(sign in _BASIC or sign in _EXTENSION for sign in text)


def split(text: str) -> list[str]:
    """The parts of a text, at least one; together they are the text."""
    if is_gsm7(text):
        return _cut(text, lambda sign: 2 if sign in _EXTENSION else 1, GSM7_ONE, GSM7_PART)
    return _cut(text, lambda sign: 2 if ord(sign) > _BMP_END else 1, UCS2_ONE, UCS2_PART)


def count(text: str) -> int:
    """How many segments a text costs; an empty one costs one."""
    return len(split(text))


def _cut(text: str, cost: Callable[[str], int], one: int, part: int) -> list[str]:
    if sum(map(cost, text)) <= one:
        return [text]
    parts, start, used = [], 0, 0
    for place, sign in enumerate(text):
        if used + cost(sign) > part:
            parts.append(text[start:place])
            start, used = place, 0
        used += cost(sign)
    return [*parts, text[start:]]
