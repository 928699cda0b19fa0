"""uvicorn's protocol with a bound on a request's head.

httptools gathers a header of any length before it hands it over, so whoever sends one without an end, token or none,
fills the process's memory.
"""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST: Final = 64 * 1024
"""Bytes of a head that has not ended; browsers and phones send some hundred."""


class BoundedHeads(HttpToolsProtocol):
    """Closes the connection over a head that goes on and on."""

    _in_head = False
    _head = 0

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._head = True, 0

    def on_headers_complete(self) -> None:
        """It ended."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes from the line."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > MOST and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")
