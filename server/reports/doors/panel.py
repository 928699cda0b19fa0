"""Panels: GET or POST with parameters under names of their own, and answers of their own."""

import re
from typing import Final

from fastapi import Request, Response

from server.kernel.http import json_response, read_body
from server.reports.doors.caller import Caller, Services, heard, keep
from server.reports.doors.forms import body_pairs, pairs_of, without
from server.reports.doors.panel_shape import message_of


async def handed_over(caller: Caller, request: Request, ctx: Services, body: bytes | None = None) -> Response:
    """Keep what the query and the body say; answer what the panel wishes to hear (`settings["answer"]`).

    `body`: where the door has read it already.
    """
    # A drill's gateway is no panel: `answer` means something else in its settings.
    settings = caller.gateway.settings if caller.gateway and caller.gateway.kind == "generic" else {}
    query = without(pairs_of(request.scope.get("query_string", b"")), "token")
    raw = b"" if body is None else body
    if body is None and request.method == "POST":
        raw = await read_body(request, ctx.settings.max_body_bytes)
    content_type = request.headers.get("content-type", "application/octet-stream")
    pairs = [*body_pairs(raw, content_type), *query]
    if not pairs and not raw.strip():
        # Its owner's browser, or the panel's own test of the address: it is there, and says nothing.
        heard(caller)
        return _wished(settings.get("answer"), settings.get("answer_type"))
    if not raw:
        raw = b"&".join(name.encode() + b"=" + value for name, value in query)
        content_type = "text/plain"
    item, numbered = message_of(raw, content_type, pairs, settings, caller.id)
    done = await keep(request, caller, item, unnumbered=not numbered)
    if settings.get("answer") is None and request.method == "POST":
        return json_response({"receipt": done.receipt, "report": done.id})
    return _wished(settings.get("answer"), settings.get("answer_type"))


_KIND: Final = re.compile(r"[\w.+-]+/[\w.+-]+(; *[\w-]+=[\w.\"-]+)*", re.ASCII)


def _wished(answer: object, kind: object) -> Response:
    """A setting that no header can hold must not cost the panel its answer: the message is kept by now."""
    return Response(
        answer.encode("utf-8", "replace") if isinstance(answer, str) else b"OK",
        media_type=kind if isinstance(kind, str) and _KIND.fullmatch(kind) else "text/plain",
        headers={"Cache-Control": "no-store"},
    )
