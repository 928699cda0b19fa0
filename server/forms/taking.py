"""What a phone sends made ready for the database, outside of any transaction: read, its form known, named and sealed.

A submission becomes a report first: its bytes as they came, under the key that the phone gave it (`instanceID`). What
the answers mean is read by the chain, by the version that was filled in, never here.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from field_forms.builtin import BUILTIN
from field_forms.openrosa import GeoPoint, Instance, InstanceRefused, parse_geopoint, parse_instance
from field_forms.uploads import file_name, wanted
from server.access.context import Context
from server.access.principal import Principal
from server.forms import blobs, builtin, submission_rows, versions
from server.forms.versions import Version
from server.kernel.db import Conn, Database
from server.reports.intake import Incoming, Row, row_of, safe_key

SOURCE: Final = "openrosa"
DRAFT: Final = "form_draft"
"""Flag of a report that came from a form which is only tried: nothing is made of it."""
_OUTRIGHT: Final = frozenset({"submission.empty", "submission.doctype", "submission.too_large"})
_LONG: Final = 64 * 1024
"""Bytes from which on reading and hashing go to a thread: others wait on this loop."""
_MOST_NAME: Final = 200
_MANIFEST: Final = ("/media/file", "/encryptedXmlFile")


class Upload(NamedTuple):
    """A file of a submission, as sent."""

    name: str
    content_type: str
    data: bytes


class Sent(NamedTuple):
    """One POST of a phone: the answers' XML and this POST's share of the files. `more`: others are to follow."""

    xml: bytes
    files: Sequence[Upload] = ()
    more: bool = False
    draft: bool = False


class File(NamedTuple):
    """A file on its way: `name` as it may stand in the open, `said` as it was sent, without what leads anywhere."""

    name: str
    said: str
    content_type: str
    data: bytes
    digest: bytes


@dataclass(slots=True, eq=False)
class Pending:
    """One POST on its way into the database. `facts`: columns of `submissions`; None for what cannot be read."""

    row: Row
    emergency: UUID | None
    files: Sequence[File]
    more: bool
    facts: dict[str, Any] | None

    @property
    def key(self) -> str:
        """The instance that it is a part of."""
        return str(self.row["source_key"])

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(len(file.data) for file in self.files)


class Taken(NamedTuple):
    """A POST after it was stored. `known`: the answers were there already; `conflict`: with other answers too.

    `files` counts new ones and `size` their bytes, `aside` those beyond what a submission may bring; `outcome` is for
    the counters.
    """

    report_id: UUID
    receipt: str
    known: bool
    conflict: bool
    files: int
    size: int
    aside: int
    outcome: str


class _Form(NamedTuple):
    """The version that was filled in; `exact`: it is the one that the phone named. Empty for an unknown form.

    `places`: paths of the questions that say where it is. None where people are asked for consent: a no keeps nothing.
    """

    version: Version | None = None
    exact: bool = False
    places: tuple[str, ...] = ()


_forms: WeakKeyDictionary[Database, dict[tuple[str, str], _Form]] = WeakKeyDictionary()
"""Exact versions that have left the draft, by database: these never change."""


async def ready(ctx: Context, who: Principal, sent: Sent) -> Pending:
    """A POST made ready. Raises `InstanceRefused` for what no form can have sent: empty, with a DOCTYPE, too large.

    Anything else that cannot be read is taken as it is, flagged, for a person to look at.
    """
    instance, flags = await _read(sent.xml)
    form = _Form()
    if instance is not None:
        form = await _form_of(ctx, instance)
        flags += _flags(instance, form)
    if sent.draft:
        flags.append(DRAFT)
    digest = ctx.sealing.keyed_bytes("submission", sent.xml)[:32]
    key = (instance.instance_id if instance else None) or f"bytes:{digest.hex()[:40]}"
    prefix = "draft:" if sent.draft else ""
    point = None if sent.draft or instance is None else _position(instance, form.places)
    incoming = Incoming(
        channel="form",
        source=SOURCE,
        source_key=prefix + key,
        body=sent.xml,
        sender=who.actor,
        content_type="text/xml",
        meta=_meta(instance, sent),
        lon=point.lon if point else None,
        lat=point.lat if point else None,
        occurred_at=_started(instance),
        flags=flags,
    )
    row = row_of(ctx, incoming, actor=who.actor, promised=True, identity=digest)
    files = await _files(ctx, sent.files)
    facts = None
    if instance is not None:
        facts = _facts(ctx, instance, form, prefix) | {
            "draft": sent.draft,
            "instance_key": row["source_key"],
            "xml_digest": digest,
            "centre_id": who.centre_bound("form.submit"),
            "sent_by": who.actor,
        }
    return Pending(row, who.emergency_id, files, sent.more, facts)


async def _read(xml: bytes) -> tuple[Instance | None, list[str]]:
    try:
        instance = await asyncio.to_thread(parse_instance, xml) if len(xml) > _LONG else parse_instance(xml)
    except InstanceRefused as refused:
        if refused.code in _OUTRIGHT:
            raise
        return None, ["form_unreadable"]
    return instance, []


def _flags(instance: Instance, form: _Form) -> list[str]:
    flags = ["form_encrypted"] if instance.encrypted else []
    if instance.deprecated_id:
        flags.append("form_edited")
    if form.version is None:
        flags.append("form_unknown")
    elif not form.exact:
        flags.append("form_version_unknown")
    return flags


def _meta(instance: Instance | None, sent: Sent) -> dict[str, Any]:
    """What is sealed beside the answers."""
    meta: dict[str, Any] = {"files": [upload.name for upload in sent.files], "incomplete": sent.more}
    if instance is not None:
        meta |= {"form_id": instance.form_id, "form_version": instance.version, "replaces": instance.deprecated_id}
    return meta


def _facts(ctx: Context, instance: Instance, form: _Form, prefix: str) -> dict[str, Any]:
    """Columns of `submissions` that follow from the answers alone; no answer is among them."""
    replaces = safe_key(ctx.sealing, prefix + instance.deprecated_id) if instance.deprecated_id else None
    plain = form.version is not None and not form.version.settles and not instance.encrypted
    return {
        "version_id": form.version.id if form.version else None,
        "form_id": _short(instance.form_id),
        "form_version": _short(instance.version),
        "replaces_key": replaces,
        "encrypted": instance.encrypted,
        "wanted": sorted({safe_key(ctx.sealing, name) for name in _wanted(instance, form.version)}),
        # What can have no effect beyond its report is settled as it comes.
        "plain": form.version is None or plain,
    }


def _wanted(instance: Instance, version: Version | None) -> frozenset[str]:
    """Names of the files that the answers promise: of an encrypted one those in its manifest."""
    if instance.encrypted:
        paths = {f"/{instance.root}{step}" for step in _MANIFEST}
        return frozenset(file_name(name) for path in paths for name in instance.values(path))
    return wanted(instance, version.uploads) if version and version.uploads else frozenset()


def _short(text: str) -> str:
    """A form's name as an index can hold it."""
    return text[:_MOST_NAME]


async def _form_of(ctx: Context, instance: Instance) -> _Form:
    key, known = (instance.form_id, instance.version), _forms.setdefault(ctx.db, {})
    if key in known:
        return known[key]
    async with ctx.db.tx() as conn:
        form, lasting = await _asked(conn, instance)
    if lasting:
        if len(known) >= versions.REMEMBERED:
            known.clear()
        known[key] = form
    return form


async def _asked(conn: Conn, instance: Instance) -> tuple[_Form, bool]:
    row = await submission_rows.version_filled_in(conn, instance.form_id, instance.version)
    if row is None and instance.form_id in BUILTIN:
        await builtin.publish(conn)  # a phone may have got the form before this database was made
        row = await submission_rows.version_filled_in(conn, instance.form_id, instance.version)
    if row is None:
        return _Form(), False
    version = await versions.load(conn, row["id"])
    if version is None:
        return _Form(), False
    return _Form(version, row["exact"], _places(version)), row["exact"] and row["state"] != "draft"


def _places(version: Version) -> tuple[str, ...]:
    questions = version.bindings.questions
    if any(question.role == "consent" for question in questions):
        return ()
    return tuple(q.path for q in questions if q.role == "location" and not q.repeat)


def _position(instance: Instance, places: Sequence[str]) -> GeoPoint | None:
    """Where it is, when a question of its own says so: the first that can be read."""
    for path in places:
        point = parse_geopoint(instance.fields.get(path, ""))
        if isinstance(point, GeoPoint):
            return point
    return None


def _started(instance: Instance | None) -> datetime | None:
    """When the phone says that the form was opened: a claim, kept only when it carries its zone."""
    said = instance.fields.get(f"/{instance.root}/start", "").strip() if instance else ""
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


async def _files(ctx: Context, uploads: Sequence[Upload]) -> list[File]:
    """Files named and hashed, each content once a name."""
    if not uploads:
        return []
    large = sum(len(upload.data) for upload in uploads) > _LONG
    named = await asyncio.to_thread(_named, ctx, uploads) if large else _named(ctx, uploads)
    return list({(file.name, file.digest): file for file in named}.values())


def _named(ctx: Context, uploads: Sequence[Upload]) -> list[File]:
    named = []
    for upload in uploads:
        said = file_name(upload.name)
        digest = blobs.digest(ctx, upload.data)
        named.append(File(safe_key(ctx.sealing, said), said, upload.content_type, upload.data, digest))
    return named
