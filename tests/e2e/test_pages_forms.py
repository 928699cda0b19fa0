"""Forms in Chromium: mistakes told by cell, a good form previewed and published, a team's phone set up."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.browsing import PHONE, Seen, browser, needs_chromium, session
from tests.support.running import World, join

__all__ = ["browser"]
pytestmark = needs_chromium
BROKEN = """| survey |
| | type | name | label | constraint |
| | integer | people | People | . > ۵ |
| | select_one nothing | which | Which | |
"""
GOOD = """| survey |
| | type | name | label | hamyar |
| | integer | people | How many people? | people |
| | text | colour | Which colour? | |
| settings |
| | form_id | form_title | version |
| | tents | Tents of the camp | 1 |
"""


def test_a_form_is_checked_previewed_published_and_a_phone_set_up(
    browser: Browser, world: World, tmp_path: Path
) -> None:
    join(world.running, "forms", "coordinator")
    context, seen = session(browser, world.url, "forms", size=PHONE), Seen()
    page = seen.watch(context.new_page())
    page.goto(f"{world.url}/forms")
    expect(page.locator("[data-form=household]")).to_contain_text("Published")
    (tmp_path / "broken.md").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "tents.md").write_text(GOOD, encoding="utf-8")
    page.locator("#upload [type=file]").set_input_files(tmp_path / "broken.md")
    problem = page.locator(".formdesk__problems tbody tr").first
    expect(problem.locator("td").nth(0)).to_have_text("survey")
    expect(problem.locator("td").nth(1)).to_have_text("2")
    expect(problem.locator("td").nth(2)).to_have_text("constraint")
    expect(problem.locator("[lang=fa]")).to_contain_text("فارسی")
    expect(problem.locator("td").nth(3)).to_contain_text("Persian or Arabic digits")
    refused = [said for said in seen.complaints if "422" in said]
    assert len(refused) == len(seen.complaints) == 1
    seen.complaints.clear()
    page.locator("#upload [type=file]").set_input_files(tmp_path / "tents.md")
    expect(page.locator("#checked")).to_contain_text("No problems")
    expect(page.locator("#checked")).to_contain_text("stock: 1")
    with context.expect_page() as opened:
        page.locator("#checked").get_by_role("link", name="Preview").click()
    preview = seen.watch(opened.value)
    expect(preview.locator(".odk-form")).to_contain_text("How many people?")
    expect(preview.locator(".field__note")).to_contain_text("nothing is sent")
    preview.close()
    card = page.locator("[data-form=tents]")
    card.get_by_role("button", name="Publish").click()
    expect(card).to_contain_text("Published")
    expect(card).to_contain_text("For all")
    card.get_by_role("button", name="Archive").click()
    expect(card).to_contain_text("Archived")
    page.get_by_label("Name of the team").fill("North team")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".formdesk__qr svg")).to_be_visible()
    link = page.get_by_label("Link for a browser").input_value()
    team = seen.watch(context.new_page())
    team.goto(link)
    expect(team.locator(".field__form").first).to_be_visible()
    assert seen.complaints == []
    context.close()
