"""The built-in forms, published when an instance is prepared and once in each process that lists forms."""

import asyncio

from field_forms import builtin
from server.forms import form_queries, publishing
from server.forms.form_queries import ALL
from server.kernel.db import Conn

FORMS = builtin.BUILTIN + builtin.WITH_LISTS
_done: set[str] = set()
"""Databases that this process has seen to."""


async def publish(conn: Conn) -> int:
    """Publish the built-in forms to all, unless an operator has put a newer version in their place.

    A version that is there in any state is left as it is: archiving a built-in form lasts.
    No event tells of it: they are there from the first. Returns how many built-in forms there are.
    """
    for form_id in FORMS:
        source = builtin.workbook(form_id)
        if await form_queries.has_source(conn, form_id, source):
            continue
        form = await asyncio.to_thread(builtin.compiled, form_id)
        await form_queries.lock_form(conn, form_id)
        if await form_queries.version_of(conn, form_id, form.version):
            continue
        now = await form_queries.publication(conn, form_id, ALL)
        newer = now is not None and (await form_queries.number_of(conn, now) or "") >= form.version
        if not newer:
            await publishing.publish(conn, form, source, told=False)
    return len(FORMS)


async def ensure(conn: Conn) -> None:
    """As `publish`, once a process and database: a phone may ask before anybody has prepared the instance."""
    key = conn.info.dsn
    if key not in _done:
        await publish(conn)
        _done.add(key)
