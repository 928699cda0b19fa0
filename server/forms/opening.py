"""Encrypted submissions opened: a second report holds the clear answers, and the manifest makes nothing.

Take (held for a minute) → open with the keys of its centre and of the house, in a thread → write the clear report, its
files and the link in one transaction. Killed at any moment it is done again, and the same answers are the same report.
What does not open keeps its reason, and is tried again when a file or a key has come.
"""

import asyncio
import itertools
import mimetypes
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from psycopg.rows import DictRow

from field_forms.encryption import Manifest, NotOpened, Opened, decrypt, read_manifest
from field_forms.openrosa import Instance, InstanceRefused, parse_instance
from field_forms.uploads import file_name
from server.access.context import Context
from server.access.sealing import SealedError
from server.forms import blobs, keys, submission_rows
from server.forms import opening_queries as queries
from server.forms.storing import put_in_line
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.kernel.redis import Bell, ring
from server.messaging.alarms import end_alarm, raise_alarm
from server.reports import inbox_queries
from server.reports.intake import Incoming, accept, safe_key

log = structlog.get_logger("opening")
SOURCE: Final = "openrosa:opened"
ALARM: Final = "forms.no_key"
ATTEMPTS: Final = 5
HELD_S: Final = 60.0
WAIT_S: Final = 2.0
AGAIN_S: Final = 5.0
"""How often it is asked what came for those that did not open: this counts the files of each of them."""
MAX_BYTES: Final = 200 * 1024 * 1024
"""All encrypted files of one submission, which are opened in memory."""
MAX_CHOICES: Final = 16
"""Sets of files that are tried where one name came with different contents."""
NO_KEY: Final = "encrypted.no_key"
UNREADABLE: Final = "encrypted.unreadable"
OTHER_FORM: Final = "encrypted.other_form"
SAME: Final = "encrypted.known"
TOO_COSTLY: Final = "encrypted.too_costly"


@dataclass(frozen=True, slots=True)
class _Clear:
    """What a submission holds: its answers, and the manifest that they came in."""

    manifest: Manifest
    opened: Opened
    instance: Instance


async def run(ctx: Context) -> None:
    """Open submissions as they become whole until cancelled. Any number may run."""
    bell, again_at = Bell(ctx.redis, "reports"), 0.0
    try:
        while True:
            again = time.monotonic() >= again_at
            try:
                worked = await turn(ctx, again=again)
            except (psycopg.OperationalError, TimeoutError) as error:
                log.warning("opening.postponed", kind=type(error).__name__)
                worked = False
            if again and not worked:
                again_at = time.monotonic() + AGAIN_S
            if not worked:
                await bell.wait(WAIT_S)
                await asyncio.sleep(0.5)  # rings come with every submission
    finally:
        await bell.close()


async def turn(ctx: Context, *, again: bool = True) -> bool:
    """Try one submission; False when none waits, or the opening key of this house is on another machine.

    `again`: those too that did not open before and for which a file or a key has come.
    """
    if not ctx.sealing.can_read:
        return False
    async with ctx.db.tx() as conn:
        row = await queries.take(conn, HELD_S, again=False)
        if row is None and again:
            row = await queries.take(conn, HELD_S, again=True)
    if row is None:
        return False
    try:
        clear = await _open(ctx, row)
        async with ctx.db.tx() as conn:
            await _keep(conn, ctx, row, clear)
    except _Shut as shut:
        async with ctx.db.tx() as conn:
            await _told_shut(conn, row, shut.reason)
        return True
    await ring(ctx.redis, "reports")
    return True


class _Shut(Exception):
    """It does not open now: `reason` as in `submissions.reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def _open(ctx: Context, row: DictRow) -> _Clear:
    """The clear answers and files. Raises `_Shut`."""
    if row["open_attempts"] > ATTEMPTS:
        raise _Shut(TOO_COSTLY)
    async with ctx.db.tx() as conn:
        xml = await _manifest_xml(conn, ctx, row["report_id"])
        try:
            manifest = read_manifest(xml)
        except NotOpened as error:
            raise _Shut(error.code) from error
        choices = _by_name(ctx, manifest, await queries.files(conn, row["instance_key"], row["report_id"]))
        if sum(max(c["size"] for c in found) for found in choices.values() if found) > MAX_BYTES:
            raise _Shut("encrypted.too_large")
        private = await keys.openers(conn, ctx, row["centre_id"], row["form_key"])
        opened = await _decrypted(conn, ctx, xml, choices, private)
    try:
        instance = await asyncio.to_thread(parse_instance, opened.xml)
    except InstanceRefused as error:
        raise _Shut(error.code) from error
    if instance.form_id != manifest.form_id or instance.encrypted:
        raise _Shut(OTHER_FORM)
    return _Clear(manifest, opened, instance)


async def _manifest_xml(conn: Conn, ctx: Context, report_id: UUID) -> bytes:
    report = await queries.envelope(conn, report_id)
    if report is None:
        raise _Shut("encrypted.malformed")
    try:
        record = ctx.sealing.of("reports", report["id"], bytes(report["data_key_wrapped"]))
        return record.open("body_sealed", report["body_sealed"]) or b""
    except SealedError as error:
        raise _Shut(UNREADABLE) from error


def _by_name(ctx: Context, manifest: Manifest, rows: Sequence[DictRow]) -> dict[str, list[DictRow]]:
    """The contents that came for each name of the manifest, newest first."""
    return {
        name: [row for row in rows if row["name"] in {safe_key(ctx.sealing, n) for n in (name, file_name(name))}]
        for name in manifest.files
    }


async def _decrypted(
    conn: Conn, ctx: Context, xml: bytes, choices: Mapping[str, Sequence[DictRow]], private: Sequence[RSAPrivateKey]
) -> Opened:
    """Opened with the newest contents; where a name came with several, with whichever the seal was made over."""
    first: NotOpened | None = None
    read: dict[UUID, bytes] = {}
    for chosen in _sets(choices):
        files: dict[str, bytes] = {}
        for name, row in chosen.items():
            if row["blob_id"] not in read:
                read[row["blob_id"]] = await _blob(conn, ctx, row["blob_id"])
            files[name] = read[row["blob_id"]]
        try:
            return await asyncio.to_thread(decrypt, xml, files, private)
        except NotOpened as error:
            first = first or error
            if error.code not in {"encrypted.file_damaged", "encrypted.seal_broken"}:
                break
    raise _Shut(first.code if first else "encrypted.malformed") from first


def _sets(choices: Mapping[str, Sequence[DictRow]]) -> Iterator[dict[str, DictRow]]:
    """Sets of one content a name, of the names that came, at most `MAX_CHOICES`."""
    here = {name: found for name, found in choices.items() if found}
    for chosen in itertools.islice(itertools.product(*here.values()), MAX_CHOICES):
        yield dict(zip(here, chosen, strict=True))


async def _blob(conn: Conn, ctx: Context, blob_id: UUID) -> bytes:
    try:
        return await blobs.read(conn, ctx, blob_id) or b""
    except SealedError as error:
        raise _Shut(UNREADABLE) from error


async def _keep(conn: Conn, ctx: Context, row: DictRow, clear: _Clear) -> None:
    """The clear report, its files and the link, in one transaction. Raises `_Shut` where they are known already."""
    replaces = clear.instance.deprecated_id
    key = safe_key(ctx.sealing, (_DRAFT if row["draft"] else "") + replaces) if replaces else None
    if key is not None:
        # Before any row is locked, in the order of the door.
        await submission_rows.lock_instances(conn, [row["instance_key"]])
        await submission_rows.lock_edits(conn)
    envelope = await queries.envelope(conn, row["report_id"])
    if envelope is None or not await queries.still_shut(conn, row["id"]):
        return
    sender = ctx.sealing.of("reports", envelope["id"], bytes(envelope["data_key_wrapped"])).open(
        "sender_sealed", envelope["sender_sealed"]
    )
    report = (await accept(conn, ctx, [_incoming(row, clear, envelope, sender)]))[0]
    if await queries.opened_elsewhere(conn, row["id"], report.id):
        raise _Shut(SAME)
    await _keep_media(conn, ctx, row, report.id, clear.opened.media)
    await queries.set_opened(conn, row["id"], report.id, key)
    if row["draft"]:
        await submission_rows.silence(conn, [report.id])
    await inbox_queries.looked(conn, row["report_id"], "system")
    await _told_no_key(conn, row["form_id"])
    data = {"form": row["form_id"], "files": len(clear.opened.media), "sealed": clear.opened.sealed}
    await emit(
        conn,
        NewEvent(
            "submission.decrypted", "submission", row["id"], row["emergency_id"], "system", row["centre_id"], data
        ),
    )
    if key is not None:
        await put_in_line(conn, [row["instance_key"]])


_DRAFT: Final = "draft:"
"""What the keys of tried-out forms begin with."""


def _incoming(row: DictRow, clear: _Clear, envelope: DictRow, sender: bytes | None) -> Incoming:
    """The clear answers as a report of the same sender."""
    flags = [flag for flag in envelope["flags"] if flag in {"form_draft", "form_unknown", "form_version_unknown"}]
    flags += ["form_edited"] if clear.instance.deprecated_id else []
    flags += [] if clear.opened.sealed else ["form_unsealed"]
    meta: dict[str, Any] = {
        "form_id": row["form_id"],
        "form_version": row["form_version"],
        "opened_from": str(row["report_id"]),
        "replaces": clear.instance.deprecated_id,
    }
    return Incoming(
        channel="form",
        source=SOURCE,
        source_key=(_DRAFT if row["draft"] else "") + clear.manifest.instance_id,
        body=clear.opened.xml,
        sender=sender.decode() if sender else None,
        content_type="text/xml",
        meta=meta,
        occurred_at=envelope["occurred_at"],
        emergency_id=envelope["emergency_id"],
        flags=flags,
    )


async def _keep_media(conn: Conn, ctx: Context, row: DictRow, report_id: UUID, media: Mapping[str, bytes]) -> None:
    if not media:
        return
    named = [(file_name(name), data) for name, data in media.items()]
    kinds = [mimetypes.guess_type(name)[0] or "application/octet-stream" for name, _ in named]
    kept = await blobs.keep(conn, ctx, [(data, kind) for (_, data), kind in zip(named, kinds, strict=True)])
    rows = []
    for (name, data), kind, (blob_id, digest) in zip(named, kinds, kept, strict=True):
        made = uuid7()
        record = ctx.sealing.new("attachments", made)
        rows.append(
            {
                "id": made,
                "report_id": report_id,
                "source": SOURCE,
                "instance_id": row["instance_key"],
                "name": safe_key(ctx.sealing, name),
                "digest": digest,
                "content_type": kind,
                "size": len(data),
                "blob_id": blob_id,
                "name_sealed": record.seal("name_sealed", name),
                "key_id": record.key_id,
                "wrapped": record.wrapped,
            }
        )
    await queries.add_media(conn, rows)


async def _told_shut(conn: Conn, row: DictRow, reason: str) -> None:
    """A person sees the reason; for a missing key the pages ring, once a form."""
    await queries.set_shut(conn, row, reason)
    log.info("submission.shut", reason=reason)
    await _told_no_key(conn, row["form_id"])


async def _told_no_key(conn: Conn, form_id: str) -> None:
    """The alarm of a form whose submissions no key here opens, as long as there are any."""
    waiting = await queries.waiting_for_key(conn, form_id)
    if waiting and waiting["n"]:
        data = {"form": form_id, "count": waiting["n"]}
        await raise_alarm(conn, ALARM, form_id, emergency_id=waiting["emergency_id"], data=data)
    else:
        await end_alarm(conn, ALARM, form_id)
