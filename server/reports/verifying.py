"""Whether a record is so: what a person says about it, who said so and why, and taking that back.

A person's word stays until a person changes it. Each change is a line of `verifications`, never changed itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.access.principal import Principal
from server.access.problems import sealing_closed
from server.access.sealing import SealedError
from server.closures import service as closures
from server.incidents import queries as incident_queries
from server.incidents import service as incidents
from server.incidents.rules import Verification, believed
from server.kernel.clock import now
from server.kernel.db import Conn
from server.kernel.errors import not_found, stale
from server.kernel.events import NewEvent, emit, emit_many
from server.kernel.ids import uuid7
from server.needs import queries as need_queries
from server.needs import service as needs
from server.reports import check_errors as errors
from server.reports import check_keeping
from server.reports import verifying_queries as queries
from server.reports.checking_words import REASONS, UNDONE
from server.reports.joining import Kind

TABLE: Final = "verifications"
NOTE_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of a record: its new state, why (a code of `checking_words.REASONS`), and words for colleagues."""

    became: Verification
    reason: str | None = None
    note: str | None = None
    report_id: UUID | None = None
    undoes: UUID | None = None


async def verify(
    conn: Conn, ctx: Context, kind: Kind, subject_id: UUID, word: Word, version: int, principal: Principal
) -> list[dict[str, Any]]:
    """Say of a record seen at `version` what it is; the tasks that a person has to decide about. Raises 404, 412, 422.

    The caller lets tasks follow a need (`on_needs`) in the same transaction.
    """
    row = await _locked(conn, kind, subject_id, version, principal)
    if word.reason is not None and word.became not in REASONS[word.reason][2]:
        raise errors.reason_does_not_fit(word.reason)
    return await put_down(conn, ctx, kind, row, word, principal.actor)


async def _locked(conn: Conn, kind: Kind, subject_id: UUID, version: int, principal: Principal) -> DictRow:
    lock = need_queries.lock if kind == "need" else incident_queries.lock
    rows = await lock(conn, [subject_id])
    if not rows or not principal.may(f"{kind}.edit", emergency_id=rows[0]["emergency_id"]):
        raise not_found(kind)
    if rows[0]["version"] != version:
        current = needs if kind == "need" else incidents
        raise stale(current.feature(await current.one(conn, subject_id, None), detail=True))
    return rows[0]


async def put_down(
    conn: Conn, ctx: Context, kind: Kind, row: DictRow, word: Word, actor: str, *, decided: bool = True
) -> list[dict[str, Any]]:
    """Write a record's new state and its line, with what follows but for needs' tasks. `row` is locked.

    `decided` False leaves the state to the record's voices again.
    """
    await _set(conn, kind, row, word.became, actor)
    if not decided:
        await queries.undecide(conn, kind, row["id"])
    await line(conn, ctx, kind, row, word, actor)
    data: dict[str, Any] = {"fields": ["verification"], "verification": word.became, "was": row["verification"]}
    if word.reason:
        data["reason"] = word.reason
    await emit(conn, NewEvent(f"{kind}.changed", kind, row["id"], row["emergency_id"], actor, data=data))
    await check_keeping.forget(conn, [row["id"]])
    if kind == "incident":
        await closures.follow(conn, [row["id"]], actor)
    return await _recall(conn, kind, row, actor) if word.became == "refuted" else []


async def line(conn: Conn, ctx: Context, kind: Kind, row: Mapping[str, Any], word: Word, actor: str) -> UUID:
    """Put down that the state of `row` (as it was before) changes; the line's id."""
    line_id = uuid7()
    note = (word.note or "").strip()[:NOTE_CHARS]
    record = ctx.sealing.new(TABLE, line_id) if note else None
    await queries.add_line(
        conn,
        {
            "id": line_id,
            "emergency_id": row["emergency_id"],
            f"{kind}_id": row["id"],
            "was": row["verification"],
            "became": word.became,
            "was_decided": "verification" in row["decided"],
            "by": actor,
            "reason": word.reason,
            "note_sealed": record.seal("note_sealed", note) if record else None,
            "report_id": word.report_id,
            "undoes": word.undoes,
            "sealing_key_id": record.key_id if record else None,
            "data_key_wrapped": record.wrapped if record else None,
        },
    )
    return line_id


async def _set(conn: Conn, kind: Kind, row: DictRow, state: str, actor: str) -> None:
    if kind == "incident":
        await incident_queries.decide(conn, row["id"], {"verification": state}, actor)
        return
    score = needs.score_of({**row, "verification": state}, now())
    await need_queries.decide(
        conn,
        row["id"],
        {"verification": state, "priority": score.value, "priority_why": list(score.why)},
        ["verification"],
        actor,
    )


async def _recall(conn: Conn, kind: Kind, row: DictRow, actor: str) -> list[dict[str, Any]]:
    """The tasks that somebody stands behind: shown to a person, never cancelled under her."""
    tasks = await queries.to_recall(conn, kind, row["id"])
    if kind == "incident":
        # A need's tasks are told by dispatch, which follows needs.
        await emit_many(
            conn,
            [
                NewEvent(
                    "task.changed",
                    "task",
                    t["id"],
                    t["emergency_id"],
                    actor,
                    t["centre_id"],
                    {"cause": "incident.refuted"},
                )
                for t in tasks
            ],
        )
    return [
        {
            "id": str(t["id"]),
            "code": t["code"],
            "kind": t["kind"],
            "state": t["state"],
            "need": str(t["need_id"]) if t["need_id"] else None,
        }
        for t in tasks
    ]


async def undo(
    conn: Conn, ctx: Context, kind: Kind, subject_id: UUID, version: int, principal: Principal
) -> list[dict[str, Any]]:
    """Take the last word about a record back, by another line. Raises 409 when there is none left."""
    row = await _locked(conn, kind, subject_id, version, principal)
    standing = [v for v in await queries.lines(conn, kind, subject_id) if not v["undone"] and v["undoes"] is None]
    if not standing:
        raise errors.nothing_to_undo()
    last = standing[0]
    state = last["was"] if last["was_decided"] else believed(row["corroboration"])
    word = Word(state, UNDONE, undoes=last["id"])
    return await put_down(conn, ctx, kind, row, word, principal.actor, decided=last["was_decided"])


async def edited(
    conn: Conn, ctx: Context, kind: Kind, before: Mapping[str, Any] | None, state: str | None, principal: Principal
) -> None:
    """A record's state was set among other fields: put the line down. `before` is the row as it was."""
    if before is None or state is None or before["verification"] == state:
        return
    await line(conn, ctx, kind, before, Word(state), principal.actor)  # type: ignore[arg-type]
    await check_keeping.forget(conn, [before["id"]])


async def shown(conn: Conn, kind: Kind, subject_id: UUID) -> list[dict[str, Any]]:
    """Who said what about a record, newest first, as its details show it."""
    return [
        {
            "id": str(v["id"]),
            "at": v["at"].isoformat(),
            "from": v["was"],
            "to": v["became"],
            "by": v["by"],
            "reason": v["reason"],
            "has_note": v["has_note"],
            "report": str(v["report_id"]) if v["report_id"] else None,
            "undoes": str(v["undoes"]) if v["undoes"] else None,
            "undone": v["undone"],
        }
        for v in await queries.lines(conn, kind, subject_id)
    ]


async def note_of(conn: Conn, ctx: Context, line_id: UUID, principal: Principal) -> dict[str, Any]:
    """The words that somebody left with a line; the look itself is put on record (`report.opened` of its record)."""
    found = await queries.line(conn, line_id)
    if found is None or not principal.may("report.open", emergency_id=found["emergency_id"]):
        raise not_found("note")
    kind = "need" if found["need_id"] else "incident"
    if found["note_sealed"] is None:
        return {"id": str(line_id), "note": None}
    try:
        plain = ctx.sealing.of(TABLE, line_id, found["data_key_wrapped"]).open("note_sealed", found["note_sealed"])
    except SealedError:
        raise sealing_closed() from None
    subject: Sequence[Any] = (found["need_id"] or found["incident_id"], found["emergency_id"])
    await emit(conn, NewEvent("note.opened", kind, subject[0], subject[1], principal.actor))
    return {"id": str(line_id), "note": (plain or b"").decode("utf-8", "replace")}
