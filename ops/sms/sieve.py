"""Kannel's log lines without what people said and who they are.

Kannel names numbers in warnings (an unknown delivery report, a malformed address) and words and addresses with our
token in others. Its access log is off and its level is `warning`; what still comes is sieved line by line: only lines
of its own shape pass, quoted things and runs of digits are blanked.
"""

import re

LINE = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[\d+\] \[\d+\] (?:WARNING|ERROR|PANIC|INFO): ")
QUOTED = re.compile(rb"<[^>]*>?|`[^'`]*['`]?|(?<![A-Za-z])'[^']*'?|\"[^\"]*\"?")
DIGITS = re.compile(rb"(?<![\dA-Za-z])\+?\d[\d ()-]{4,}")
FOREIGN = re.compile(rb"[^\x20-\x7e]+")
LONGEST = 400
LINE_BYTES = 8192


def sieved(line: bytes) -> bytes | None:
    """The line as it may be kept, without its newline; None when it is not of Kannel's own shape."""
    found = LINE.match(line)
    if found is None:
        return None
    head, rest = line[: found.end()], line[found.end() :]
    rest = FOREIGN.sub(b"?", DIGITS.sub(b"#", QUOTED.sub(b"<>", rest)))
    return head + rest[:LONGEST]


class Sieve:
    """A stream of bytes cut into lines and sieved; half a line waits for its other half."""

    def __init__(self) -> None:
        self._half = b""

    def feed(self, data: bytes) -> bytes:
        """What may be written of it now."""
        *lines, self._half = (self._half + data).split(b"\n")
        if len(self._half) > LINE_BYTES:
            # Nobody's line is that long: what follows it does not look like a line, and is dropped as such.
            self._half = b"-"
        kept = [found for line in lines if (found := sieved(line.rstrip(b"\r"))) is not None]
        return b"".join(line + b"\n" for line in kept)
