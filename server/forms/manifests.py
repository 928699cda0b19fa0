"""Which files a version needs on a phone, with the hash of each: its own, and the lists of the server."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from field_forms.openrosa import MediaFile
from server.access.context import Context
from server.access.principal import Principal
from server.forms import form_queries, lists
from server.kernel.db import Conn


async def files(conn: Conn, ctx: Context, who: Principal, form: Mapping[str, Any], address: str) -> list[MediaFile]:
    """The manifest of a version (id, files); `address` is where its files are fetched, without a slash at its end.

    A file that is neither here nor a list of theirs is left out: one entry without a hash would fail the whole list.
    """
    own = {media["name"]: media["md5"] for media in await form_queries.media_of(conn, form["id"])}
    found: list[MediaFile] = []
    for name in form["files"]:
        stamp = own.get(name) or await lists.stamp(conn, ctx, who, name)
        if stamp:
            # The hash in the address: a list may change before a slow phone comes for it.
            found.append(MediaFile(name, f"md5:{stamp}", f"{address}/{quote(name, safe='')}?md5={stamp}"))
    return found
