"""`/field/`: forms in a browser for those with a link, and the preview of a draft. The page itself names nobody.

The link's token stands behind `#` and never reaches this server in an address (decision 0013). The form component
builds its styles at run time and reads expressions with WebAssembly: the policy allows both, on these pages alone.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from starlette.responses import HTMLResponse, RedirectResponse

from field_forms.openrosa import MAX_SUBMISSION_BYTES
from mapping.basemaps import Tiles
from server.pages.gate import View, open_page
from server.pages.rendering import render

router = APIRouter(include_in_schema=False)
Open = Annotated[View, open_page("who fills in says so by the link's token, with each question to the server")]
_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)


def policy(tiles: Tiles | None) -> str:
    """The policy of these pages; `tiles` adds the operator's own tile host to the images."""
    images = ("img-src 'self' data: blob:", tiles.source if tiles else None)
    return "; ".join((*_POLICY, " ".join(part for part in images if part)))


@router.get("/field")
async def field(_view: Open) -> Response:
    """The address as people type it. What stands behind `#` survives."""
    return RedirectResponse("/field/", 308)


@router.get("/field/{form_id:path}")
async def field_page(view: Open, form_id: str, draft: Annotated[str, Query(max_length=200)] = "") -> Response:  # noqa: ARG001
    """The list of a link's forms, or one form: the page's module reads the address and asks for the rest."""
    tiles = view.tiles
    config: dict[str, Any] = {
        "signed": view.principal is not None,
        "limit": MAX_SUBMISSION_BYTES,
        "tiles": {"url": tiles.url, "credit": tiles.credit} if tiles else None,
    }
    html = render("field.html", view.lang, view.nonce, config=config, drill=view.settings.drill, draft=draft)
    headers = {
        **view.headers(),
        "Content-Security-Policy": policy(tiles),
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "geolocation=(self), camera=(self)",
    }
    answer = HTMLResponse(html, headers=headers)
    if view.request.query_params.get("lang") == view.lang:
        answer.set_cookie("lang", view.lang, max_age=31_536_000, samesite="lax", path="/")
    return answer
