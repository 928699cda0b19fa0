"""Forms and their submissions put straight into a database, as the doors leave them, for tests of what follows."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from field_forms.openrosa import InstanceRefused, parse_instance
from field_forms.xlsform import CompiledForm, compile_form
from server.access.context import Context
from server.kernel.db import Conn
from server.kernel.ids import uuid7
from server.reports.intake import Incoming, accept, safe_key

SHARED = Path(__file__).parents[3] / "shared/data/openrosa"


async def add_version(
    conn: Conn, form: CompiledForm, *, state: str = "published", created: datetime | None = None
) -> UUID:
    """A version of a form as it stands when it was published; its id."""
    record_id = uuid7()
    await conn.execute(
        "INSERT INTO forms (id, form_id, version, title, xml, md5, bindings, state, public_key, created_at)"
        " VALUES (%(id)s, %(form_id)s, %(version)s, %(title)s, %(xml)s, %(md5)s, %(bindings)s, %(state)s, NULL,"
        " coalesce(%(created)s, clock_timestamp()))",
        {
            "id": record_id,
            "form_id": form.form_id,
            "version": form.version,
            "title": Jsonb(form.titles),
            "xml": form.xml,
            "md5": form.hash.removeprefix("md5:"),
            "bindings": Jsonb(form.bindings.to_json()),
            "state": state,
            "created": created,
        },
    )
    return record_id


def workbook_of(name: str) -> CompiledForm:
    """A form of the shared samples (`new_repeats.xls`), compiled."""
    path = SHARED / "forms" / name
    return compile_form(path.read_bytes(), path.suffix)


def samples(folder: str) -> list[bytes]:
    """The submissions of a folder of the shared samples, by name."""
    return [path.read_bytes() for path in sorted((SHARED / "submissions" / folder).glob("*.xml"))]


async def add_submission(
    conn: Conn, ctx: Context, xml: bytes, *, version_id: UUID | None = None, sent_by: str = "system", **columns: Any
) -> UUID:
    """A submission with its report, as the door leaves it; an edit replaces the one that it names. Its id.

    `columns`: further columns of `submissions` (state, draft, encrypted, emergency_id, centre_id, wanted …).
    """
    try:
        instance = parse_instance(xml)
    except InstanceRefused:
        instance = None
    key = instance.instance_id if instance and instance.instance_id else "sha256:" + hashlib.sha256(xml).hexdigest()
    taken = (await accept(conn, ctx, [Incoming("form", "openrosa", key, xml, sent_by, None, "text/xml")]))[0]
    safe = safe_key(ctx.sealing, key)
    replaces = safe_key(ctx.sealing, instance.deprecated_id) if instance and instance.deprecated_id else None
    root = safe
    if replaces:
        found = await conn.execute(
            "UPDATE submissions SET current = false WHERE instance_key = %s RETURNING root_key", (replaces,)
        )
        row = await found.fetchone()
        root = row["root_key"] if row else replaces
    row_id = uuid7()
    values = {
        "id": row_id,
        "report_id": taken.id,
        "version_id": version_id,
        "form_id": instance.form_id if instance else "",
        "form_version": instance.version if instance else "",
        "instance_key": safe,
        "xml_digest": ctx.sealing.keyed_bytes("blob", xml)[:32],
        "root_key": root,
        "replaces_key": replaces,
        "state": "whole",
        "encrypted": bool(instance and instance.encrypted),
        "sent_by": sent_by,
        **columns,
    }
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    await conn.execute(f"INSERT INTO submissions ({names}) VALUES ({places})", values)
    return row_id


async def add_effect(conn: Conn, submission_id: UUID, kind: str, state: str, **columns: Any) -> UUID:
    """Something that a submission did, or that was refused; its id."""
    row_id = uuid7()
    values = {"id": row_id, "submission_id": submission_id, "kind": kind, "nth": 1, "state": state, **columns}
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    await conn.execute(f"INSERT INTO submission_effects ({names}) VALUES ({places})", values)
    return row_id
