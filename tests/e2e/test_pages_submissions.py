"""Submissions in Chromium on a whole instance: a form's table on a phone and at a desk, one with its edits, a file."""

import httpx
import pytest
from playwright.sync_api import Browser, expect

from field_forms.builtin import compiled
from tests.support.browsing import AUDIT, CONTRAST, DESK, PHONE, Seen, browser, needs_chromium, session
from tests.support.instance import wait_until
from tests.support.running import World, join

__all__ = ["browser"]
pytestmark = needs_chromium
TABLE = "/forms/rapid_needs/submissions"


def filled_in(number: int, people: int, place: str, replaces: str = "") -> bytes:
    old = f"<deprecatedID>{replaces}</deprecatedID>" if replaces else ""
    return (
        f"<data id='rapid_needs' version='{compiled('rapid_needs').version}'><situation><what_happened>flooding"
        "</what_happened><urgency>high</urgency></situation><where><location>33.15 47.72 640 8</location>"
        f"<place_name>{place}</place_name></where><affected><people>{people}</people></affected><lacking><needs>water"
        f"</needs></lacking><meta><instanceID>uuid:pages-{number}</instanceID>{old}</meta></data>"
    ).encode()


def send(world: World, token: str, xml: bytes) -> None:
    files = {"xml_submission_file": ("submission.xml", xml, "text/xml")}
    answer = httpx.post(f"{world.url}/openrosa/{token}/submission", files=files, timeout=30)
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def team(world: World) -> str:
    """A team that has sent two forms and has put one of them right."""
    token = world.running.instance.run("token", "create", "--role", "field", "--name", "تیم سه").stdout.strip()
    send(world, token, filled_in(1, 12, "&lt;b&gt;پلدختر&lt;/b&gt;"))
    send(world, token, filled_in(2, 40, "معمولان"))
    send(world, token, filled_in(3, 45, "معمولان", "uuid:pages-2"))
    with world.running.api() as api:
        wait_until(lambda: all(row["settled_at"] for row in api.get(f"/api{TABLE}").json()["items"]))
    join(world.running, "reader", "coordinator")
    return token


@pytest.mark.parametrize(("lang", "size"), [("fa", PHONE), ("en", DESK)])
def test_a_table_and_one_of_its_lines(
    browser: Browser, world: World, team: str, lang: str, size: dict[str, int]
) -> None:
    assert team
    context, seen = session(browser, world.url, "reader", lang=lang, size=size), Seen()
    page = seen.watch(context.new_page())
    page.goto(f"{world.url}{TABLE}")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody")).to_contain_text("<b>پلدختر</b>")
    expect(page.locator("tbody tr").first).to_contain_text("۴۵" if lang == "fa" else "45")
    assert (page.evaluate(AUDIT), page.evaluate(CONTRAST)) == ([], [])
    page.locator(".opens").first.click()
    expect(page.locator(".changes")).to_contain_text("۴۰" if lang == "fa" else "40")
    expect(page.locator("a.joined[href*='needs:']").first).to_be_visible()
    assert (page.evaluate(AUDIT), page.evaluate(CONTRAST)) == ([], [])
    context.close()
    assert seen.complaints == []
    assert seen.hosts == {world.url.removeprefix("http://")}


def test_what_comes_while_one_reads_is_shown_when_asked_for(browser: Browser, world: World, team: str) -> None:
    context = session(browser, world.url, "reader")
    page = context.new_page()
    page.goto(f"{world.url}{TABLE}")
    expect(page.locator("tbody tr")).to_have_count(2)
    send(world, team, filled_in(4, 7, "افرینه"))
    page.locator("#held-back").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.locator("#take summary").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = taken.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert (taken.value.suggested_filename, len(lines)) == ("rapid_needs-submissions.csv", 4)
    page.locator("[name=show]").select_option("replaced")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(f"{world.url}/inbox?show=newest")
    page.get_by_role("link", name="The whole form").first.click()
    expect(page.locator("h1")).to_contain_text("Rapid needs")
    context.close()
