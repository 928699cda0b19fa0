"""A network's SMPP 3.4 server, played: it keeps each message until our side has acknowledged it, as networks do.

What Kannel's fakesmsc cannot show: its protocol has no acknowledgement, so what bearerbox had read and not yet stored
when it was killed is gone. A real network sends a message again until `deliver_sm_resp` came (SMPP 3.4, 4.6).
Command ids and layouts: SMPP Protocol Specification v3.4, chapters 4 and 5.
"""

import asyncio
import contextlib
import itertools
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

BINDS = {0x1, 0x2, 0x9}
SUBMIT, DELIVER, DELIVER_RESP, ENQUIRE, UNBIND = 0x4, 0x5, 0x80000005, 0x15, 0x6
RESP = 0x80000000
HEAD = struct.Struct(">IIII")
UCS2, RECEIPT, UDHI = 8, 0x04, 0x40
WINDOW = 10


@dataclass(frozen=True)
class Sms:
    """A message on its way to us: `data` UTF-16BE, with a user data header in front where `udh` says so."""

    sender: str
    data: bytes
    udh: bool = False


@dataclass(frozen=True)
class Submitted:
    """A message that our side handed over."""

    to: str
    data: bytes
    coding: int


@dataclass
class Network:
    """`say` queues a message; `arrived` counts acknowledgements; `cut` and `mend` break and restore the link."""

    port: int
    gap_s: float = 0.0
    waiting: list[Sms] = field(default_factory=list)
    arrived: Counter[Sms] = field(default_factory=Counter)
    sent: Counter[Sms] = field(default_factory=Counter)
    submitted: list[Submitted] = field(default_factory=list)
    binds: int = 0
    refused: int = 0
    _open: dict[int, Sms] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _numbers: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    def say(self, *messages: Sms) -> None:
        """Queue messages for us."""
        self.waiting += messages

    @property
    def quiet(self) -> bool:
        """Whether everything said was acknowledged."""
        return not self.waiting and not self._open

    async def mend(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._session, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Break every link and listen no more."""
        if self._server:
            self._server.close()
        for writer in [*self._writers]:
            writer.transport.abort()
        if self._server:
            await self._server.wait_closed()
        self._server = None

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        sending: asyncio.Task[None] | None = None
        try:
            while True:
                length, command, status, number = HEAD.unpack(await reader.readexactly(HEAD.size))
                body = await reader.readexactly(length - HEAD.size)
                if command in BINDS:
                    self._answer(writer, command, number, b"PLAYED\0")
                    self.binds += 1
                    sending = asyncio.create_task(self._send(writer))
                elif command == DELIVER_RESP:
                    self._heard(number, status)
                elif command == SUBMIT:
                    self._taken(writer, number, body)
                elif not command & RESP:
                    self._answer(writer, command, number, b"")
                    if command == UNBIND:
                        return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            if sending:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await sending
            # Nobody acknowledged these: they wait again, oldest first.
            self.waiting[:0] = [self._open.pop(number) for number in sorted(self._open)]
            self._writers.discard(writer)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, command: int, number: int, body: bytes) -> None:
        writer.write(HEAD.pack(HEAD.size + len(body), command | RESP, 0, number) + body)

    def _heard(self, number: int, status: int) -> None:
        """Taken, or refused for now: a starting bearerbox answers 0x64, temporary application error (5.1.3)."""
        message = self._open.pop(number, None)
        if message is None:
            return
        if status:
            self.refused += 1
            self.waiting.append(message)
        else:
            self.arrived[message] += 1

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        while True:
            while self.waiting and len(self._open) < WINDOW:
                message = self.waiting.pop(0)
                number = self._numbers()
                self._open[number] = message
                self.sent[message] += 1
                body = deliver(message.sender, "3000", message.data, UDHI if message.udh else 0)
                writer.write(HEAD.pack(HEAD.size + len(body), DELIVER, 0, number) + body)
                await writer.drain()
                await asyncio.sleep(self.gap_s)
            await asyncio.sleep(0.005)

    def _taken(self, writer: asyncio.StreamWriter, number: int, body: bytes) -> None:
        to, coding, data = read_submit(body)
        self.submitted.append(Submitted(to, data, coding))
        name = f"{len(self.submitted):08d}"
        self._answer(writer, SUBMIT, number, name.encode() + b"\0")
        task = asyncio.create_task(self._report(writer, to, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _report(self, writer: asyncio.StreamWriter, to: str, name: str) -> None:
        """A moment later the telephone has it (appendix B of the specification)."""
        await asyncio.sleep(0.2)
        text = f"id:{name} sub:001 dlvrd:001 submit date:2611221200 done date:2611221200 stat:DELIVRD err:000 text:"
        body = deliver(to, "3000", text.encode(), RECEIPT, coding=0)
        with contextlib.suppress(ConnectionError):
            writer.write(HEAD.pack(HEAD.size + len(body), DELIVER, 0, self._numbers()) + body)


def deliver(sender: str, to: str, data: bytes, esm_class: int, coding: int = UCS2) -> bytes:
    """The body of a deliver_sm (4.6.1): international number to a short one."""
    people = b"\1\1" + sender.lstrip("+").encode() + b"\0" + b"\0\1" + to.encode() + b"\0"
    flags = bytes((esm_class, 0, 0)) + b"\0\0" + bytes((0, 0, coding, 0, len(data)))
    return b"\0" + people + flags + data


def read_submit(body: bytes) -> tuple[str, int, bytes]:
    """Receiver, data coding and octets of a submit_sm (4.4.1)."""
    at = body.index(b"\0") + 1
    at = body.index(b"\0", at + 2) + 1
    end = body.index(b"\0", at + 2)
    to, at = body[at + 2 : end].decode(), end + 1
    at += 3
    at = body.index(b"\0", at) + 1
    at = body.index(b"\0", at) + 1
    coding, length = body[at + 2], body[at + 4]
    return to, coding, body[at + 5 : at + 5 + length]


def in_parts(sender: str, text: str, reference: int) -> list[Sms]:
    """A long message in parts, each with a concatenation header (3GPP TS 23.040, 9.2.3.24.1)."""
    wide = text.encode("utf-16-be")
    pieces = [wide[at : at + 134] for at in range(0, len(wide), 134)]
    return [
        Sms(sender, bytes((5, 0, 3, reference, len(pieces), n)) + piece, udh=True) for n, piece in enumerate(pieces, 1)
    ]
