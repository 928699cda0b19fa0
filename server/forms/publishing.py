"""Making a compiled form the one that phones get."""

from typing import Any

from field_forms.xlsform import CompiledForm
from server.forms import queries
from server.forms.errors import needs_media, version_taken
from server.forms.schemas import Published
from server.kernel.db import Conn
from server.kernel.ids import uuid7


async def publish(conn: Conn, form: CompiledForm, source: bytes | None) -> Published:
    """Make a compiled form the one that phones get. The same version and content again changes nothing.

    Raises `form.version_taken` when that version was published with other content, `form.needs_media` when
    the form refers to files.
    """
    if not form.ok:
        raise ValueError("only a form without problems can be published")
    if form.itemsets or b"jr://" in form.xml:
        raise needs_media()
    await queries.lock_form(conn, form.form_id)
    md5 = form.hash.removeprefix("md5:")
    known = await queries.version_of(conn, form.form_id, form.version)
    if known and known["md5"] != md5:
        raise version_taken()
    if known and known["state"] == "published":
        return Published(form.form_id, form.version, known=True)
    await queries.archive_published(conn, form.form_id)
    if known:
        await queries.set_published(conn, known["id"])
    else:
        await queries.add_form(conn, _row(form, md5, source))
    return Published(form.form_id, form.version, known=False)


def _row(form: CompiledForm, md5: str, source: bytes | None) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "form_id": form.form_id,
        "version": form.version,
        "title": form.titles,
        "xml": form.xml,
        "md5": md5,
        "source": source,
        "bindings": form.bindings.to_json(),
    }
