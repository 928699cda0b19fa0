"""XForms of other tools, published and given to a phone: the bytes as they came, or a refusal with its reason."""

from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest

from server.access.context import Context
from server.forms import publishing
from server.forms.form_queries import ALL
from server.kernel.errors import Problem
from tests.support.web import MakeClient

REAL = Path(__file__).parents[3] / "shared" / "data" / "openrosa"
FOLDERS = ("collect_xforms", "javarosa_xforms", "enketo_xforms", "forms")


async def _publish(ctx: Context, content: bytes) -> tuple[str, str, str]:
    """What becomes of an XForm: `published` or a problem's code; its id and version."""
    new = publishing.prepare(content, ".xml")
    form = new.form
    if not form.ok:
        assert all(problem.message_fa and problem.message_en for problem in form.problems)
        return form.problems[0].code, "", ""
    try:
        async with ctx.db.tx() as conn:
            row = await publishing.save(conn, new, "system")
            for name in await publishing.missing_files(conn, row):
                await publishing.add_file(conn, row, name, "application/octet-stream", b"a file of the form")
            await publishing.release(conn, form.form_id, form.version, ALL, "system")
    except Problem as refused:
        return refused.code, "", ""
    return "published", form.form_id, form.version


@pytest.mark.skipif(not REAL.exists(), reason="the collection of real XForms is not on this machine")
async def test_real_xforms_are_served_as_they_came(client_of: MakeClient, ctx: Context) -> None:
    phone = await client_of("field")
    secret = phone.headers["Authorization"].removeprefix("Bearer ")
    said: Counter[str] = Counter()
    for file in sorted(path for folder in FOLDERS for path in (REAL / folder).rglob("*.xml")):
        content = file.read_bytes()
        verdict, form_id, version = await _publish(ctx, content)
        said[verdict] += 1
        if verdict == "published":
            address = f"/openrosa/{secret}/forms/{quote(form_id, safe='')}.xml"
            served = await phone.get(address, params={"version": version})
            assert (served.status_code, served.content == content) == (200, True), file.name
    assert said == {"published": 218, "form.version_taken": 45, "xform.no_model": 6, "xform.bad_reference": 4}
