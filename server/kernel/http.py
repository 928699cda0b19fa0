"""The edge: problem answers, the reader's language, ETags, bodies read with a limit."""

from typing import Annotated, Any

import orjson
import psycopg
import structlog
from fastapi import FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from server.kernel.errors import Problem, bad_request, constraint_problem

log = structlog.get_logger("http")
PROBLEM_JSON = "application/problem+json"


def language(request: Request) -> str:
    """`fa` or `en`: ?lang, then the cookie, then Accept-Language, then Persian."""
    for choice in (request.query_params.get("lang"), request.cookies.get("lang")):
        if choice in {"fa", "en"}:
            return choice
    accepted = request.headers.get("accept-language", "").lower()
    return "en" if accepted.startswith("en") else "fa"


def problem_response(request: Request, problem: Problem) -> Response:
    """A problem as RFC 9457 JSON."""
    lang = language(request)
    return Response(
        orjson.dumps(problem.body(lang)),
        problem.status,
        media_type=PROBLEM_JSON,
        headers={**problem.headers, "Content-Language": lang},
    )


def json_response(
    data: Any, status: int = 200, headers: dict[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """JSON without a model's detour; NaN becomes null, so no answer is unreadable."""
    return Response(orjson.dumps(data, default=str), status, headers=headers, media_type=media_type)


async def read_body(request: Request, limit: int) -> bytes:
    """The request's bytes, refused with 413 past `limit`."""
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise Problem(413, "body.too_large", f"More than {limit} bytes.", f"بیش از {limit} بایت است.")
            chunks.append(chunk)
    except ClientDisconnect:
        # Nobody is there to read this; it keeps a hung-up phone from looking like a fault of ours in the log.
        raise Problem(400, "body.cut", "The request ended before its body did.", "درخواست ناتمام ماند.") from None
    return b"".join(chunks)


async def whole_body(receive: Receive) -> bytes | None:
    """A request's bytes where no `Request` is made of it (its length was looked at); None when the client has gone."""
    message = await receive()
    raw: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        raw += message.get("body", b"")
    return None if message["type"] == "http.disconnect" else raw


def etag(version: int) -> str:
    """A record's version as a strong ETag."""
    return f'"{version}"'


def if_match(header: Annotated[str | None, Header(alias="If-Match")] = None) -> int:
    """The version that the editor saw. Edits without one are refused with 428."""
    if header is None:
        raise Problem(
            428,
            "edit.needs_if_match",
            "Send If-Match with the version you saw.",
            "سرآیند If-Match را با نسخه‌ای که دیده‌اید بفرستید.",
        )
    digits = header.strip().removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit():
        raise bad_request("edit.bad_if_match", "If-Match is no version of ours.", "مقدار If-Match شناخته نشد.")
    return int(digits)


def _validation(error: RequestValidationError) -> Problem:
    fields = [
        {
            "field": ".".join(str(p) for p in e["loc"][1:]) or str(e["loc"][0]),
            "code": str(e["type"]),
            "message": str(e["msg"]),
        }
        for e in error.errors()
    ]
    return Problem(
        422,
        "invalid",
        "Some fields are missing or wrong.",
        "برخی از خانه‌ها خالی یا نادرست است.",
        fields=fields,
    )


def internal() -> Problem:
    """500: our fault."""
    return Problem(500, "internal", "Something broke here; it was logged.", "این‌جا چیزی خراب شد؛ ثبت شد.")


def install_problem_handlers(app: FastAPI) -> None:
    """Every error leaves as a problem document; nothing of the data goes to the log."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return problem_response(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_response(request, _validation(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        texts = {
            404: ("No such page.", "چنین صفحه‌ای نیست."),
            405: ("Not this method here.", "این روش این‌جا پذیرفته نیست."),
        }
        en, fa = texts.get(error.status_code, (str(error.detail), "درخواست پذیرفته نشد."))
        return problem_response(
            request,
            Problem(error.status_code, f"http.{error.status_code}", en, fa, headers=dict(error.headers or {})),
        )

    @app.exception_handler(IntegrityError)
    async def _orm_constraint(request: Request, error: IntegrityError) -> Response:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        return problem_response(request, constraint_problem(name))

    @app.exception_handler(psycopg.IntegrityError)
    async def _constraint(request: Request, error: psycopg.IntegrityError) -> Response:
        return problem_response(request, constraint_problem(error.diag.constraint_name))

    @app.exception_handler(psycopg.OperationalError)
    async def _down(request: Request, error: psycopg.OperationalError) -> Response:
        log.error("database.unavailable", kind=type(error).__name__)
        return problem_response(
            request,
            Problem(
                503,
                "database.unavailable",
                "The database is not answering; try again.",
                "پایگاه داده پاسخ نمی‌دهد؛ دوباره بفرستید.",
                headers={"Retry-After": "2"},
            ),
        )

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        log.error(
            "request.failed",
            route=request.scope.get("path", "")[:80].split("/")[1:3],
            kind=type(error).__name__,
        )
        return problem_response(request, internal())
