"""The files of a submission as people get them: the picture without its position, its small copy, or the original.

Every reading is on record. The original may say where it was taken and may be harmful: whoever takes it says why.
"""

import contextlib
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote
from uuid import UUID

import orjson
from psycopg.rows import DictRow

from field_forms.uploads import file_name
from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.forms import blobs
from server.forms import file_queries as queries
from server.forms.file_kinds import ENDINGS, PICTURES, PLAIN
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit

READ: Final = "submission.read"
TABLE: Final = "attachments"
Copy = Literal["safe", "shown", "original"]
Why = Literal["evidence", "copy_unusable", "legal", "asked_by_owner"]
"""Why somebody takes an original: a code, since words could name a person."""
_UNKNOWN: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Content:
    """A file to hand out. `inline`: a picture that we decoded, which a page may show."""

    data: bytes
    kind: str
    name: str
    inline: bool

    @property
    def disposition(self) -> str:
        """Content-Disposition (RFC 6266), the name in UTF-8."""
        return f"{'inline' if self.inline else 'attachment'}; filename*=UTF-8''{quote(self.name, safe='')}"


async def listed(conn: Conn, ctx: Context, who: Principal, submission_id: UUID) -> list[dict[str, Any]]:
    """A submission's files: id, name, kind, size, state, reason, and what a picture bore beside it; on record."""
    row = await _submission(conn, who, submission_id)
    items = [_item(ctx, one) for one in await queries.files(conn, submission_id)]
    data = {"files": len(items)}
    await emit(conn, _event("submission.files_listed", "submission", row["id"], row, who, data))
    return items


async def content(
    conn: Conn, ctx: Context, who: Principal, submission_id: UUID, attachment_id: UUID, copy: Copy, why: Why | None
) -> Content:
    """One file, on record. Raises `Problem`: 404; 409 where there is no such copy (yet); 422 without a reason."""
    row = await _submission(conn, who, submission_id)
    one = await queries.file(conn, submission_id, attachment_id)
    if one is None:
        raise not_found("file")
    if copy == "original" and why is None:
        raise _no_reason()
    made = await _original(conn, ctx, one) if copy == "original" else await _copy(conn, ctx, one, copy)
    data = {"copy": copy, "state": one["state"]} | ({"why": why} if copy == "original" else {})
    await emit(conn, _event("submission.file_opened", "file", one["id"], row, who, data))
    return made


async def _submission(conn: Conn, who: Principal, submission_id: UUID) -> DictRow:
    row = await queries.submission(conn, submission_id)
    if row is None or not _within(who, row):
        raise not_found("submission")
    return row


def _within(who: Principal, row: DictRow) -> bool:
    """Whether one of the reader's scopes holds the submission; one of no emergency or centre is for the unbound."""
    return any(
        scope.emergency_id in {None, row["emergency_id"]} and scope.centre_id in {None, row["centre_id"]}
        for scope in who.scopes_for(READ)
    )


def _event(verb: str, subject: str, subject_id: UUID, row: DictRow, who: Principal, data: dict[str, Any]) -> NewEvent:
    return NewEvent(verb, subject, subject_id, row["emergency_id"], who.actor, row["centre_id"], data)


def _opened(ctx: Context, row: DictRow, column: str) -> bytes | None:
    if row[column] is None or row["data_key_wrapped"] is None:
        return None
    with contextlib.suppress(SealedError):
        return ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"])).open(column, row[column])
    return None


def _name(ctx: Context, row: DictRow) -> str:
    sealed = _opened(ctx, row, "name_sealed")
    return file_name(sealed.decode("utf-8", "replace") if sealed else row["name"].replace(":", "_"))


def _item(ctx: Context, row: DictRow) -> dict[str, Any]:
    about = _opened(ctx, row, "about_sealed")
    return {
        "id": row["id"],
        "name": _name(ctx, row),
        "kind": row["content_type"] if row["state"] in {"safe", "plain"} else None,
        "size": row["size"],
        "state": row["state"],
        "reason": row["reason"],
        "opened": row["source"] != "openrosa",
        "received_at": row["created_at"],
        "about": orjson.loads(about) if about else None,
    }


async def _copy(conn: Conn, ctx: Context, row: DictRow, copy: Copy) -> Content:
    state, kind = row["state"], row["content_type"]
    if state == "safe" and kind in PICTURES:
        small = copy == "shown"
        data = await _blob(conn, ctx, row["shown_blob_id"] if small else row["safe_blob_id"])
        kind = "image/jpeg" if small else kind
        return Content(data, kind, _ending(_name(ctx, row), kind), inline=True)
    if state == "plain" and kind in PLAIN and copy == "safe":
        data = await _bytes(conn, ctx, row)
        return Content(data, kind, _ending(_name(ctx, row), kind), inline=False)
    raise _no_copy(state, row["reason"])


async def _original(conn: Conn, ctx: Context, row: DictRow) -> Content:
    """The bytes as they came, under a type and a name that nothing opens by itself."""
    return Content(await _bytes(conn, ctx, row), _UNKNOWN, f"{_name(ctx, row)}.original", inline=False)


async def _bytes(conn: Conn, ctx: Context, row: DictRow) -> bytes:
    if row["blob_id"] is not None:
        return await _blob(conn, ctx, row["blob_id"])
    data = _opened(ctx, row, "file_sealed") if row.get("file_sealed") else None
    if data is None:
        raise _key_elsewhere()
    return data


async def _blob(conn: Conn, ctx: Context, blob_id: UUID | None) -> bytes:
    try:
        data = await blobs.read(conn, ctx, blob_id) if blob_id else None
    except SealedError as error:
        raise _key_elsewhere() from error
    if data is None:
        raise not_found("file")
    return data


def _ending(name: str, kind: str) -> str:
    """A name that ends as its content does, so that no computer takes a text for a program."""
    ending = ENDINGS[kind]
    alike = {".jpg": (".jpg", ".jpeg"), ".3gp": (".3gp", ".3gpp"), ".ogg": (".ogg", ".oga")}.get(ending, (ending,))
    return name if name.lower().endswith(alike) else f"{name}{ending}"


_STATES: Final = {
    "new": ("file.waiting", "The file has not been looked at yet.", "این پرونده هنوز بررسی نشده است."),
    "refused": (
        "file.refused",
        "The file is kept, but is not handed on as it is no safe file.",
        "این پرونده نگه داشته شده، ولی چون امن نیست داده نمی‌شود.",
    ),
    "sealed": ("file.sealed", "The file is encrypted by the phone.", "این پرونده را گوشی رمز کرده است."),
}


def _no_copy(state: str, reason: str | None) -> Problem:
    code, en, fa = _STATES.get(
        state, ("file.no_such_copy", "There is no such copy of this file.", "چنین نسخه‌ای از این پرونده نیست.")
    )
    return Problem(409, code, en, fa, extra={"reason": reason} if reason else {})


def _no_reason() -> Problem:
    return Problem(
        422,
        "file.why_missing",
        "Say why you take the original: why=evidence, copy_unusable, legal or asked_by_owner.",
        "بگویید اصل پرونده را برای چه می‌خواهید: why=evidence یا copy_unusable یا legal یا asked_by_owner.",
    )


def _key_elsewhere() -> Problem:
    return Problem(
        503,
        "sealing.key_elsewhere",
        "This machine does not have the key that opens this.",
        "کلید بازکردن این مورد در این دستگاه نیست.",
    )
