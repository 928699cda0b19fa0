"""`/forms`: the forms of the house: what each is, where it is published, and uploading, previewing, publishing them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from psycopg.rows import DictRow

from server.forms import builtin, form_queries
from server.forms.form_queries import Within
from server.forms.form_shapes import listed
from server.forms.reaching import PUBLISH, READ, bounds
from server.kernel.edge import Tx
from server.pages.gate import View, page_for
from server.pages.parts import centre_names, living, look, reader
from server.pages.rendering import page_config

router = APIRouter(include_in_schema=False)
MOST: Final = 400
"""Versions looked at for the page."""


@router.get("/forms")
async def forms_page(view: Annotated[View, page_for("form.publish")], tx: Tx) -> Response:
    """Every form with its versions, newest first."""
    who = reader(view)
    await builtin.ensure(tx)
    rows = await form_queries.versions(tx, None, None, MOST, None, Within(bounds(who, READ), bounds(who, PUBLISH)))
    counts = await form_queries.counts(tx, [row["form_id"] for row in rows])
    seen = await look(tx, who, None, "emergency.read")
    return living(
        view,
        "forms",
        config=page_config(view.lang),
        forms=by_form([listed(row, counts) for row in rows], rows),
        emergencies={str(row["id"]): row for row in seen.emergencies},
        centres=await centre_names(tx),
        may_lend=bool(who.scopes_for("token.create")),
        may_list=bool(who.scopes_for("submission.list")),
    )


def by_form(items: Sequence[dict[str, Any]], rows: Sequence[DictRow]) -> list[Mapping[str, Any]]:
    """Forms by their newest version, each with all its versions; `shown` is what phones get, else the newest."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for item, row in zip(items, rows, strict=True):
        made = {**item, "created": row["created_at"], "last": row["last_submission"]}
        grouped.setdefault(item["form_id"], []).append(made)
    return [
        {
            "form_id": form_id,
            "versions": versions,
            "shown": next((one for one in versions if one["state"] == "published"), versions[0]),
        }
        for form_id, versions in grouped.items()
    ]
