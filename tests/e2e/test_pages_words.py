"""Own words in Chromium on a whole instance: a phrase tried, saved, read by; all read anew and a difference taken."""

import httpx
from playwright.sync_api import Browser, expect

from tests.support.browsing import WAIT_MS, Seen, browser, needs_chromium, session
from tests.support.instance import wait_until
from tests.support.running import World, join, report

__all__ = ["browser"]
pytestmark = needs_chromium
TEXT = "پلدختر، سه تا زغالدان لازم داریم"


def _needs(api: httpx.Client, report_id: str) -> list[str]:
    reading = api.get(f"/api/reports/{report_id}/reading").json()
    return [need["category"] for need in reading["needs"]] if reading["state"] == "read" else ["pending"]


def test_a_phrase_is_tried_saved_and_old_reports_are_read_anew_with_it(browser: Browser, world: World) -> None:
    with world.running.api() as api:
        old = report(world.running, TEXT, "poldokhtar", "words-old")
        wait_until(lambda: _needs(api, old) == [])
        # Somebody of her own: signing in is limited by name, and others here have signed in as the coordinator.
        join(world.running, "words", "coordinator")
        context, seen = session(browser, world.url, "words"), Seen()
        page = seen.watch(context.new_page())
        page.goto(f"{world.url}/words")
        page.get_by_label("Phrase", exact=True).fill("زغالدان")
        page.get_by_label("Which").first.select_option("heating")
        save = page.get_by_role("button", name="Save it")
        expect(save).to_be_disabled()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Try it on the newest messages").click()
        expect(page.locator("#found mark")).to_have_text("زغالدان")
        expect(page.locator("#found .chip--more").first).to_contain_text("Heating")
        page.get_by_label("Phrase", exact=True).fill("زغالدانک")
        expect(save).to_be_disabled()
        page.get_by_label("Phrase", exact=True).fill("زغالدان")
        save.click()
        expect(page.locator(".entry__phrase")).to_have_text("زغالدان")
        page.get_by_role("button", name="Read them anew").click()
        alike = page.locator("[data-alike*='+need:heating']")
        expect(alike).to_contain_text("1 reports", timeout=WAIT_MS)
        alike.get_by_role("button", name="Take all").click()
        expect(alike).to_have_count(0)
        assert _needs(api, old) == ["heating"]
        fresh = report(world.running, TEXT, "poldokhtar", "words-fresh")
        wait_until(lambda: _needs(api, fresh) == ["heating"])
        page.get_by_role("button", name="Take out").click()
        expect(page.locator(".entry--out")).to_have_count(1)
        later = report(world.running, TEXT, "poldokhtar", "words-later")
        wait_until(lambda: _needs(api, later) != ["pending"])
        context.close()
    assert seen.complaints == []
