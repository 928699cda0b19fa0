"""`/register`: who wants to help says what she can do. Open to everybody, made for a phone, works without a module."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from psycopg.rows import DictRow
from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse

from server.access.context import Context, context
from server.access.guard import forbidden, same_origin
from server.access.secrets import COOKIE, secret_hash
from server.access.service import PASSPHRASE_MIN, SESSION_HOURS, open_session
from server.kernel.db import Conn
from server.kernel.edge import Tx
from server.kernel.errors import Problem
from server.pages import me_words
from server.pages import volunteer_queries as people
from server.pages.gate import View, open_page
from server.pages.i18n import translator
from server.pages.queue_page import Wish, chosen
from server.volunteers import registering
from server.volunteers.rules import VEHICLES
from server.volunteers.schemas import Registration
from server.volunteers.skills import LANGUAGES, SKILLS

router = APIRouter(include_in_schema=False)
Ctx = Annotated[Context, Depends(context)]
Anybody = Annotated[View, open_page("whoever wants to help may say so; a centre looks at each")]
SAID: Final = ("Not sent: the network is away. What you wrote is still here; press again when it is back.",)
"""What the page's module says; a slow phone is spared the other words of the house."""
_DIGITS: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫٬", "01234567890123456789.,")


class Filled(BaseModel):
    """The form as it was sent: texts, none of them checked yet."""

    centre: str = ""
    skills: list[str] = []
    languages: list[str] = []
    gender: str = ""
    vehicle: str = ""
    capacity_kg: str = ""
    name: str = ""
    phone: str = ""
    handle: str = ""
    passphrase: str = ""

    def asked(self) -> Registration:
        """As the API takes it: empty fields left out, Persian digits read. Raises ValidationError."""
        given = {key: value for key, value in self.model_dump().items() if value not in ("", [])}
        if "capacity_kg" in given:
            given["capacity_kg"] = self.capacity_kg.translate(_DIGITS).replace(",", "").strip()
        if not self.vehicle:
            given.pop("capacity_kg", None)
        return Registration.model_validate({"passphrase": "", **given})


_WRONG: Final[Mapping[str, tuple[str, str]]] = {
    "centre": ("مرکزی را برگزینید.", "Choose a centre."),
    "capacity_kg": ("ظرفیت، عددی به کیلوگرم است.", "The load is a number of kilograms."),
    "handle": ("نام ورود ۲ تا ۶۰ نویسه دارد.", "A sign-in name has 2 to 60 characters."),
}
"""Field → what is wrong with it, in Persian and English."""
_ELSE: Final = ("این فرم کامل نیست: دوباره نگاه کنید.", "The form is not complete: look at it again.")


def named(table: Mapping[str, tuple[str, str]], lang: str) -> dict[str, str]:
    """A table of (Persian, English) names in one language."""
    return {code: names[lang == "en"] for code, names in table.items()}


async def _form(view: View, conn: Conn, filled: Filled, problem: str | None, status: int = 200) -> Response:
    return view.page(
        "register.html",
        status,
        page="register",
        centres=await people.open_centres(conn),
        skills=named(SKILLS, view.lang),
        languages=named(LANGUAGES, view.lang),
        vehicles=named(VEHICLES, view.lang),
        filled=filled,
        problem=problem,
        minimum=PASSPHRASE_MIN,
        closed=_words(registering.closed(), view.lang) if not view.settings.registration else None,
        mine=None,
        config=_config(view.lang),
    )


def _config(lang: str) -> dict[str, Any]:
    """The words of a phone's modules and of this page's own."""
    said, say = me_words.words(lang), translator(lang)
    return {**said, "words": {**said["words"], **({one: say(one) for one in SAID} if lang != "en" else {})}}


def _words(problem: Problem, lang: str) -> str:
    return problem.fa if lang == "fa" else problem.en


def _answer(view: View, mine: DictRow) -> Response:
    """What became of it, for who has registered."""
    return view.page("register.html", page="register", mine=mine, closed=None, problem=None, config=_config(view.lang))


@router.get("/register")
async def register_page(view: Anybody, tx: Tx, centre: Wish = None) -> Response:
    """The form; for who has registered, what her centre says."""
    who = view.principal
    if who and who.volunteer_id and (mine := await people.own(tx, who.volunteer_id)):
        if mine["vetting"] == "vetted" and (secret := view.request.cookies.get(COOKIE)):
            # Remembered here as an applicant: the page that says that she is in must lead in at once.
            view.request.app.state.principals.pop(secret_hash(secret), None)
        return _answer(view, mine)
    wish: UUID | None = chosen(centre)
    return await _form(view, tx, Filled(centre=str(wish or ""), languages=["fa"]), None)


@router.post("/register")
async def register(view: Anybody, ctx: Ctx, request: Request, filled: Annotated[Filled, Form()]) -> Response:
    """Register, and in with her; what was wrong is said above the form, which keeps what she wrote."""
    if not same_origin(request):
        raise forbidden()
    if view.principal is not None:
        # Somebody's session is open here: it must not be lost to another's.
        return RedirectResponse("/register", 303)
    try:
        asked = filled.asked()
        address = request.client.host if request.client else None
        # A transaction of its own: a refused try leaves nothing.
        async with ctx.db.tx() as conn:
            done = await registering.register(conn, ctx, asked, address, view.lang)
            secret = await open_session(conn, done.account_id)
    except ValidationError as error:
        fields = [str(one["loc"][0]) for one in error.errors() if one["loc"]]
        told = next((_WRONG[name] for name in fields if name in _WRONG), _ELSE)
        return await _again(view, ctx, filled, told[view.lang == "en"], 422)
    except Problem as problem:
        return await _again(view, ctx, filled, _words(problem, view.lang), problem.status)
    answer = RedirectResponse("/register", 303)
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=SESSION_HOURS * 3600,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return answer


async def _again(view: View, ctx: Context, filled: Filled, problem: str, status: int) -> Response:
    async with ctx.db.tx() as conn:
        return await _form(view, conn, filled, problem, status)
