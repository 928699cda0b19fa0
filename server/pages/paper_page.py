"""The map handed out over HTTP: a file for a stick, sheets to print, a picture. What is handed out is on record."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Response

from mapping.paper.book import Paper
from server.access.context import Context, context
from server.access.principal import Principal
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import bad_request
from server.kernel.events import NewEvent, emit
from server.pages import paper, paper_stick, printing
from server.pages.gate import View, page_for
from server.pages.parts import reader

router = APIRouter(prefix="/map", include_in_schema=False)
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'none'"
"""Of sheets, which run nothing and ask for nothing."""
_AT_ONCE = asyncio.Semaphore(1)
"""One Chromium at a time prints: each takes some hundred megabytes."""
PIXELS: Final = {"a4": (1123, 794), "a3": (1587, 1123)}
"""A sheet at 96 dots an inch, lying."""


class Asked:
    """The query of all of them: emergency, layers, bbox, paper, across."""

    def __init__(
        self,
        view: Annotated[View, page_for("map.read")],
        emergency: str = "",
        layers: str = "",
        bbox: str = "",
        size: Annotated[Literal["a4", "a3"], Query(alias="paper")] = "a4",
        *,
        across: bool = True,
    ) -> None:
        """Parse, and leave out what the reader may not see."""
        self.view, self.who = view, reader(view)
        wanted = tuple(code for code in layers.split(",") if code in paper.LAYERS) or paper.USUAL
        allowed = tuple(code for code in wanted if self.who.scopes_for(paper.LAYERS[code]))
        link = f"{str(view.request.base_url).rstrip('/')}/map"
        self.wish = paper.Wish(view.lang, allowed, box_of(bbox), Paper(size, across), link)
        self.emergency = emergency or None


def box_of(text: str) -> tuple[float, float, float, float] | None:
    """`w,s,e,n` in degrees; None for an empty one. Raises 400."""
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = 999.0
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 - degrees
        raise bad_request("map.bbox", "bbox is west,south,east,north in degrees.", "bbox باید غرب،جنوب،شرق،شمال باشد.")
    return west, south, east, north


Wanted = Annotated[Asked, Depends()]
Ctx = Annotated[Context, Depends(context)]


async def _got(conn: Conn, asked: Asked, kind: str, *, asking: bool, most: int) -> paper.Gathered:
    within = asked.who.emergency_id
    got = await paper.gather(conn, asked.wish, asked.emergency, within, asking=asking, most=most)
    await _told(conn, asked.who, got, kind, asked.wish.layers)
    return got


async def _told(conn: Conn, who: Principal, got: paper.Gathered, kind: str, layers: tuple[str, ...]) -> None:
    data = {"kind": kind, "layers": list(layers), "records": len(got.records)}
    emergency = got.emergency["id"]
    await emit(conn, NewEvent("map.exported", "emergency", emergency, emergency, who.actor, data=data))


def _named(got: paper.Gathered, kind: str, end: str) -> str:
    return f"hamyar-{got.emergency['code']}-{kind}-{datetime.now(UTC):%Y%m%d-%H%M}.{end}"


def _answer(body: bytes, media: str, name: str | None) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": POLICY}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(body, media_type=media, headers=headers)


@router.get("/stick.html")
async def on_a_stick(tx: Tx, asked: Wanted) -> Response:
    """The map in one file that opens without a server."""
    got = await _got(tx, asked, "stick", asking=False, most=paper_stick.STICK_MOST)
    body = await asyncio.to_thread(paper_stick.stick_html, got, asked.wish)
    return _answer(body.encode(), "text/html; charset=utf-8", _named(got, "map", "html"))


@router.get("/atlas.html")
async def sheets(tx: Tx, asked: Wanted) -> Response:
    """The atlas as a page that any browser prints."""
    got = await _got(tx, asked, "atlas", asking=True, most=paper.SHEETS_MOST)
    return _answer((await paper.atlas_html(tx, got, asked.wish)).encode(), "text/html; charset=utf-8", None)


@router.get("/atlas.pdf")
async def atlas(ctx: Ctx, asked: Wanted) -> Response:
    """The atlas as PDF. 503 where there is no Chromium: then `atlas.html` prints from any browser."""
    async with ctx.db.tx() as conn:
        got = await _got(conn, asked, "atlas", asking=True, most=paper.SHEETS_MOST)
        html = await paper.atlas_html(conn, got, asked.wish)
    return await _printed(html, _named(got, "atlas", "pdf"))


@router.get("/sheet.pdf")
async def one_sheet(ctx: Ctx, asked: Wanted) -> Response:
    """One sheet of what is looked at."""
    html, got = await _sheet(ctx, asked, "sheet")
    return await _printed(html, _named(got, "sheet", "pdf"))


@router.get("/picture.png")
async def picture(ctx: Ctx, asked: Wanted) -> Response:
    """The same sheet as a picture for a message."""
    html, got = await _sheet(ctx, asked, "picture")
    wide, tall = PIXELS[asked.wish.paper.size]
    size = (wide, tall) if asked.wish.paper.across else (tall, wide)
    async with _AT_ONCE:
        return _answer(await printing.png(html, *size), "image/png", _named(got, "picture", "png"))


async def _sheet(ctx: Context, asked: Asked, kind: str) -> tuple[str, paper.Gathered]:
    # Its transaction ends before Chromium begins: who waits for the printer must not hold a connection.
    async with ctx.db.tx() as conn:
        got = await _got(conn, asked, kind, asking=True, most=paper.SHEETS_MOST)
        return await paper.sheet_html(conn, got, asked.wish), got


async def _printed(html: str, name: str) -> Response:
    async with _AT_ONCE:
        return _answer(await printing.pdf(html), "application/pdf", name)
