"""A part of a file (RFC 9110, 14): a download over a poor line goes on where it broke off."""

import re
from typing import Final

_ONE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})\Z")


class Unsatisfiable(Exception):
    """The part begins behind the end."""


def part_of(header: str, size: int) -> range | None:
    """The bytes that a `Range` asks of `size`; None when it asks for the whole, for several parts, or nonsense.

    Raises Unsatisfiable.
    """
    match = _ONE.match(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first > last:
        raise Unsatisfiable
    return range(first, last + 1)
