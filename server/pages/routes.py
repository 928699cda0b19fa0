"""The pages' first steps: in, out, and the live map. The other pages have files of their own."""

import asyncio
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from mapping.basemaps import archives
from server.access import queries, service
from server.access.context import Context, context
from server.access.guard import forbidden, same_origin
from server.access.secrets import COOKIE, secret_hash
from server.emergencies.views import for_map
from server.kernel.edge import Tx
from server.kernel.errors import Problem
from server.pages import (
    board_panel,
    field_page,
    forms_page,
    hotline_page,
    house_page,
    inbox_page,
    me_page,
    messages_page,
    paper_page,
    queue_page,
    register_page,
    stock_page,
    submissions_page,
    volunteers_page,
    words_page,
)
from server.pages.gate import View, open_page, page_for
from server.pages.rendering import DEEDS, render_map

router = APIRouter(include_in_schema=False)
for page in (
    queue_page, board_panel, me_page, inbox_page, hotline_page, stock_page, messages_page, house_page, words_page,
    paper_page, field_page, forms_page, submissions_page, volunteers_page, register_page,
):  # fmt: skip
    router.include_router(page.router)
Ctx = Annotated[Context, Depends(context)]
SignedOut = Annotated[View, open_page("nobody is signed in yet")]


def safe_next(path: str) -> str:
    """A path on this server to go back to; anything else becomes the start page."""
    parts = urlsplit(path)
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return path if inside and path.isprintable() else "/"


def _enter(request: Request, secret: str, path: str) -> Response:
    answer = RedirectResponse(path, 303)
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=service.SESSION_HOURS * 3600,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return answer


def _same_site(request: Request) -> None:
    if not same_origin(request):
        raise forbidden()


@router.get("/")
async def start(view: SignedOut) -> Response:
    """Where one belongs: the map for who steers, the own tasks for a volunteer, the door for a stranger."""
    who = view.principal
    if who is None:
        return RedirectResponse("/login", 303)
    if who.has_role("applicant"):
        return RedirectResponse("/register", 303)
    if who.volunteer_id:
        return RedirectResponse("/me", 303)
    return RedirectResponse("/map" if who.scopes_for("map.read") else "/me", 303)


@router.get("/login")
async def login_page(view: SignedOut, onward: Annotated[str, Query(alias="next")] = "/") -> Response:
    """The door."""
    return view.page("login.html", next=safe_next(onward), problem=None, handle="")


@router.post("/login")
async def login(
    view: SignedOut,
    tx: Tx,
    ctx: Ctx,
    request: Request,
    handle: Annotated[str, Form()] = "",
    passphrase: Annotated[str, Form()] = "",
    onward: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Sign in; a wrong pair shows the form again."""
    _same_site(request)
    try:
        secret = await service.sign_in(tx, ctx, handle, passphrase)
    except Problem as problem:
        text = problem.fa if view.lang == "fa" else problem.en
        return view.page("login.html", problem.status, next=safe_next(onward), problem=text, handle=handle[:60])
    return _enter(request, secret, safe_next(onward))


@router.post("/logout", dependencies=[open_page("leaving needs no key")])
async def logout(tx: Tx, request: Request) -> Response:
    """Sign out, here and in the database."""
    _same_site(request)
    if secret := request.cookies.get(COOKIE):
        await service.sign_out(tx, secret)
        request.app.state.principals.pop(secret_hash(secret), None)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.get("/join/{secret}")
async def join_page(view: SignedOut, tx: Tx, secret: str) -> Response:
    """What an invitation opens: choose a name and a passphrase."""
    invite = await queries.open_invite(tx, secret_hash(secret), lock=False)
    if invite is None:
        over = service.invite_over()
        return view.page(
            "join.html",
            over.status,
            over=over.fa if view.lang == "fa" else over.en,
            role=None,
            problem=None,
            handle="",
            minimum=service.PASSPHRASE_MIN,
        )
    return view.page(
        "join.html", over=None, role=invite["role"], problem=None, handle="", minimum=service.PASSPHRASE_MIN
    )


@router.post("/join/{secret}")
async def join(
    view: SignedOut,
    ctx: Ctx,
    request: Request,
    secret: str,
    handle: Annotated[str, Form()] = "",
    passphrase: Annotated[str, Form()] = "",
) -> Response:
    """Use the invitation, once."""
    _same_site(request)
    try:
        # A transaction of its own: a refused try must leave nothing, so that the link still works.
        async with ctx.db.tx() as conn:
            session = await service.accept_invite(conn, secret, handle, passphrase, view.lang)
    except Problem as problem:
        text = problem.fa if view.lang == "fa" else problem.en
        over = problem.code == "invite.over"
        return view.page(
            "join.html",
            problem.status,
            over=text if over else None,
            role="",
            problem=None if over else text,
            handle=handle[:60],
            minimum=service.PASSPHRASE_MIN,
        )
    return _enter(request, session, "/")


@router.get("/map")
async def live_map(view: Annotated[View, page_for("map.read")], tx: Tx) -> Response:
    """The coordinator's map."""
    who = view.principal
    chosen = await for_map(tx, who.emergency_id if who else None)
    html = await asyncio.to_thread(
        render_map,
        view.lang,
        view.nonce,
        emergency=chosen.id,
        centre=chosen.centre,
        zoom=chosen.zoom,
        tiles=view.tiles,
        grounds=await asyncio.to_thread(archives, view.settings.home),
        may=[deed for deed, permission in DEEDS.items() if who and who.scopes_for(permission)],
        **{k: v for k, v in view.frame().items() if k != "page"},
    )
    return view.answer(html)
