"""Versions of forms: drafts, publishing by emergency and centre, archiving, files of a version, who may do what."""

from uuid import UUID

import httpx
from defusedxml.ElementTree import fromstring

from server.access.context import Context
from tests.slices.chain_kit import centre, emergency, rows
from tests.support.web import MakeClient
from tests.unit.field_forms.samples import markdown_form

MD = "/api/forms?file_type=.md"


def form(version: str, label: str = "A", more: str = "") -> bytes:
    settings = f"| settings |\n| | form_title | form_id | version |\n| | Test | t1 | {version} |\n"
    survey = "| | type | name | label | media::image |\n"
    return markdown_form(f"{survey}| | text | a | {label} | {more} |", settings=settings)


async def versions_on(phone: httpx.AsyncClient, way: str = "") -> list[str]:
    """The versions of the test's form in a phone's list."""
    secret = phone.headers["Authorization"].removeprefix("Bearer ")
    answer = await phone.get(f"/openrosa/{secret}/{way}formList", params={"formID": "t1"})
    assert answer.status_code == 200
    return [found.text or "" for found in fromstring(answer.content).iter() if found.tag.endswith("}version")]


async def upload(by: httpx.AsyncClient, source: bytes, **asked: object) -> str:
    """Upload a form; its version's id."""
    answer = await by.post(MD, content=source, params={"file_type": ".md", **{k: str(v) for k, v in asked.items()}})
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["id"])


async def test_a_draft_changes_until_it_is_published(client_of: MakeClient, ctx: Context) -> None:
    head, phone = await client_of("coordinator"), await client_of("field")
    first = await upload(head, form("1"), draft=True)
    assert await upload(head, form("1", "B"), draft=True) == first
    assert (await versions_on(phone), await versions_on(phone, "draft/")) == ([], ["1"])
    shown = (await head.get(f"/api/form-versions/{first}")).json()
    assert (shown["state"], [q["label"] for q in shown["questions"]], shown["tied"]) == ("draft", [{"": "B"}], 0)
    said = await head.patch(f"/api/form-versions/{first}", json={"state": "published"})
    assert (said.status_code, said.json()["state"]) == (200, "published")
    assert (await versions_on(phone), await versions_on(phone, "draft/")) == (["1"], [])
    again = await head.post(MD, content=form("1", "C"))
    assert (again.status_code, again.json()["code"]) == (409, "form.version_taken")
    assert (await head.delete(f"/api/form-versions/{first}")).status_code == 409
    told = await rows(ctx, "SELECT verb, actor FROM events_unsealed WHERE subject_id = %s", UUID(first))
    assert [row["verb"] for row in told] == ["form.published"]
    assert told[0]["actor"].startswith("token:")


async def test_the_version_nearest_to_a_phone_wins(client_of: MakeClient, ctx: Context) -> None:
    here, there = await emergency(ctx, "E-TEST1"), await emergency(ctx, "E-TEST2")
    store = await centre(ctx, "C-TEST1", 47.7, 33.1)
    head = await client_of("coordinator")
    for version, scope in (
        ("1", {}),
        ("2", {"emergency": here}),
        ("3", {"emergency": here, "centre": store}),
    ):
        await upload(head, form(version), **scope)
    phones = {
        "1": await client_of("field", emergency=there),
        "2": await client_of("field", emergency=here),
        "3": await client_of("field", emergency=here, centre=store),
    }
    assert {version: await versions_on(phone) for version, phone in phones.items()} == {v: [v] for v in phones}
    listed = (await head.get("/api/forms", params={"form_id": "t1"})).json()["items"]
    ids = {item["version"]: item["id"] for item in listed}
    assert set(ids) == {"1", "2", "3"}
    gone = await head.patch(f"/api/form-versions/{ids['3']}", json={"state": "archived"})
    assert gone.json()["state"] == "archived"
    assert await versions_on(phones["3"]) == ["2"]
    back = await head.patch(f"/api/form-versions/{ids['1']}", json={"state": "published", "emergency": str(here)})
    assert back.json()["known"] is False
    assert [await versions_on(phone) for phone in phones.values()] == [["1"], ["1"], ["1"]]
    states = await rows(ctx, "SELECT version, state FROM forms WHERE form_id = 't1' ORDER BY version")
    assert [row["state"] for row in states] == ["published", "archived", "archived"]


async def test_who_is_bound_publishes_only_there(client_of: MakeClient, ctx: Context) -> None:
    here, there = await emergency(ctx, "E-TEST1"), await emergency(ctx, "E-TEST2")
    bound = await client_of("coordinator", emergency=here)
    refused = await bound.post(MD, content=form("1"), params={"file_type": ".md", "emergency": str(there)})
    assert (refused.status_code, refused.json()["code"]) == (403, "form.out_of_reach")
    made = await upload(bound, form("1"))
    places = await rows(ctx, "SELECT emergency_id, centre_id FROM form_publications WHERE version_id = %s", UUID(made))
    assert places == [{"emergency_id": here, "centre_id": None}]
    assert await versions_on(await client_of("field", emergency=there)) == []
    field = await client_of("field", emergency=here)
    assert (await field.post(MD, content=form("2"))).status_code == 403


async def test_files_that_a_form_names(client_of: MakeClient, ctx: Context) -> None:
    head = await client_of("coordinator")
    made = await upload(head, form("1", more="a.png"), draft=True)
    here = f"/api/form-versions/{made}"
    absent = await head.patch(here, json={"state": "published"})
    assert (absent.status_code, absent.json()["code"], absent.json()["files"]) == (422, "form.needs_media", ["a.png"])
    png = {"Content-Type": "image/png"}
    other = await head.put(f"{here}/media/b.png", content=b"x", headers=png)
    assert (other.status_code, other.json()["code"]) == (422, "form.media_unwanted")
    large = await head.put(f"{here}/media/a.png", content=bytes(10 * 1024 * 1024 + 1), headers=png)
    assert large.status_code == 413
    given = await head.put(f"{here}/media/a.png", content=b"\x89PNG", headers=png)
    assert (given.status_code, given.json()["missing_files"]) == (201, [])
    assert (await head.patch(here, json={"state": "published"})).status_code == 200
    kept = await head.get(f"{here}/media/a.png")
    assert (kept.content, kept.headers["x-content-type-options"]) == (b"\x89PNG", "nosniff")
    assert (await head.patch(here, json={"state": "archived"})).status_code == 200
    changed = await head.put(f"{here}/media/a.png", content=b"other", headers=png)
    assert (changed.status_code, changed.json()["code"]) == (409, "form.not_a_draft")
    assert (await head.get(f"{here}/source")).content == form("1", more="a.png")
    assert len(await rows(ctx, "SELECT id FROM form_media WHERE version_id = %s", UUID(made))) == 1
