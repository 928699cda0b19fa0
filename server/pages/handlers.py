"""What a browser sees when something is wrong, and the files that pages need."""

import asyncio
import secrets
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.datastructures import Headers
from starlette.responses import FileResponse, RedirectResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.kernel.errors import Problem
from server.kernel.http import language, problem_response
from server.pages.assets import DIST, STATIC
from server.pages.gate import SignInFirst, View

PACKED: Final = (("br", ".br"), ("gzip", ".gz"))
"""Encodings that the build has laid beside a file, best first."""


class HashedFiles(StaticFiles):
    """Built files carry a hash in their names, so a browser may keep them for a year; scripts, styles packed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file with its cache header, packed as the browser takes it."""
        answer = await self._packed(path, scope) or await super().get_response(path, scope)
        kept = "public, max-age=31536000, immutable" if path.startswith("dist/") else "public, max-age=3600"
        answer.headers["Cache-Control"] = kept
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    async def _packed(self, path: str, scope: Scope) -> Response | None:
        if not path.startswith("dist/assets/") or not path.endswith((".js", ".css")):
            return None
        taken = Headers(scope=scope).get("accept-encoding", "")
        for encoding, ending in PACKED:
            if encoding not in taken:
                continue
            found, stat = await asyncio.to_thread(self.lookup_path, path + ending)
            if stat is None:
                continue
            kind = "text/css" if path.endswith(".css") else "text/javascript"
            answer = FileResponse(found, stat_result=stat, media_type=kind)
            answer.headers["Content-Encoding"] = encoding
            answer.headers["Vary"] = "Accept-Encoding"
            return answer
        return None


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks for a page, not a program for data."""
    return (
        request.method in {"GET", "HEAD", "POST"}
        and "text/html" in request.headers.get("accept", "")
        and not request.url.path.startswith(("/api/", "/intake/", "/openrosa/"))
    )


def install(app: FastAPI) -> None:
    """Add the static files and the pages' error answers."""
    DIST.mkdir(parents=True, exist_ok=True)
    app.mount("/static", HashedFiles(directory=STATIC), name="static")

    @app.exception_handler(SignInFirst)
    async def _sign_in(_request: Request, turn: SignInFirst) -> Response:
        return RedirectResponse(turn.path, 303)

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> Response:
        if not wants_page(request):
            return problem_response(request, problem)
        lang = language(request)
        view = View(request, None, lang, secrets.token_urlsafe(16))
        return view.page(
            "problem.html", problem.status, text=problem.fa if lang == "fa" else problem.en, code=problem.code
        )
