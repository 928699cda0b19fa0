"""The spool's way into the database: one drainer a folder, through the one writer of reports.

It runs in a worker process, beside the sealer, not in the web processes: while it works off ten minutes of messages
they must go on answering gateways. Its lock (flock on the folder) goes to another worker when this one dies. Each
machine that has a spool has a drainer; with an advisory lock in the database one machine would
keep the others from theirs.

A batch is one transaction, and the cursor moves after its commit. What is drained a second time is known by its
identity, or by the alias that was written with it: no message has two effects.
"""

import asyncio
import base64
import contextlib
import fcntl
import os
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from server.access.context import Context
from server.access.sealing import SealedError
from server.emergencies.service import resolve
from server.kernel.db import Conn
from server.kernel.ids import uuid8
from server.kernel.redis import ring
from server.messaging.alarms import end_alarm, raise_alarm
from server.reports import queries, rules, spool_queries
from server.reports.intake import Accepted, Row, accept_rows, settle_unnumbered
from server.reports.spool_folder import CLOSING, level, look, make_folder
from server.reports.spool_frames import Frame, SpoolRow, decode
from server.reports.spool_reader import Piece, Reader

log = structlog.get_logger("spool")
BATCH: Final = 500
IDLE_S: Final = 0.2
CLOSING_WAIT_S: Final = 2.0
CLOSING_PAUSE_S: Final = 3.0
CALM_S: Final = 0.5
"""A database that takes longer for a batch is still in trouble: gateways stay with the spool until it is not."""
NEARLY_BYTES: Final = 250_000
"""What is drained in a moment: a batch or less."""
ALARMS_S: Final = 2.0
SUBJECT: Final = "spool"
_ASIDE_BYTES: Final = 1_000_000


async def run(ctx: Context) -> None:
    """Drain until cancelled; a database that is away is tried once a second."""
    folder = ctx.settings.spool_dir
    while True:
        with contextlib.suppress(OSError):
            make_folder(folder)
            fd = os.open(folder / "drainer", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                while not _lock(fd):  # noqa: ASYNC110 - it waits for another process
                    await asyncio.sleep(1)
                await Drainer(ctx).run()
            finally:
                os.close(fd)
        await asyncio.sleep(1)


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Drainer:
    """Holds the folder's lock. `turn` drains one batch."""

    def __init__(self, ctx: Context, *, batch: int = BATCH) -> None:
        self.ctx, self.batch = ctx, batch
        self.folder = ctx.settings.spool_dir
        self.reader = Reader(self.folder)
        self._conn: Conn | None = None
        self._closing_since = self._no_closing_until = 0.0
        self._alarms_at, self._alarmed = 0.0, True

    async def run(self) -> None:
        """Turn after turn."""
        try:
            while True:
                try:
                    began = time.monotonic()
                    drained = await self.turn()
                    await self._tell()
                except (psycopg.Error, OSError, RuntimeError) as error:
                    log.warning("spool.waits", kind=type(error).__name__)
                    self._reset()
                    await asyncio.sleep(1)
                    continue
                self._settle(time.monotonic() - began)
                if drained < self.batch:
                    await asyncio.sleep(0.02 if self._closing_since else IDLE_S)
        finally:
            self._reset()

    async def turn(self) -> int:
        """One batch; returns how many records (or damaged places) it took from the spool."""
        pieces = await asyncio.to_thread(self.reader.gather, self.batch)
        if not pieces:
            return 0
        conn = await self._connection()
        async with conn.transaction():
            await self._write(conn, pieces)
        await asyncio.to_thread(self.reader.done, pieces)
        await ring(self.ctx.redis, "reports")
        log.info("spool.drained", messages=len(pieces))
        return len(pieces)

    async def _connection(self) -> Conn:
        """One of its own, which gives up on a server that vanished from the network."""
        if self._conn is None or self._conn.closed:
            self._conn = await AsyncConnection[DictRow].connect(
                self.ctx.db.dsn, autocommit=True, row_factory=dict_row, connect_timeout=5, tcp_user_timeout=15_000
            )
        return self._conn

    async def _write(self, conn: Conn, pieces: Sequence[Piece]) -> None:
        items: list[SpoolRow] = []
        for piece in pieces:
            if not isinstance(piece.what, Frame):
                path = piece.segment.damaged_file(piece.what.start)
                await self._set_aside(conn, (SUBJECT, path.name), "damaged", path.read_bytes())
                continue
            try:
                items.append(_readable(decode(piece.what.payload, piece.what.at_us)))
            except ValueError:
                log.error("spool.strange", segment=piece.segment.path.name, start=piece.what.start)  # noqa: TRY400 - no words in logs
                name = f"{piece.segment.path.stem}@{piece.what.start}"
                await self._set_aside(conn, (SUBJECT, name), "damaged", piece.what.payload)
        known = await spool_queries.drained(conn, [item.row["id"] for item in items])
        await self._write_rows(conn, [item for item in items if item.row["id"] not in known])

    async def _write_rows(self, conn: Conn, items: Sequence[SpoolRow]) -> None:
        """All in one statement; when one is refused, halves, until it stands alone and is set aside."""
        if not items:
            return
        try:
            async with conn.transaction():
                await self._keep(conn, items)
        except psycopg.OperationalError:
            raise
        except (psycopg.Error, RuntimeError, ValueError, KeyError, TypeError, struct.error) as error:
            if _is_ours(error):
                raise
            if len(items) > 1:
                middle = len(items) // 2
                await self._write_rows(conn, items[:middle])
                await self._write_rows(conn, items[middle:])
                return
            if isinstance(error, psycopg.errors.ForeignKeyViolation) and items[0].row.get("emergency_id"):
                # An emergency that is not there: a person finds it another one in triage.
                await self._write_rows(conn, [replace(items[0], row={**items[0].row, "emergency_id": None})])
                return
            log.error("spool.refused", kind=type(error).__name__)  # noqa: TRY400 - an error may quote a row
            await self._refused(conn, items[0])

    async def _keep(self, conn: Conn, items: Sequence[SpoolRow]) -> None:
        sole = await resolve(conn, None, None) if any(item.resolve for item in items) else None
        rows = [_report(item, sole) for item in items]
        if any(item.unnumbered for item in items):
            earliest = min(item.at for item in items if item.at) - timedelta(seconds=rules.REPEAT_WINDOW_S)
            await settle_unnumbered(conn, rows, [item.unnumbered for item in items], since=earliest)
        answers = await accept_rows(conn, rows)
        await spool_queries.add_aliases(conn, _aliases(items, answers))

    async def _refused(self, conn: Conn, item: SpoolRow) -> None:
        row = item.row
        key = f"{row.get('source_key')}:{bytes(row.get('body_hash') or b'').hex()[:16]}"
        await self._set_aside(conn, (str(row.get("source")), key), "refused", self._words(row))

    def _words(self, row: Mapping[str, Any]) -> bytes:
        """What a person can make something of: the words, or, without the key to them, the sealed columns."""
        try:
            record = self.ctx.sealing.of("reports", row["id"], row["data_key_wrapped"])
            opened = {
                name: (record.open(column, row[column]) or b"").decode("utf-8", "replace")
                for name, column in (("from", "sender_sealed"), ("text", "body_sealed"), ("meta", "meta_sealed"))
            }
            return orjson.dumps({**opened, "receipt": row["receipt"], "channel": row["channel"]})
        except (SealedError, KeyError, TypeError, ValueError):
            return orjson.dumps(dict(row), default=_plain)

    async def _set_aside(self, conn: Conn, identity: tuple[str, str], reason: str, payload: bytes) -> None:
        source, key = (text.replace("\0", "") for text in identity)
        aside_id = uuid8(self.ctx.sealing.keyed_hash("spool aside", f"{source}\0{key}"))
        record = self.ctx.sealing.new("set_aside", aside_id)
        row = {
            "id": aside_id,
            "source": source,
            "source_key": key,
            "row_number": None,
            "reason": reason,
            "payload_sealed": record.seal("payload_sealed", payload[:_ASIDE_BYTES]),
            "sealing_key_id": record.key_id,
            "data_key_wrapped": record.wrapped,
        }
        await queries.add_set_aside(conn, [row])

    def _settle(self, took_s: float) -> None:
        """Close the spool when it is nearly empty and the database is quick again; keep it open when that fails."""
        now, mark, view = time.monotonic(), self.folder / CLOSING, look(self.folder)
        if not view.segments:
            if self._closing_since:
                log.info("spool.closed")
            self._end_closing()
        elif self._closing_since:
            if now - self._closing_since > CLOSING_WAIT_S:
                self._end_closing()
                self._no_closing_until = now + CLOSING_PAUSE_S
        elif view.bytes - self.reader.drained() < NEARLY_BYTES and took_s < CALM_S and now > self._no_closing_until:
            with contextlib.suppress(OSError):
                mark.touch(0o600)
                os.utime(mark)
                self._closing_since = now

    def _end_closing(self) -> None:
        self._closing_since = 0.0
        with contextlib.suppress(OSError):
            (self.folder / CLOSING).unlink(missing_ok=True)

    def _reset(self) -> None:
        """After a failure: read anew from the cursors, on a new connection."""
        self._end_closing()
        self.reader.again()
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.pgconn.finish()

    async def _tell(self) -> None:
        """Raise the alarms as soon as the database can hold them; end them when there is room again."""
        now = time.monotonic()
        if now - self._alarms_at < ALARMS_S:
            return
        self._alarms_at = now
        found = level(self.folder, look(self.folder).bytes, self.ctx.settings.spool_bytes)
        if not found.filling and not self._alarmed:
            return
        conn = await self._connection()
        data = {"bytes": found.bytes, "limit": found.limit}
        async with conn.transaction():
            for code, stands in (("spool.filling", found.filling), ("spool.full", found.share >= 1)):
                if stands:
                    await raise_alarm(conn, code, SUBJECT, data=data)
                else:
                    await end_alarm(conn, code, SUBJECT)
        self._alarmed = found.filling


def _readable(item: SpoolRow) -> SpoolRow:
    """The row, if it has at least an id. Raises ValueError."""
    if not isinstance(item.row.get("id"), UUID):
        raise ValueError("no id")  # noqa: TRY004 - what was read is wrong, not the program
    return item


def _is_ours(error: Exception) -> bool:
    """Whether no row is to blame: tables that are being migrated (class 42), a server that only reads (class 25)."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "")[:2] in {"25", "42"}


def _report(item: SpoolRow, sole: UUID | None) -> Row:
    """The columns for the writer of reports. `received_at`: when it was put into the spool."""
    row = {**dict.fromkeys(name for name, _ in queries.COLUMNS), **item.row}
    row["lane"] = row["lane"] or 0
    row["actor"], row["received_at"] = item.actor, item.at
    if item.resolve:
        row["emergency_id"] = sole
    return row


def _aliases(items: Sequence[SpoolRow], answers: Sequence[Accepted]) -> list[spool_queries.Alias]:
    """(receipt, promised id, the report that stands) of messages that were known under another id."""
    return [
        (item.row["receipt"], item.row["id"], answer.id)
        for item, answer in zip(items, answers, strict=True)
        if answer.id != item.row["id"]
    ]


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
