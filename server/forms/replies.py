"""What every answer to a phone bears."""

from typing import Final

from fastapi import Request, Response

from field_forms import openrosa

PREFIXES: Final = ("/openrosa", "/openrosa/{token}")
HEADERS: Final = {
    "X-OpenRosa-Version": "1.0",
    "X-OpenRosa-Accept-Content-Length": str(openrosa.MAX_SUBMISSION_BYTES),
}


def xml_response(body: bytes, status: int = 200) -> Response:
    """XML as Collect takes it."""
    return Response(body, status, headers={**HEADERS, "Content-Type": openrosa.CONTENT_TYPE})


def spoken(request: Request) -> str | None:
    """The phone's language, `fa` or `en`; None when it says none or another: then it is told in both."""
    first = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0]
    tag = first.strip().lower().partition("-")[0]
    return {"fa": "fa", "prs": "fa", "en": "en"}.get(tag)
