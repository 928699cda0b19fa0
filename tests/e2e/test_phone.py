"""A volunteer's page in Chromium on a phone: choosing, following to the end, being asked, handing over, duty."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from mapping.sketch import MOST_BYTES
from tests.support.browsing import AUDIT, CONTRAST, PHONE, Seen, browser, needs_chromium, session
from tests.support.instance import wait_until
from tests.support.running import World, add_volunteer, open_tasks, report

__all__ = ["browser"]
pytestmark = needs_chromium
SOON_MS = 12_000
"""Well below the half minute after which the page looks by itself: what comes sooner was heard."""


def fresh(world: World, text: str, category: str, town: str = "mamulan") -> dict[str, Any]:
    """The task that a report makes. Each category is asked for once in this file."""
    report(world.running, text, town, f"phone-{category}")
    centre = world.centres[town]

    def found() -> list[dict[str, Any]]:
        tasks = open_tasks(world.running)
        return [t for t in tasks if (t["category"], t["state"], t["centre"]) == (category, "queued", centre)]

    wait_until(lambda: bool(found()), 60)
    return found()[-1]


def looks_right(page: Page) -> None:
    assert page.evaluate(AUDIT) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRAST) == [], scheme


def test_she_chooses_one_follows_it_to_its_end_and_sees_what_she_changed(browser: Browser, world: World) -> None:
    task, seen = fresh(world, "شیر خشک برای ۱۲ نوزاد لازم است، معمولان", "infant_care"), Seen()
    add_volunteer(world, "golnar", "mamulan", "woman", ["logistics"])
    phone = session(browser, world.url, "golnar", lang="fa", size=PHONE)
    page = seen.watch(phone.new_page())
    page.goto(f"{world.url}/me")
    one = page.locator(f"#near-{task['id']}")
    expect(page.locator("#overview svg.sketch .sketch__other").first).to_be_visible()
    one.locator("summary").click()
    looks_right(page)
    one.get_by_role("button", name="این را برمی‌دارم").click()
    mine = page.locator(f"#mine-{task['id']}")
    expect(mine).to_have_attribute("data-state", "claimed")
    picture = mine.locator("svg.sketch")
    expect(picture).to_have_attribute("aria-label", re.compile("کیلومتری"))
    assert len(picture.evaluate("e => e.outerHTML").encode()) < MOST_BYTES
    mine.locator("form[action$='/accept'] button").click()
    expect(mine).to_have_attribute("data-state", "accepted")
    mine.locator("form[action$='/en_route'] button").first.click()
    expect(mine).to_have_attribute("data-state", "en_route")
    mine.locator(f"#part-{task['id']} summary").click()
    mine.locator("[name='people_served:int']").fill("17")
    looks_right(page)
    mine.locator(f"#part-{task['id']} form button").click()
    expect(mine).to_have_count(0)
    after = page.locator(".after")
    expect(after).to_contain_text("نیاز برآورده شد")
    expect(after).to_contain_text("به ۱۷ نفر رسید")
    looks_right(page)
    phone.close()
    assert seen.complaints == []
    assert seen.hosts == {urlsplit(world.url).netloc}


def test_what_a_dispatcher_gives_and_takes_is_on_the_page_at_once(browser: Browser, world: World) -> None:
    task = fresh(world, "به ۲۰ چراغ نیاز داریم، برق رفته، معمولان", "power")
    who = add_volunteer(world, "given", "mamulan", "woman", ["technician"])
    phone = session(browser, world.url, "given", size=PHONE)
    page = phone.new_page()
    with page.expect_response(lambda r: "/api/stream?of=" in r.url and world.centres["mamulan"] in r.url):
        page.goto(f"{world.url}/me")
    with world.running.api() as api:
        given = api.post(f"/api/tasks/{task['id']}/reassign", json={"fence": task["fence"], "volunteer": who}).json()
        expect(page.locator(f"#mine-{task['id']}")).to_have_attribute("data-state", "claimed", timeout=SOON_MS)
        api.post(f"/api/tasks/{task['id']}/reassign", json={"fence": given["fence"]})
    expect(page.locator(f"#mine-{task['id']}")).to_have_count(0, timeout=SOON_MS)
    expect(page.locator(".lost")).to_contain_text("A dispatcher gave it to somebody else")
    phone.close()


@pytest.mark.parametrize(("lang", "yes"), [("fa", "بله، می‌روم"), ("en", "Yes, I go")])
def test_she_is_asked_says_yes_and_hands_it_to_a_colleague(browser: Browser, world: World, lang: str, yes: str) -> None:
    text, category = {
        "fa": ("به ۳۰ پتو نیاز داریم، معمولان", "bedding"),
        "en": ("به غذا برای ۱۲ نفر نیاز داریم، معمولان", "food"),
    }[lang]
    task, seen = fresh(world, text, category), Seen()
    names = [f"{one}{lang}" for one in ("asked", "mate")]
    ids = [add_volunteer(world, name, "mamulan", "woman", ["logistics"]) for name in names]
    contexts = [session(browser, world.url, name, lang=lang, size=PHONE) for name in names]
    first, second = (seen.watch(context.new_page()) for context in contexts)
    first.goto(f"{world.url}/me")
    second.goto(f"{world.url}/me")
    with world.running.api() as api:
        made = api.post(f"/api/tasks/{task['id']}/offers", json={"volunteers": [ids[0]]})
        assert made.status_code == 201, made.text
    offer = first.locator(f".offer[data-hears='{task['id']}']")
    expect(offer).to_be_visible(timeout=SOON_MS)
    expect(offer.locator("time[data-left]")).not_to_be_empty()
    looks_right(first)
    offer.get_by_role("button", name=yes).click()
    mine = first.locator(f"#mine-{task['id']}")
    expect(mine).to_have_attribute("data-state", "accepted")
    mine.locator(f"#over-{task['id']} summary").click()
    mine.locator("[name=volunteer]").fill(f"v-{names[1]}")
    mine.locator(f"#over-{task['id']} textarea").fill("راه پایین بسته است؛ از بالا بروید")
    mine.locator(f"#over-{task['id']} form button").click()
    expect(mine.locator("[id^=asked-]")).to_contain_text(f"V-{names[1].upper()}")
    theirs = second.locator(f".offer[data-hears='{task['id']}']")
    expect(theirs).to_contain_text(f"V-{names[0].upper()}", timeout=SOON_MS)
    theirs.locator("[data-note]").click()
    expect(theirs.locator(".said")).to_contain_text("راه پایین بسته است")
    # Until she says yes the first holds it.
    expect(mine).to_have_attribute("data-state", "accepted")
    theirs.get_by_role("button", name=yes).click()
    expect(second.locator(f"#mine-{task['id']}")).to_have_attribute("data-state", "accepted")
    expect(mine).to_have_count(0, timeout=SOON_MS)
    # She gave it away herself: that is no loss to tell her of.
    expect(first.locator(".lost")).to_have_count(0)
    for context in contexts:
        context.close()
    assert seen.complaints == []


def test_duty_rest_and_shifts(browser: Browser, world: World) -> None:
    who = add_volunteer(world, "duty", "mamulan", "woman", ["driving"])
    phone, seen = session(browser, world.url, "duty", size=PHONE), Seen()
    page = seen.watch(phone.new_page())
    page.goto(f"{world.url}/me")
    duty = page.locator("#duty")
    duty.get_by_role("button", name="Begin my duty").click()
    expect(duty).to_contain_text("On duty since")
    expect(duty.locator("time[data-left]")).to_contain_text("min left")
    duty.locator("#duty-more summary").click()
    duty.locator("#every-on").select_option("1800")
    duty.get_by_role("button", name="Change the timer").click()
    expect(duty.locator("time[data-left]")).to_contain_text("30 min left")
    looks_right(page)
    duty.get_by_role("button", name="End my duty", exact=True).click()
    expect(duty).to_contain_text("You are not on duty")
    duty.get_by_role("button", name="Rest", exact=True).click()
    expect(duty).to_contain_text("Resting until")
    duty.get_by_role("button", name="End my rest").click()
    expect(duty.get_by_role("button", name="Begin my duty")).to_be_visible()
    page.click("#shifts > summary")
    page.click("#new-shift > summary")
    page.locator("#new-shift [name=day]").select_option("3")
    page.get_by_role("button", name="Put me down", exact=True).click()
    page.click("#shifts > summary")
    expect(page.locator(".shift")).to_have_count(1)
    looks_right(page)
    with world.running.api() as api:
        (shift,) = api.get("/api/shifts", params={"volunteer": who}).json()["items"]
    assert shift["starts_at"].split("T")[1].startswith("04:30")  # eight in Tehran
    page.get_by_role("button", name="I cannot come").click()
    page.click("#shifts > summary")
    expect(page.locator(".shift")).to_have_count(0)
    phone.close()
    assert seen.complaints == []


def test_all_of_it_without_scripts(browser: Browser, world: World) -> None:
    task = fresh(world, "به ۱۵ بخاری نیاز داریم، معمولان", "heating")
    ids = [add_volunteer(world, name, "mamulan", "woman", ["logistics"]) for name in ("bare", "barest")]
    contexts = [session(browser, world.url, n, size=PHONE, java_script_enabled=False) for n in ("bare", "barest")]
    page, other = (context.new_page() for context in contexts)
    with world.running.api() as api:
        api.post(f"/api/tasks/{task['id']}/offers", json={"volunteers": ids[:1]})
    page.goto(f"{world.url}/me")
    page.click(".offer form[action$='/yes'] button")
    mine = page.locator(f"#mine-{task['id']}")
    expect(mine).to_have_attribute("data-state", "accepted")
    expect(mine.locator("svg.sketch")).to_be_visible()
    mine.locator(f"#over-{task['id']} summary").click()
    mine.locator("[name=volunteer]").fill("V-NOBODY")
    mine.locator(f"#over-{task['id']} form button").click()
    expect(page.locator("[role=alert]")).to_contain_text("Nobody with this code")
    mine.locator(f"#over-{task['id']} summary").click()
    mine.locator("[name=volunteer]").fill("V-BAREST")
    mine.locator(f"#over-{task['id']} form textarea").fill("keys are with the guard")
    mine.locator(f"#over-{task['id']} form button").click()
    other.goto(f"{world.url}/me")
    other.click("[data-note]")
    expect(other.locator(".said")).to_have_text("keys are with the guard")
    other.click("text=Back to my tasks")
    other.click(".offer form[action$='/no'] button")
    expect(other.locator(".offer")).to_have_count(0)
    page.reload()
    mine.locator("text=I cannot do it").click()
    mine.locator("form[action$='/release'] button").click()
    page.click("#duty form[action='/me/duty/in'] button")
    expect(page.locator("#duty")).to_contain_text("On duty since")
    page.click(f"#near-{task['id']} summary")
    page.click(f"#near-{task['id']} form button")
    expect(mine).to_have_attribute("data-state", "claimed")
    for context in contexts:
        context.close()
