"""`/words`: the own lexicon, tried before it is saved; and reading all reports anew, with what that proposes."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from server.kernel.edge import Tx
from server.pages.gate import View, page_for
from server.pages.parts import living, look, reader
from server.pages.rendering import page_config
from server.reports import lexicon_service as lexicon
from server.reports import proposing
from server.reports import rereading_queries as rereads
from server.reports.reading.own import GROUPS
from server.standards import taxonomy

router = APIRouter(include_in_schema=False)
PAGE: Final = 60
SHOWN: Final = 3
ALIKE_MOST: Final = 40


@router.get("/words")
async def words_page(
    view: Annotated[View, page_for("words.read")],
    tx: Tx,
    *,
    before: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """The entries, newest change first; for who may, the form to try and save one, and what waits for a decision."""
    who = reader(view)
    may_reread = bool(who.scopes_for(proposing.PERMISSION))
    bound = proposing.bounds(who, None)
    work = await rereads.page(tx, SHOWN, bound["within"]) if may_reread else []
    alike = await rereads.groups(tx, bound, ALIKE_MOST + 1) if may_reread else []
    config: dict[str, Any] = {
        **page_config(view.lang),
        "labels": {c.code: (c.label_en if view.lang == "en" else c.label_fa) for c in taxonomy.CATEGORIES},
    }
    return living(
        view,
        "lexicon",
        config=config,
        look=await look(tx, who, None, "words.read"),
        bound=who.emergency_id,
        entries=await lexicon.listed(tx, who, limit=PAGE, before=before, active=None),
        paged=before is not None,
        groups=GROUPS,
        rereads=[proposing.reread(row) for row in work],
        alike=alike[:ALIKE_MOST],
        more_alike=len(alike) > ALIKE_MOST,
        may_edit=bool(who.scopes_for("words.edit")),
        may_reread=may_reread,
    )
