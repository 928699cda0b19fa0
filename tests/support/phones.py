"""A phone over a raw socket: it says exactly the bytes that it is told to, and may hang up anywhere."""

import contextlib
import socket
import struct
from dataclasses import dataclass

BOUNDARY = b"----hamyar7f3a"


def part(name: str, file_name: str | None, data: bytes, kind: str = "image/jpeg") -> bytes:
    """One part of a multipart body, as OkHttp writes it."""
    head = f'Content-Disposition: form-data; name="{name}"'
    if file_name is not None:
        head += f'; filename="{file_name}"\r\nContent-Type: {kind}'
    return b"--" + BOUNDARY + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def body_of(xml: bytes, files: dict[str, bytes], *, more: bool = False) -> bytes:
    """A POST's body as Collect sends it."""
    parts = [part("xml_submission_file", "submission.xml", xml, "text/xml")]
    parts += [part(name, name, data) for name, data in files.items()]
    parts += [part("*isIncomplete*", None, b"yes")] if more else []
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


@dataclass(frozen=True, slots=True)
class RawPhone:
    """A phone that knows an address and a token."""

    port: int
    token: str

    def request(self, body: bytes, *, path: str = "", headers: str = "") -> bytes:
        """The bytes of a POST."""
        return (
            f"POST {path or f'/openrosa/{self.token}/submission'} HTTP/1.1\r\nHost: relief\r\n{headers}"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode() + body

    def cut(self, sent: bytes, *, hard: bool) -> None:
        """Send these bytes and hang up: politely, or as a phone that fell into the river."""
        with contextlib.suppress(OSError), self._line() as line:
            if hard:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.sendall(sent)

    def say(self, sent: bytes) -> tuple[int, bytes]:
        """Send these bytes and read the answer: (status, body); 0 when there was none."""
        got = b""
        with contextlib.suppress(OSError), self._line() as line:
            with contextlib.suppress(OSError):
                line.sendall(sent)  # a server that refuses early closes early, and its answer can still be read
            while piece := line.recv(65536):
                got += piece
        if not got.startswith(b"HTTP/1.1 "):
            return 0, got
        return int(got[9:12]), got.partition(b"\r\n\r\n")[2]

    def _line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)
