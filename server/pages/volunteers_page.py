"""`/volunteers`: who waits for the centre's word, who is silent, who rests, teams, shifts, and lists from files.

The page shows codes and what people can do; a name or a number comes with a press, and each look is on record.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict

from server.access.principal import Principal
from server.dispatch import scope
from server.kernel.edge import Tx
from server.pages import volunteer_queries as people
from server.pages.dates import HOME
from server.pages.gate import View, page_for
from server.pages.parts import centre_names, living, reader
from server.pages.queue_page import chosen
from server.pages.register_page import named
from server.volunteers.rules import VEHICLES, WORKS
from server.volunteers.skills import LANGUAGES, SKILLS

router = APIRouter(include_in_schema=False)
PAGE: Final = 50
FIRST: Final = 20
"""Of those who wait, are silent or rest so many are shown; their number is said."""
TEAMS_MOST: Final = 60
SHIFTS_MOST: Final = 120
DAYS: Final[Mapping[str, int]] = {"yesterday": -1, "today": 0, "tomorrow": 1}
_GENDERS: Final = ("woman", "man")


def day_of(day: str, now: datetime) -> tuple[datetime, datetime]:
    """From midnight to midnight at home, of yesterday, today or tomorrow; anything else is today."""
    start = now.astimezone(HOME).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=DAYS.get(day, 0))
    return start, start + timedelta(days=1)


class Asked(BaseModel):
    """The query of the page."""

    model_config = ConfigDict(extra="ignore")

    centre: str = ""
    state: str = ""
    skill: str = ""
    language: str = ""
    gender: str = ""
    code: str = ""
    after: str = ""
    day: str = "today"

    def wish(self) -> dict[str, str]:
        """The filters that are known and chosen; the others are left out."""
        known = {
            "state": self.state if self.state in people.STATES else "",
            "skill": self.skill if self.skill in SKILLS else "",
            "language": self.language if self.language in LANGUAGES else "",
            "gender": self.gender if self.gender in _GENDERS else "",
            "code": self.code.replace("\0", "").strip()[:40],
        }
        return {name: value for name, value in known.items() if value}


def may(who: Principal) -> dict[str, bool]:
    """What the reader may do here. A volunteer's own rights over her own shifts are no office."""
    staff = {s.role for s in who.scopes} - {"volunteer"}
    return {
        "edit": bool(who.scopes_for("volunteer.edit")),
        "vet": bool(who.scopes_for("volunteer.vet")),
        "take_in": bool(who.scopes_for("volunteer.import")),
        "plan": bool(staff) and bool(who.scopes_for("shift.edit")),
        "read_notes": bool(staff) and bool(who.scopes_for("shift.open")),
        "invite": bool(who.scopes_for("token.create")),
    }


@router.get("/volunteers")
async def volunteers_page(
    view: Annotated[View, page_for("volunteer.read")],
    tx: Tx,
    asked: Annotated[Asked, Query()],
) -> Response:
    """The people of the reader's centres."""
    who = reader(view)
    mine, _ = scope.limits(who, "volunteer.read")
    one = chosen(asked.centre)
    centres = mine if one is None else [c for c in (mine or [one]) if c == one]
    wish = asked.wish()
    rows = await people.volunteers(tx, centres, wish, asked.after.replace("\0", ""), PAGE + 1)
    names = await centre_names(tx)
    day = asked.day if asked.day in DAYS else "today"
    return living(
        view,
        "volunteers",
        counts=await people.counts(tx, centres),
        waiting=await people.waiting(tx, centres, FIRST),
        silent=await people.silent(tx, centres, FIRST),
        resting=await people.resting(tx, centres, FIRST),
        people=rows[:PAGE],
        more=rows[PAGE - 1]["code"] if len(rows) > PAGE else None,
        first=not asked.after,
        teams=await people.teams(tx, centres, TEAMS_MOST),
        shifts=await people.shifts(tx, centres, day_of(day, datetime.now(UTC)), SHIFTS_MOST),
        day=day,
        wish=wish,
        asked=str(one) if one else "",
        centres=names,
        choices=_choices(names, mine),
        skills=named(SKILLS, view.lang),
        languages=named(LANGUAGES, view.lang),
        vehicles=named(VEHICLES, view.lang),
        works=named(WORKS, view.lang),
        may=may(who),
        url=view.settings.url,
        open_door=view.settings.registration,
    )


def _choices(names: Mapping[str, DictRow], mine: list[Any] | None) -> dict[str, DictRow]:
    """The centres that the reader may look at."""
    within = None if mine is None else {str(one) for one in mine}
    return {key: row for key, row in names.items() if within is None or key in within}
