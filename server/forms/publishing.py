"""From a spreadsheet to what phones get: drafts, publishing to an emergency or a centre, archiving, files of a version.

A version that was ever published never changes: phones know it by its number. A draft may be changed at will.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from field_forms import lists
from field_forms.uploads import file_name
from field_forms.xform import SUFFIX, Traits, compile_xform, traits_of
from field_forms.xlsform import CompiledForm, compile_form, md5_hash
from server.access.principal import Principal
from server.emergencies.service import resolve
from server.forms import errors, form_queries
from server.forms.form_queries import ALL, Scope
from server.forms.schemas import Published
from server.forms.versions import spec_json
from server.kernel.db import Conn
from server.kernel.errors import not_found
from server.kernel.events import NewEvent, emit
from server.kernel.ids import uuid7
from server.standards.taxonomy import INCIDENTS, NEEDS

ITEMSETS = "itemsets.csv"
MAX_MEDIA_BYTES = 10 * 1024 * 1024
KNOWN: Mapping[str, frozenset[str]] = {"need": frozenset(NEEDS), "incident": frozenset(INCIDENTS)}


@dataclass(frozen=True, slots=True)
class Ready:
    """A compiled form with what the server keeps beside it; `source` is the file as it was given."""

    form: CompiledForm
    traits: Traits
    source: bytes | None
    file_type: str

    @property
    def bare(self) -> bool:
        """Whether it was given as an XForm."""
        return self.file_type == SUFFIX


def prepare(source: bytes, file_type: str, stem: str | None = None) -> Ready:
    """Compile an XLSForm, or judge a bare XForm (`.xml`). Pure; a large form takes a second: call it in a thread."""
    suffix = "." + file_type.lower().lstrip(".")
    form = compile_xform(source) if suffix == SUFFIX else compile_form(source, suffix, KNOWN, stem)
    return ready(form, None if suffix == SUFFIX else source, suffix)


def ready(form: CompiledForm, source: bytes | None, file_type: str = ".xlsx") -> Ready:
    """A form that is compiled already."""
    traits = traits_of(form.xml)
    if form.itemsets and ITEMSETS not in traits.files:
        traits = replace(traits, files=(*traits.files, ITEMSETS))
    return Ready(form, traits, source, file_type)


async def save(conn: Conn, new: Ready, actor: str, owner: Scope = ALL) -> DictRow:
    """Keep a form without problems as a draft (its row: id, form_id, version, state, files …).

    The same content again changes nothing. Raises `form.version_taken` when that version was published with other
    content.
    """
    form = new.form
    if not form.ok:
        raise errors.not_publishable(form.problems)
    await form_queries.lock_form(conn, form.form_id)
    md5 = form.hash.removeprefix("md5:")
    known = await form_queries.version_of(conn, form.form_id, form.version)
    if known is None:
        await form_queries.add_version(conn, _row(new, uuid7(), md5, actor, owner))
    elif known["md5"] != md5:
        if known["state"] != "draft":
            raise errors.version_taken()
        await form_queries.change_draft(conn, _row(new, known["id"], md5, actor, owner))
    row = await form_queries.version_of(conn, form.form_id, form.version)
    if row is None:
        raise not_found("form")
    if form.itemsets and row["state"] == "draft":
        await put_media(conn, row["id"], ITEMSETS, "text/csv", form.itemsets)
    return row


def _row(new: Ready, version_id: UUID, md5: str, actor: str, owner: Scope) -> dict[str, Any]:
    form, traits = new.form, new.traits
    return {
        "id": version_id,
        "form_id": form.form_id,
        "version": form.version,
        "title": form.titles,
        "xml": form.xml,
        "md5": md5,
        "source": new.source,
        "bindings": form.bindings.to_json(),
        "kind": "xform" if new.bare else "xlsform",
        "file_type": new.file_type,
        "public_key": traits.public_key,
        "entities": spec_json(traits.entities),
        "uploads": sorted(traits.uploads),
        "files": list(traits.files),
        "warnings": [problem.as_dict() for problem in form.warnings],
        "created_by": actor,
        "owner_emergency_id": owner.emergency_id,
        "owner_centre_id": owner.centre_id,
    }


async def release(conn: Conn, form_id: str, version: str, scope: Scope, actor: str, *, told: bool = True) -> Published:
    """Give a version to the phones of a scope, in place of the one before; the same again changes nothing.

    Raises 404, and `form.needs_media` when it needs files that are neither its own nor lists of the server.
    """
    await form_queries.lock_form(conn, form_id)
    row = await form_queries.version_of(conn, form_id, version)
    if row is None:
        raise not_found("form")
    if absent := await missing_files(conn, row):
        raise errors.needs_media(absent)
    before = await form_queries.publication(conn, form_id, scope)
    if before == row["id"]:
        return Published(form_id, version, known=True)
    await form_queries.put_publication(
        conn,
        {
            "id": uuid7(),
            "form_id": form_id,
            "version_id": row["id"],
            "emergency_id": scope.emergency_id,
            "centre_id": scope.centre_id,
            "by": actor,
        },
    )
    await form_queries.settle_states(conn, form_id, row["id"])
    if told:
        await _tell(conn, "form.published", row["id"], scope, actor)
    return Published(form_id, version, known=False)


async def publish(
    conn: Conn,
    form: CompiledForm,
    source: bytes | None,
    *,
    scope: Scope = ALL,
    actor: str = "system",
    file_type: str = ".xlsx",
    told: bool = True,
) -> Published:
    """Keep a compiled form and give it to the phones of a scope at once; `told`: as an event, for it is news.

    Raises `form.version_taken`, `form.needs_media`, `form.not_publishable`.
    """
    row = await save(conn, ready(form, source, file_type), actor)
    return await release(conn, row["form_id"], row["version"], scope, actor, told=told)


async def archive(conn: Conn, form_id: str, version: str, scope: Scope | None, actor: str) -> bool:
    """Take a version off the phones' list, of one scope or (None) everywhere; what was sent of it stays readable.

    A draft is archived too: it is out of sight and may be published later. False when nothing was to do.
    """
    await form_queries.lock_form(conn, form_id)
    row = await form_queries.version_of(conn, form_id, version)
    if row is None:
        raise not_found("form")
    taken = await form_queries.take_back(conn, row["id"], scope)
    if not taken and row["state"] != "draft":
        return False
    await form_queries.settle_states(conn, form_id, row["id"])
    await _tell(conn, "form.archived", row["id"], scope or ALL, actor)
    return True


async def _tell(conn: Conn, verb: str, version_id: UUID, scope: Scope, actor: str) -> None:
    await emit(conn, NewEvent(verb, "form", version_id, scope.emergency_id, actor, centre_id=scope.centre_id))


async def missing_files(conn: Conn, row: Mapping[str, Any]) -> list[str]:
    """Names of the files that a version needs and that nobody has: neither its own nor a list of the server."""
    own = {media["name"] for media in await form_queries.media_of(conn, row["id"])}
    asked = [name for name in row["files"] if name not in own and name not in lists.LISTS]
    stems = {name.removesuffix(".csv"): name for name in asked if name.endswith(".csv")}
    served = set(lists.ENTITY_LISTS) | (await form_queries.datasets(conn, list(stems)) if stems else set())
    return [name for name in asked if name.removesuffix(".csv") not in served or not name.endswith(".csv")]


async def add_file(conn: Conn, row: Mapping[str, Any], name: str, content_type: str, content: bytes) -> str:
    """Give a draft (its row) a file; the name as it is kept. The same file again is no change, whatever the state.

    Raises `form.media_unwanted`, `form.not_a_draft`, `form.media_too_large`.
    """
    kept = file_name(name)
    if kept not in row["files"]:
        raise errors.media_unwanted(name[:100])
    if row["state"] != "draft":
        md5 = md5_hash(content).removeprefix("md5:")
        if not any(own["name"] == kept and own["md5"] == md5 for own in await form_queries.media_of(conn, row["id"])):
            raise errors.not_a_draft()
        return kept
    return await put_media(conn, row["id"], name, content_type, content)


async def put_media(conn: Conn, version_id: UUID, name: str, content_type: str, content: bytes) -> str:
    """Give a version a file; the name as it is kept. Raises `form.media_too_large`."""
    if len(content) > MAX_MEDIA_BYTES:
        raise errors.media_too_large()
    kept = file_name(name)
    await form_queries.put_media(
        conn,
        {
            "id": uuid7(),
            "version_id": version_id,
            "name": kept,
            "content_type": content_type[:100],
            "md5": md5_hash(content).removeprefix("md5:"),
            "size": len(content),
            "content": content,
        },
    )
    return kept


async def reach(conn: Conn, who: Principal, permission: str = "form.read") -> tuple[list[UUID], list[UUID]]:
    """The emergencies and centres whose forms somebody gets: those that they are bound to, else the sole open one."""
    scopes = who.scopes_for(permission)
    centres = sorted({s.centre_id for s in scopes if s.centre_id}, key=str)
    emergencies = {s.emergency_id for s in scopes if s.emergency_id}
    if any(s.emergency_id is None for s in scopes) and (sole := await resolve(conn, None, None)):
        emergencies.add(sole)
    return sorted(emergencies, key=str), centres


async def published_for(conn: Conn, who: Principal, form_id: str | None = None) -> list[DictRow]:
    """The forms that somebody's phone gets: id, form_id, version, title, md5, files, published_at; by form_id."""
    emergencies, centres = await reach(conn, who)
    return await form_queries.published_for(conn, emergencies, centres, form_id)


async def drafts_for(conn: Conn, who: Principal, form_id: str | None = None) -> list[DictRow]:
    """The drafts, for phones that try them, in the same shape."""
    emergencies, centres = await reach(conn, who)
    return await form_queries.drafts(conn, emergencies, centres, form_id)
