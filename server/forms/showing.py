"""One submission for a person: its answers as the form asks them, its edits, its files, and what it made."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from field_forms.bindings import Texts
from field_forms.openrosa import Instance, plain
from field_forms.tables import geometry
from field_forms.wording import Wording
from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.forms import file_queries, tabling
from server.forms import table_queries as tables
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, emit
from server.reports.intake import safe_key

READ: Final = "submission.read"
ATTACHMENTS: Final = "attachments"
NOBODY: Final = UUID(int=0)
FORM_ID_SHOWN: Final = 200
_PLACES: Final = ("geopoint", "geotrace", "geoshape")


async def show(conn: Conn, ctx: Context, who: Principal, submission_id: UUID) -> dict[str, Any]:
    """A submission, whole; that its answers were read goes on record as `submission.opened`.

    Raises 404 for one that does not exist and for one out of the reader's bounds alike.
    """
    row = await tables.one(conn, submission_id)
    if row is None or not _within(who, row):
        raise not_found("submission")
    form = await tabling.load_form(conn, row["form_id"])
    edits = await tables.edits(conn, row["root_key"])
    words = {edit["version_id"]: await tabling.words_of(conn, edit["version_id"]) for edit in [row, *edits]}
    opened = await asyncio.to_thread(lambda: list(tabling.told(ctx, [row, *edits], form.roots)))
    mine, history = opened[0], opened[1:]
    said = words[row["version_id"]]
    kinds = {asked.path: asked.kind for questions, _ in form.questions for asked in questions}
    await emit(
        conn,
        NewEvent(
            "submission.opened", "submission", row["id"], row["emergency_id"], who.actor, row["centre_id"],
            {"edits": len(edits)},
        ),
    )  # fmt: skip
    files = [_file(ctx, one) for one in await file_queries.files(conn, row["id"])]
    reports = [edit["report_id"] for edit in edits if edit["current"]] or [row["report_id"]]
    return {
        **tabling.line(row),
        "title": form.title,
        "note": _note(mine.note),
        "answers": [*answers(mine.instance, said, kinds)] if mine.instance else [],
        "edits": [*_history(history, words, kinds)],
        "files": files,
        "missing": _missing(ctx, row["wanted"], files, mine.instance),
        "made": {
            "report": {"id": row["report_id"], "receipt": row["receipt"], "state": row["read_state"]},
            "links": await tables.links(conn, reports),
            "effects": [dict(effect) for effect in await tables.effects(conn, row["id"])],
        },
        "problems": [
            {"path": path, "code": code, "label": said.label(plain(path))}
            for path, code in dict.fromkeys(map(tuple, row["problems"]))
        ],
    }


async def record(conn: Conn, verb: str, form: tabling.Form, who: Principal, data: Mapping[str, Any]) -> None:
    """Put down who read the answers of a form's submissions, and how many."""
    subject = form.versions[0]["id"] if form.versions else NOBODY
    said = {"form": form.form_id[:FORM_ID_SHOWN], **data}
    await emit(conn, NewEvent(verb, "form", subject, who.emergency_id, who.actor, data=said))


def _within(who: Principal, row: Mapping[str, Any]) -> bool:
    return any(
        scope.centre_id in {None, row["centre_id"]} and scope.emergency_id in {None, row["emergency_id"]}
        for scope in who.scopes_for(READ)
    )


def _note(code: str | None) -> dict[str, str] | None:
    return {"code": code, "fa": tabling.NOTES[code][0], "en": tabling.NOTES[code][1]} if code else None


def answers(instance: Instance, said: Wording, kinds: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Every answer that was given, in the form's order: its labels and, of a select, its choices by language.

    `asked`: a person was asked, it is no note that the phone made by itself. `group` are the groups and rounds around
    it, from the outside: path with indexes, label, round (from 1) or None.
    """
    own = f"/{instance.root}/meta/"
    for path, value in instance.fields.items():
        if not value or path.startswith(own):
            continue
        bare = plain(path)
        asked = said.asked.get(bare)
        yield {
            "path": path,
            "group": [*_around(path, said)],
            "label": said.label(bare) or {"": bare.rpartition("/")[2]},
            "asked": asked is not None or not said.asked,
            "kind": kinds.get(bare, asked.control if asked else ""),
            "value": value,
            "shown": said.choice(bare, value),
            "place": _place(value, kinds.get(bare, "")),
        }


def _around(path: str, said: Wording) -> Iterator[dict[str, Any]]:
    steps = path.split("/")
    for end in range(3, len(steps)):
        here = "/".join(steps[:end])
        label = said.label(plain(here))
        number = here.rpartition("[")[2].rstrip("]") if here.endswith("]") else ""
        repeated = (asked := said.asked.get(plain(here))) is not None and asked.control == "repeat"
        if label or number or repeated:
            yield {
                "path": here,
                "label": label or {"": steps[end - 1].partition("[")[0]},
                "round": int(number) if number.isdigit() else (1 if repeated else None),
            }


def _place(value: str, kind: str) -> dict[str, object] | None:
    found = geometry(value, kind)
    if found is None and not kind:  # a form that nobody published does not tell: a point looks like one
        found = geometry(value, "geopoint") if len(value.split()) in {3, 4} else None
    return found


def _history(
    opened: Sequence[tabling.Told], words: Mapping[UUID | None, Wording], kinds: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    before: Instance | None = None
    for told in opened:
        row = told.row
        said = words[row["version_id"]]
        changed = differences(before, told.instance, said, kinds) if before and told.instance else []
        yield {
            "id": row["id"],
            "received_at": row["received_at"],
            "version": row["form_version"],
            "current": row["current"],
            "conflict": row["conflict"],
            "sent_by": {"kind": row["sent_by"].partition(":")[0], "name": row["sender"]},
            "note": _note(told.note),
            "changes": changed,
        }
        before = told.instance or before


def differences(old: Instance, new: Instance, said: Wording, kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    """What an edit changed: path, label, `before` and `after` (None: no answer), choices in words by language."""
    own = (f"/{old.root}/meta/", f"/{new.root}/meta/")
    paths = [*new.fields, *(path for path in old.fields if path not in new.fields)]
    found = []
    for path in paths:
        before, after = old.fields.get(path) or None, new.fields.get(path) or None
        if before == after or path.startswith(own):
            continue
        bare = plain(path)
        label: Texts = said.label(bare) or {"": bare.rpartition("/")[2]}
        found.append(
            {
                "path": path,
                "label": label,
                "asked": bare in said.asked or not said.asked,
                "kind": kinds.get(bare, ""),
                "before": before,
                "after": after,
                "before_shown": said.choice(bare, before) if before else None,
                "after_shown": said.choice(bare, after) if after else None,
            }
        )
    return found


def _missing(
    ctx: Context, wanted: Sequence[str], files: Sequence[Mapping[str, Any]], instance: Instance | None
) -> list[str]:
    """The files that answers promise and that have not come, as the answers call them."""
    keys = set(wanted) - {file["key"] for file in files}
    said = {safe_key(ctx.sealing, value): value for value in instance.fields.values() if value} if instance else {}
    return sorted(said.get(key, key) for key in keys)


def _file(ctx: Context, row: Mapping[str, Any]) -> dict[str, Any]:
    name: str | None = row["name"]
    if row["name_sealed"] is not None:
        try:
            record = ctx.sealing.of(ATTACHMENTS, row["id"], bytes(row["data_key_wrapped"]))
            name = (record.open("name_sealed", row["name_sealed"]) or b"").decode("utf-8", "replace")
        except SealedError:
            name = None
    return {
        "id": row["id"],
        "name": name,
        "key": row["name"],
        "content_type": row["content_type"],
        "size": row["size"],
        "state": row["state"],
        "reason": row["reason"],
        "opened": row["source"] != "openrosa",
        "shown": row["state"] == "safe" and row["shown_blob_id"] is not None,
    }
