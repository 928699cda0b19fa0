"""Taking what phones send.

A submission becomes a report first: its bytes as they came, under the key that the phone gave it
(`instanceID`). What the answers mean travels with the report (`meta["answers"]`) and is read by the chain,
never here.
"""

import hashlib
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from field_forms.bindings import Bindings
from field_forms.builtin import BUILTIN
from field_forms.mapping import FormReport, to_report
from field_forms.openrosa import Instance, InstanceRefused, parse_instance
from server.access.context import Context
from server.access.principal import Principal
from server.emergencies.service import resolve
from server.forms import builtin, queries
from server.forms.schemas import Submission, Taken, Upload
from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.reports.intake import Incoming, accept, safe_key

SOURCE = "openrosa"
_REMEMBERED_FORMS = 64
_remembered: dict[UUID, Bindings] = {}
_REFUSED_OUTRIGHT = frozenset({"submission.empty", "submission.doctype", "submission.too_large"})


async def submit(conn: Conn, ctx: Context, who: Principal, sent: Submission) -> Taken:
    """Store a submission as a report, with its files. The caller commits, rings `reports`, then answers.

    Raises `InstanceRefused` for what no form can have sent (empty, with a DOCTYPE, over the size limit);
    anything else that cannot be read is taken as it is, flagged, for a person to look at.
    """
    instance, flags = _parse(sent.xml)
    key = _key(instance, sent.xml)
    meta: dict[str, Any] = {"files": [upload.name for upload in sent.files], "incomplete": sent.incomplete}
    report: FormReport | None = None
    if instance is not None:
        report, more = await _understand(conn, instance, meta)
        flags += more
    incoming = Incoming(
        channel="form",
        source=SOURCE,
        source_key=key,
        body=sent.xml,
        sender=who.actor,
        content_type="text/xml",
        meta=meta,
        lon=report.lon if report else None,
        lat=report.lat if report else None,
        occurred_at=_started(instance),
        emergency_id=await resolve(conn, who.emergency_id, None),
        flags=flags,
    )
    taken = (await accept(conn, ctx, [incoming], actor=who.actor))[0]
    files = await _keep_files(conn, ctx, taken.id, safe_key(ctx.sealing, key), sent.files)
    return Taken(taken.id, taken.receipt, taken.known, taken.conflict, files)


def _parse(xml: bytes) -> tuple[Instance | None, list[str]]:
    try:
        instance = parse_instance(xml)
    except InstanceRefused as refused:
        if refused.code in _REFUSED_OUTRIGHT:
            raise
        return None, ["form_unreadable"]
    return instance, (["form_encrypted"] if instance.encrypted else []) + (
        ["form_edited"] if instance.deprecated_id else []
    )


def _key(instance: Instance | None, xml: bytes) -> str:
    """The submission's own identity: its instanceID, or its bytes when it has none."""
    given = instance.instance_id if instance else None
    return given or "sha256:" + hashlib.sha256(xml).hexdigest()


async def _understand(conn: Conn, instance: Instance, meta: dict[str, Any]) -> tuple[FormReport | None, list[str]]:
    """What the answers say by the form's bindings, put into `meta`; flags for forms that we do not know."""
    meta |= {
        "form_id": instance.form_id,
        "form_version": instance.version,
        "replaces": instance.deprecated_id,
    }
    row = await queries.version_filled_in(conn, instance.form_id, instance.version)
    if row is None and instance.form_id in BUILTIN:
        await builtin.publish(conn)  # a phone may have got the form before this database was made
        row = await queries.version_filled_in(conn, instance.form_id, instance.version)
    if row is None or instance.encrypted:
        return None, [] if instance.encrypted else ["form_unknown"]
    report = to_report(instance, await _bindings(conn, row["id"]))
    meta["answers"] = asdict(report)
    return report, [] if row["exact"] else ["form_version_unknown"]


async def _bindings(conn: Conn, record_id: UUID) -> Bindings:
    """A version's bindings, remembered: a row of `forms` is never changed but in its state."""
    known = _remembered.get(record_id)
    if known is None:
        if len(_remembered) >= _REMEMBERED_FORMS:
            _remembered.clear()
        known = _remembered[record_id] = Bindings.from_json(await queries.bindings_of(conn, record_id))
    return known


def _started(instance: Instance | None) -> datetime | None:
    """When the phone says that the form was opened: a claim, kept only when it carries its zone."""
    said = instance.fields.get(f"/{instance.root}/start", "").strip() if instance else ""
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


async def _keep_files(conn: Conn, ctx: Context, report_id: UUID, key: str, files: tuple[Upload, ...]) -> int:
    """Seal and store the files that this instance does not have yet; how many those were.

    `key` and the file's name stand in the open, so whatever could hold a person's name or number is hashed.
    """
    known = await queries.known_attachments(conn, SOURCE, key) if files else set()
    kept = 0
    for upload in files:
        name, digest = safe_key(ctx.sealing, upload.name), hashlib.sha256(upload.data).digest()
        if (name, digest) in known:
            continue
        record_id = uuid7()
        record = ctx.sealing.new("attachments", record_id)
        kept += await queries.add_attachment(
            conn,
            {
                "id": record_id,
                "report_id": report_id,
                "source": SOURCE,
                "instance_id": key,
                "name": name,
                "digest": digest,
                "content_type": upload.content_type,
                "size": len(upload.data),
                "file_sealed": record.seal("file_sealed", upload.data),
                "sealing_key_id": record.key_id,
                "data_key_wrapped": record.wrapped,
            },
        )
    return kept
