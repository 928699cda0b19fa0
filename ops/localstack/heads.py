"""uvicorn's protocol with a bound on a request's head.

httptools gathers a header of any length before it hands it over, so whoever sends one without an end, token or none,
fills the process's memory.

And it lends its connection to the live stream: a change for thousands is put on their wires in one sweep, where
waking a task for each would take seconds.
"""

from collections.abc import Callable
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST: Final = 64 * 1024
"""Bytes of a head that has not ended; browsers and phones send some hundred."""


STREAM: Final = b"/api/stream"
WIRE: Final = "hamyar.wire"


class Wire:
    """A connection lent to an answer without an end. What is put on it stands as it is within the answer's body, so it
    must be framed as chunks already.
    """

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol
        self._lost: Callable[[], None] | None = None

    def write(self, data: bytes) -> bool:
        """Put bytes on it; False, and nothing is written, when it is slow or gone."""
        protocol = self._protocol
        if protocol.flow.write_paused or protocol.transport.is_closing():
            return False
        protocol.transport.write(data)
        return True

    def when_lost(self, call: Callable[[], None] | None) -> None:
        """Call this once the connection is gone, at once if it is gone already."""
        self._lost = call
        if call and self._protocol.transport.is_closing():
            call()

    def lost(self) -> None:
        """It is gone."""
        if self._lost:
            self._lost()


class BoundedHeads(HttpToolsProtocol):
    """Closes the connection over a head that goes on and on."""

    _in_head = False
    _head = 0
    _wire: Wire | None = None

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._head = True, 0

    def on_headers_complete(self) -> None:
        """It ended."""
        self._in_head = False
        if self.url.startswith(STREAM):
            self._wire = Wire(self)
            self.scope["extensions"] = {WIRE: {"wire": self._wire}}
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes from the line."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > MOST and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        super().connection_lost(exc)
        if self._wire:
            self._wire.lost()
            self._wire = None
