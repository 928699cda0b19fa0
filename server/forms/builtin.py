"""The built-in forms, published when an instance is prepared and when a phone asks."""

import asyncio

from field_forms import builtin
from server.forms import publishing, queries
from server.kernel.db import Conn


async def publish(conn: Conn) -> int:
    """Publish the built-in forms, unless an operator has put a newer version in their place.

    A version that is there in any state is left as it is: archiving a built-in form lasts.
    Returns how many built-in forms there are.
    """
    for form_id in builtin.BUILTIN:
        source = builtin.workbook(form_id)
        if await queries.has_source(conn, form_id, source):
            continue
        form = await asyncio.to_thread(builtin.compiled, form_id)
        if await queries.version_of(conn, form_id, form.version):
            continue
        await queries.lock_form(conn, form_id)
        if await queries.version_of(conn, form_id, form.version):
            continue
        now = await queries.published_forms(conn, form_id)
        if not now or now[0]["version"] < form.version:
            await publishing.publish(conn, form, source)
    return len(builtin.BUILTIN)
