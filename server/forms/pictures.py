"""Files of submissions looked at: what they are, pictures without their position, what may not be handed on.

Take (everything new with one content, for a minute) → open → decide, pictures in a child with limits → write. A worker
killed at any moment leaves what it held to the next one; a content that kills three of them is refused. The original
stays sealed as it came.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
import structlog
from psycopg.rows import DictRow

from field_forms.pictures import Limits, Picture, PictureRefused, examine
from server.access.context import Context
from server.access.sealing import Record, SealedError
from server.forms import blobs, file_kinds
from server.forms import picture_queries as queries
from server.kernel.db import Conn
from server.kernel.redis import Bell
from server.reports.pacing import Pace

log = structlog.get_logger("pictures")
TABLE: Final = "attachments"
ATTEMPTS: Final = 3
HELD_S: Final = 90.0
"""Longer than the longest look (`Limits.wall_s`) and its writing: who is silent for so long is gone."""
AGAIN_S: Final = 30.0
"""A picture that took too much may have met a busy machine: so long until the next attempt."""
CANDIDATES: Final = 8
LANES_MOST: Final = 4
"""Pictures looked at side by side, on half of the cores: each child may take half a gigabyte."""
WAIT_S: Final = 2.0
TOO_COSTLY: Final = "too_costly"
OF_THE_CONTENT: Final = ("too_large", "too_many_points", "damaged", TOO_COSTLY, "unreadable")
"""Reasons that any file with the same content shares, whatever its sender calls it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a content is: the state of its files, and of a picture the copies to keep and what it bore beside it."""

    state: str
    kind: str | None = None
    reason: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    safe: bytes | None = None
    shown: bytes | None = None


async def run(ctx: Context) -> None:
    """Look at files as they come until cancelled. Any number may run."""
    bell, pace = Bell(ctx.redis, "reports"), Pace(ctx)
    try:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(min(LANES_MOST, max(1, (os.cpu_count() or 1) // 2))):
                lanes.create_task(_lane(ctx, bell, pace))
    finally:
        await bell.close()


async def _lane(ctx: Context, bell: Bell, pace: Pace) -> None:
    while True:
        began, rest_s = time.monotonic(), 0.0
        try:
            worked = await turn(ctx)
            rest_s = await pace.rest_s(time.monotonic() - began)
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("pictures.postponed", kind=type(error).__name__)
            worked = 0
        # A child of ours takes a tenth of a second of a core: phones that wait for their answer go before.
        await asyncio.sleep(rest_s)
        if not worked:
            await bell.wait(WAIT_S)
            await asyncio.sleep(0.2)  # rings come with every submission; one look serves many of them


async def turn(ctx: Context, limits: Limits | None = None, again_s: float = AGAIN_S) -> int:
    """Look at one content; how many files had it. 0: there is nothing to do now, or the opening key is elsewhere."""
    if not ctx.sealing.can_read:
        return 0
    async with ctx.db.tx() as conn:
        taken = await _take(conn)
        rows = [row for row in taken if not row["enveloped"]]
        await _write(conn, ctx, [row for row in taken if row["enveloped"]], Found("sealed"))
        known = bool(rows) and await _as_before(conn, ctx, rows)
    if rows and not known:
        await _look(ctx, rows, limits or Limits(), again_s)
    return len(taken)


async def _take(conn: Conn) -> list[DictRow]:
    for chosen in await queries.free(conn, CANDIDATES):
        if await queries.lock(conn, chosen["blob_id"] or chosen["id"]):
            rows = await queries.take(conn, chosen, HELD_S)
            if rows:
                return rows
    return []


async def _as_before(conn: Conn, ctx: Context, rows: Sequence[DictRow]) -> bool:
    """Whether a picture with this content was decoded before: then these files get what was found of it."""
    before = await queries.looked_at(conn, rows[0]["blob_id"], OF_THE_CONTENT) if rows[0]["blob_id"] else None
    if before is None:
        return False
    about, kind = None, before["content_type"] if before["state"] == "safe" else None
    if before["about_sealed"] is not None:
        about = _record(ctx, before).open("about_sealed", before["about_sealed"])
    copies = {"safe": before["safe_blob_id"], "shown": before["shown_blob_id"]}
    outcome = (before["state"], before["reason"], kind)
    await _settle(conn, [_settled(ctx, row, *outcome, about) | copies for row in rows], before["reason"])
    return True


async def _look(ctx: Context, rows: Sequence[DictRow], limits: Limits, again_s: float) -> None:
    """Open, decide and write what several files with one content are."""
    content = await _content(ctx, rows[0])
    attempts = max(row["attempts"] for row in rows)
    if content is None:
        found = Found("refused", reason="unreadable")
    elif attempts > ATTEMPTS:
        found = Found("refused", reason=TOO_COSTLY)
    elif file_kinds.is_picture(content):
        found = await asyncio.to_thread(_examined, content, limits)
        if found.reason == TOO_COSTLY and attempts < ATTEMPTS:
            async with ctx.db.tx() as conn:
                await queries.put_back(conn, [row["id"] for row in rows], again_s)
            return
    else:
        async with ctx.db.tx() as conn:
            for row in rows:
                await _write(conn, ctx, [row], _judged(ctx, row, content))
        return
    async with ctx.db.tx() as conn:
        await _write(conn, ctx, rows, found)


def _judged(ctx: Context, row: DictRow, content: bytes) -> Found:
    """What is no picture, by its bytes and by what its sender calls it."""
    name = b""
    with contextlib.suppress(SealedError):
        name = _record(ctx, row).open("name_sealed", row["name_sealed"]) or b""
    verdict = file_kinds.judge(content, row["content_type"], name.decode("utf-8", "replace"))
    return Found("refused", reason=verdict.reason) if verdict.reason else Found("plain", verdict.kind)


def _examined(content: bytes, limits: Limits) -> Found:
    """A picture as its child tells of it."""
    try:
        picture = examine(content, limits)
    except PictureRefused as refused:
        return Found("refused", reason=refused.reason)
    return Found("safe", picture.kind, None, _about(picture), picture.safe, picture.shown)


def _about(picture: Picture) -> dict[str, Any]:
    """What the picture bore beside it, and its size: {width, height, position?, taken?}."""
    about: dict[str, Any] = {"width": picture.width, "height": picture.height}
    if picture.position:
        about["position"] = asdict(picture.position)
    return about | ({"taken": picture.taken} if picture.taken else {})


async def _content(ctx: Context, row: DictRow) -> bytes | None:
    """A file's bytes; None when they do not open."""
    try:
        if row["blob_id"] is None:
            return _record(ctx, row).open("file_sealed", row["file_sealed"])
        async with ctx.db.tx() as conn:
            return await blobs.read(conn, ctx, row["blob_id"])
    except SealedError:
        return None


def _record(ctx: Context, row: DictRow) -> Record:
    """A file's own key: the one that it has, or a first one."""
    if row["data_key_wrapped"] is None:
        return ctx.sealing.new(TABLE, row["id"])
    return ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"]))


async def _write(conn: Conn, ctx: Context, rows: Sequence[DictRow], found: Found) -> None:
    """Keep the copies and write the outcome, for the files that are still new."""
    if not rows:
        return
    copies = [(data, kind) for data, kind in ((found.safe, found.kind), (found.shown, "image/jpeg")) if data and kind]
    kept: list[UUID] = [blob_id for blob_id, _ in await blobs.keep(conn, ctx, copies)] if copies else []
    ids = dict(zip([name for name, data in (("safe", found.safe), ("shown", found.shown)) if data], kept, strict=True))
    about = orjson.dumps(found.about) if found.about else None
    outcome = (found.state, found.reason, found.kind)
    places = {"safe": ids.get("safe"), "shown": ids.get("shown")}
    await _settle(conn, [_settled(ctx, row, *outcome, about) | places for row in rows], found.reason)


async def _settle(conn: Conn, rows: Sequence[dict[str, Any]], reason: str | None) -> None:
    written = await queries.settle(conn, rows)
    if reason and written:
        log.info("file.refused", reason=reason, files=written)


def _settled(
    ctx: Context, row: DictRow, state: str, reason: str | None, kind: str | None, about: bytes | None
) -> dict[str, Any]:
    record = _record(ctx, row)
    return {
        "id": row["id"],
        "state": state,
        "reason": reason,
        "kind": kind,
        "about": record.seal("about_sealed", about),
        "key_id": record.key_id,
        "wrapped": record.wrapped,
    }
