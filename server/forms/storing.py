"""A group of POSTs into the database in one transaction: reports, submissions, files, and what edits replace.

An instance is locked by its key from before anybody looks until the commit, so two processes that get two parts of it,
or two different answers under its id, see each other. What the parts come to is `field_forms.submitting`'s to say.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import DictRow

from field_forms.submitting import Merged, lineages
from server.access.context import Context
from server.forms import blobs, submission_rows
from server.forms.taking import SOURCE, File, Pending, Taken
from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.reports import queries
from server.reports.intake import Accepted, accept_rows

MAX_FILES: Final = 500
MAX_BYTES: Final = 200 * 1024 * 1024
"""Of one submission, all its parts. What is beyond is kept apart for a person, named, and belongs to no submission."""
BEYOND: Final = "files_beyond"
UNFIT: Final = (psycopg.Error, RuntimeError, ValueError)
"""What a row that cannot be kept makes the database, or the packing of its columns, say."""
_MARKS: Final = (("c", "conflict"), ("d", "draft"), ("e", "encrypted"), ("l", "closed"), ("s", "settled"))


@dataclass(slots=True)
class _Instance:
    """One instance in a group: its POSTs, and what the database knew of it before."""

    parts: list[Pending] = field(default_factory=list)
    rows: list[DictRow] = field(default_factory=list)
    edits: list[DictRow] = field(default_factory=list)
    """Submissions that came before and name this one as replaced."""
    files: set[tuple[str, bytes]] = field(default_factory=set)
    size: int = 0
    news: dict[int, list[File]] = field(default_factory=dict)
    """By the POST's place in `parts`: files that were not here."""
    beyond: dict[int, list[File]] = field(default_factory=dict)


async def write_group(conn: Conn, ctx: Context, group: Sequence[Pending]) -> list[Taken]:
    """Write POSTs down in a transaction of their own; answers in order. Raises what the database says."""
    async with conn.transaction():
        return await _write(conn, ctx, group)


async def write_together(conn: Conn, ctx: Context, group: Sequence[Pending]) -> list[Taken]:
    """As `write_group`, but what has no answer to wait for is sent along with what has: five waits for a dozen.

    What the database says may then come late and stand for something else, so whoever is told anything asks again.
    """
    async with conn.pipeline(), conn.transaction():
        return await _write(conn, ctx, group)


async def _write(conn: Conn, ctx: Context, group: Sequence[Pending]) -> list[Taken]:
    found = await _instances(conn, group)
    accepted = await accept_rows(conn, [one.row for one in group])
    reports = {id(one): answer for one, answer in zip(group, accepted, strict=True)}
    await _keep_files(conn, ctx, found, reports)
    edited = await _keep_submissions(conn, found, reports)
    if edited:
        await put_in_line(conn, edited)
    drafts = [reports[id(one)] for one in group if one.facts and one.facts["draft"]]
    if drafts:
        await submission_rows.silence(conn, [answer.id for answer in drafts])
    return [_taken(one, found[one.key], reports[id(one)]) for one in group]


async def _instances(conn: Conn, group: Sequence[Pending]) -> dict[str, _Instance]:
    """The instances of a group, locked; with what is known of them, and their emergency."""
    found: dict[str, _Instance] = {}
    keys: set[str] = set()
    for one in group:
        found.setdefault(one.key, _Instance()).parts.append(one)
        keys.add(one.key)
        if one.facts and one.facts["replaces_key"]:
            keys.add(one.facts["replaces_key"])
    sole, rows = await submission_rows.begin(conn, keys, list(found))
    for one in group:
        # As `emergencies.service.resolve` has it: the phone's own, else the sole open one, else a person says.
        one.row["emergency_id"] = one.emergency or sole
    for row in rows:
        if row["instance_key"] in found:
            found[row["instance_key"]].rows.append(row)
        if row["replaces_key"] in found and row["replaces_key"] != row["instance_key"]:
            found[row["replaces_key"]].edits.append(row)
    # Of an instance that is new nothing can be here; one that cannot be read has no row of its own.
    asked = [key for key, one in found.items() if one.rows or any(not p.facts and p.files for p in one.parts)]
    for row in await submission_rows.files_of(conn, SOURCE, asked) if asked else ():
        one_known = found[row["instance_id"]]
        one_known.files.add((row["name"], bytes(row["digest"])))
        one_known.size += row["size"]
    return found


async def _keep_files(conn: Conn, ctx: Context, found: dict[str, _Instance], reports: dict[int, Accepted]) -> None:
    """Files that were not here: in their blobs, bound to their reports. Those beyond the bounds are set aside."""
    kept: list[tuple[Pending, File, bool]] = []
    for instance in found.values():
        for nth, part in enumerate(instance.parts):
            kept += [(part, file, good) for file, good in _news(instance, nth, part)]
    if not kept:
        return
    ids = await blobs.keep(conn, ctx, [(file.data, file.content_type) for _, file, _ in kept])
    placed = [(part, file, blob_id) for (part, file, good), (blob_id, _) in zip(kept, ids, strict=True) if good]
    if placed:
        await submission_rows.add_files(conn, [_file_row(ctx, *one, reports[id(one[0])].id) for one in placed])
    aside: dict[int, tuple[Pending, list[tuple[File, UUID]]]] = {}
    for (part, file, good), (blob_id, _) in zip(kept, ids, strict=True):
        if not good:
            aside.setdefault(id(part), (part, []))[1].append((file, blob_id))
    rows = [_aside_row(ctx, part, files, reports[id(part)].id) for part, files in aside.values()]
    await queries.add_set_aside(conn, rows)


def _news(instance: _Instance, nth: int, part: Pending) -> list[tuple[File, bool]]:
    """A POST's files that were not here; whether each is within the bounds."""
    fresh = []
    for file in part.files:
        if (file.name, file.digest) in instance.files:
            continue
        good = len(instance.files) < MAX_FILES and instance.size + len(file.data) <= MAX_BYTES
        (instance.news if good else instance.beyond).setdefault(nth, []).append(file)
        if good:
            instance.files.add((file.name, file.digest))
            instance.size += len(file.data)
        fresh.append((file, good))
    return fresh


def _file_row(ctx: Context, part: Pending, file: File, blob_id: UUID, report_id: UUID) -> dict[str, Any]:
    record_id = uuid7()
    record = ctx.sealing.new("attachments", record_id)
    return {
        "id": record_id,
        "report_id": report_id,
        "source": SOURCE,
        "instance_id": part.key,
        "name": file.name,
        "digest": file.digest,
        "content_type": file.content_type,
        "size": len(file.data),
        "blob_id": blob_id,
        "state": "sealed" if part.facts and part.facts["encrypted"] else "new",
        "name_sealed": record.seal("name_sealed", file.said),
        "sealing_key_id": record.key_id,
        "data_key_wrapped": record.wrapped,
    }


def _aside_row(ctx: Context, part: Pending, files: list[tuple[File, UUID]], report_id: UUID) -> dict[str, Any]:
    """Files beyond the bounds, for a person: their names and where their bytes lie."""
    aside_id = uuid7()
    record = ctx.sealing.new("set_aside", aside_id)
    told = {
        "report": report_id,
        "files": [{"name": file.said, "bytes": len(file.data), "blob": blob_id} for file, blob_id in files],
    }
    mark = ctx.sealing.keyed_bytes("aside", *sorted(file.digest + file.name.encode() for file, _ in files))
    return {
        "id": aside_id,
        "source": SOURCE,
        "source_key": f"{part.key}:{mark.hex()[:32]}",
        "row_number": None,
        "reason": BEYOND,
        "payload_sealed": record.seal("payload_sealed", orjson.dumps(told, option=orjson.OPT_INDENT_2)),
        "sealing_key_id": record.key_id,
        "data_key_wrapped": record.wrapped,
    }


async def _keep_submissions(conn: Conn, found: dict[str, _Instance], reports: dict[int, Accepted]) -> list[str]:
    """Submissions that are new, and what parts changed of known ones; the keys whose lines of edits grew."""
    rows: list[dict[str, Any]] = []
    changes: list[tuple[UUID, str, bool, bool]] = []
    edited: list[str] = []
    for key, instance in found.items():
        fresh = {bytes(part.facts["xml_digest"]): part for part in reversed(instance.parts) if part.facts}
        for row in instance.rows:
            fresh.pop(bytes(row["xml_digest"]), None)
        merged = _merged(instance)
        for part in reversed(fresh.values()):
            rows.append(_row(part, instance, merged, reports[id(part)].id))
            if instance.edits or (part.facts and part.facts["replaces_key"]):
                edited.append(key)
        for row in instance.rows:
            now = merged.state(row["wanted"]), merged.closed, row["conflict"] or merged.conflict
            if now != (row["state"], row["closed"], row["conflict"]):
                changes.append((row["id"], *now))
    if rows:
        await submission_rows.add(conn, rows)
    if changes:
        await submission_rows.update(conn, changes)
    return edited


def _merged(instance: _Instance) -> Merged:
    """All that came of an instance, before and now."""
    xmls = {bytes(row["xml_digest"]).hex() for row in instance.rows}
    xmls |= {part.row["body_hash"].hex() for part in instance.parts}
    closed = any(row["closed"] for row in instance.rows) or any(not part.more for part in instance.parts)
    return Merged(frozenset(xmls), frozenset((name, digest.hex()) for name, digest in instance.files), closed)


def _row(part: Pending, instance: _Instance, merged: Merged, report_id: UUID) -> dict[str, Any]:
    facts = part.facts or {}
    alone = facts["draft"] or (facts["plain"] and not (facts["replaces_key"] or instance.edits))
    truths = {"conflict": merged.conflict, "closed": merged.closed, "settled": alone, **facts}
    return {
        **facts,
        "id": uuid7(),
        "report_id": report_id,
        "root_key": facts["instance_key"],
        "state": merged.state(facts["wanted"]),
        "emergency_id": part.row["emergency_id"],
        "marks": "".join(mark for mark, name in _MARKS if truths[name]),
        "wanted": "\t".join(facts["wanted"]),
    }


async def put_in_line(conn: Conn, keys: Sequence[str]) -> None:
    """Roots, and which edit counts, of the lines that these instances are in.

    The last step of a transaction, so that whoever waits for the lock on edits holds nothing that its holder awaits.
    Two edits of the same answers are in conflict: a person has to look, meanwhile the one that came last counts.
    """
    await submission_rows.lock_edits(conn)
    rows = await submission_rows.line_of(conn, keys)
    strays = _strays(rows)
    replaces: dict[str, str | None] = {}
    order: dict[str, int] = {}
    for row in rows:
        named = None if row["id"] in strays else row["replaces_key"]
        replaces[row["instance_key"]] = replaces.get(row["instance_key"]) or named
        order.setdefault(row["instance_key"], row["seq"])
    lines = lineages(replaces, order)
    variants = Counter(row["instance_key"] for row in rows)
    changes = []
    for row in rows:
        key = row["instance_key"]
        line = lines[key]
        doubtful = variants[key] > 1 or (line.forked and key in line.heads) or row["id"] in strays
        now = line.root, key == line.current, doubtful
        if now != (row["root_key"], row["current"], row["conflict"]):
            changes.append((row["id"], *now))
    if changes:
        await submission_rows.set_line(conn, changes)


def _strays(rows: Sequence[DictRow]) -> set[UUID]:
    """Edits by a phone bound to a centre of what came from another centre: they replace nothing.

    Whoever knows an id could take back what another centre's people said. Kept, in conflict, for a person. An id is
    of the centre that sent it first. `rows` as they came.
    """
    centres: dict[str, UUID | None] = {}
    for row in rows:
        centres.setdefault(row["instance_key"], row["centre_id"])
    return {
        row["id"]
        for row in rows
        if row["centre_id"] is not None and centres.get(row["replaces_key"]) not in {None, row["centre_id"]}
    }


def _taken(one: Pending, instance: _Instance, report: Accepted) -> Taken:
    nth = next(n for n, part in enumerate(instance.parts) if part is one)
    conflict = one.facts is not None and _merged(instance).conflict
    files, aside = instance.news.get(nth, []), instance.beyond.get(nth, [])
    outcome = _outcome(one, report, "conflict" if conflict else "new", "part" if files else "known")
    size = sum(len(file.data) for file in files)
    return Taken(report.id, report.receipt, report.known, conflict, len(files), size, len(aside), outcome)


def _outcome(one: Pending, report: Accepted, new: str, known: str) -> str:
    """One word for the counters."""
    if report.known:
        return known
    if one.facts is None:
        return "unreadable"
    if one.facts["draft"]:
        return "draft"
    if one.facts["version_id"] is None:
        return "unknown_form"
    return "edited" if one.facts["replaces_key"] and new == "new" else new
