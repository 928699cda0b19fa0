"""The gate of a page: like `access.guard.allow`, but who is not signed in is led to the sign-in page."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Depends, Request, Response
from starlette.responses import HTMLResponse

from mapping.basemaps import Tiles, content_security_policy
from server.access.guard import forbidden, principal_of
from server.access.permissions import roles_for
from server.access.principal import Principal
from server.kernel.http import language
from server.kernel.settings import Settings
from server.pages.i18n import translator
from server.pages.rendering import render

NAV = (
    ("map", "map.read"),
    ("queue", "queue.read"),
    ("inbox", "report.list"),
    ("hotline", "hotline.type"),
    ("words", "words.edit"),
    ("forms", "form.publish"),
    ("volunteers", "volunteer.read"),
    ("stock", "stock.read"),
    ("messages", "gateway.read"),
    ("house", "token.create"),
)


STEERS: Final = ("dispatcher", "coordinator", "admin")


class SignInFirst(Exception):
    """Nobody is signed in: the page's handler redirects to /login and back."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class View:
    """One request for a page: its reader, language and nonce."""

    request: Request
    principal: Principal | None
    lang: str
    nonce: str

    @property
    def settings(self) -> Settings:
        """The instance's settings."""
        chosen: Settings = self.request.app.state.settings
        return chosen

    @property
    def tiles(self) -> Tiles | None:
        """The operator's own tiles, if an address is set."""
        chosen = self.settings
        return Tiles(chosen.tile_url, chosen.tile_attribution) if chosen.tile_url else None

    def frame(self, page: str | None = None) -> dict[str, Any]:
        """What base.html needs: drill, nav, user, page."""
        who = self.principal
        nav = [code for code, permission in NAV if who and who.scopes_for(permission)]
        if who and not who.has_role(*STEERS):
            # Volunteers who answer the phone are given the address; the others must not take it for a way to report.
            nav = [code for code in nav if code != "hotline"]
        if who and who.volunteer_id and who.scopes_for("task.claim"):
            # A volunteer's own tasks come first, and are no place for anybody else.
            nav.insert(0, "me")
        role = next((s.role for s in who.scopes), None) if who else None
        return {
            "drill": self.settings.drill,
            # None: nobody here is called by alarms; else whether they may say that they have seen one.
            "alarms": bool(who.scopes_for("alarm.see")) if who and who.scopes_for("alarm.read") else None,
            "nav": nav,
            "page": page,
            "user": {"name": translator(self.lang)(role), "role": ""} if role else None,
        }

    def answer(self, html: str, status: int = 200) -> Response:
        """The page with its policy. Nothing of a signed-in page stays in a shared cache."""
        return HTMLResponse(html, status, headers=self.headers())

    def headers(self) -> dict[str, str]:
        """Security headers of every page."""
        return {
            "Content-Security-Policy": content_security_policy(self.nonce, self.tiles),
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "geolocation=(self)",
        }

    def page(self, template: str, status: int = 200, page: str | None = None, **values: Any) -> Response:
        """Render a template and answer."""
        return self.answer(render(template, self.lang, self.nonce, **self.frame(page), **values), status)


async def _view(request: Request) -> View:
    return View(request, await principal_of(request), language(request), secrets.token_urlsafe(16))


def open_page(reason: str) -> Any:
    """A page for everybody, and why."""

    async def guard(request: Request) -> View:
        return await _view(request)

    guard.public = reason  # type: ignore[attr-defined]
    return Depends(guard)


def page_for(permission: str) -> Any:
    """A page for those who hold `permission`."""
    roles_for(permission)

    async def guard(request: Request) -> View:
        view = await _view(request)
        if view.principal is None:
            query = f"?{request.url.query}" if request.url.query else ""
            raise SignInFirst(f"/login?next={quote(request.url.path + query, safe='')}")
        if not view.principal.scopes_for(permission):
            raise forbidden()
        return view

    guard.permission = permission  # type: ignore[attr-defined]
    return Depends(guard)


SessionView = Annotated[View, page_for("session.own")]
