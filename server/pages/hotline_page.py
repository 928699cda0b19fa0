"""`/hotline`: who answers the phone types what the caller says. The page keeps calls; `reports` takes them in."""

import base64
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response
from starlette.background import BackgroundTask

from server.access.context import Context, context
from server.access.principal import Principal
from server.access.sealing import Sealing
from server.kernel.edge import Tx
from server.pages.gate import View, page_for
from server.pages.parts import look, reader
from server.pages.rendering import page_config
from server.places import service as places
from server.standards import taxonomy

router = APIRouter(include_in_schema=False)
OWNER_CHARS: Final = 16


def kept_with(sealing: Sealing, who: Principal) -> dict[str, str]:
    """With what the page seals the calls that wait in the browser: a name for their owner that tells nobody who it is,

    and a key of 32 bytes. Both are the same each time, for this person alone; neither can be had without signing in.
    """
    key, owner = (sealing.keyed_hash(purpose, str(who.id)) for purpose in ("hotline.drafts", "hotline.owner"))
    return {"key": base64.b64encode(key).decode(), "owner": owner.hex()[:OWNER_CHARS]}


def _words(lang: str) -> dict[str, str]:
    return {c.code: c.label("en" if lang == "en" else "fa") for c in taxonomy.CATEGORIES}


@router.get("/hotline")
async def hotline_page(
    view: Annotated[View, page_for("hotline.type")], tx: Tx, ctx: Annotated[Context, Depends(context)]
) -> Response:
    """The page whole: everything that moves on it is its module's."""
    who = reader(view)
    seen = await look(tx, who, None, "emergency.read")
    config: dict[str, Any] = {
        **page_config(view.lang),
        "kept": kept_with(ctx.sealing, who),
        "labels": _words(view.lang),
    }
    response = view.page("hotline.html", page="hotline", look=seen, config=config)
    # The first draft of a process would wait for the gazetteer: it is read while she still greets the caller.
    response.background = BackgroundTask(places.gazetteer, ctx)
    return response
