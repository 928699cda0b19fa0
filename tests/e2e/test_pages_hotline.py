"""The hotline by keyboard alone, with the server away in between; and alarms on every page."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browsing import DESK, PHONE, WAIT_MS, Seen, browser, needs_chromium, session, until
from tests.support.instance import wait_until
from tests.support.running import World, report

__all__ = ["browser"]
pytestmark = needs_chromium
RINGS = ".alarm--rings[data-code='life.unseen']"
ROOF = "سیل آمده، پنج نفر روی بام گرفتارند. نورآباد"


@pytest.fixture(scope="module")
def desk(browser: Browser, world: World) -> Iterator[BrowserContext]:
    """The coordinator's browser, in Persian."""
    context = session(browser, world.url, "coordinator", lang="fa")
    yield context
    context.close()


@pytest.fixture(autouse=True)
def online(desk: BrowserContext) -> Iterator[None]:
    """Whatever a test leaves behind, the next one begins on line and without open pages."""
    yield
    desk.set_offline(False)
    for page in desk.pages:
        page.close()


def shelf(page: Page) -> dict[str, str]:
    """What the page keeps in the browser."""
    kept: dict[str, str] = page.evaluate("Object.fromEntries(Object.entries(localStorage))")
    return {name: value for name, value in kept.items() if name.startswith("hamyar.hotline.")}


def calls(world: World) -> list[dict[str, Any]]:
    """The reports of the hotline, as an admin sees them."""
    with world.running.api() as api:
        found: list[dict[str, Any]] = api.get("/api/reports", params={"channel": "hotline"}).json()["features"]
        return found


def test_a_call_is_typed_chosen_kept_and_followed_by_keyboard(desk: BrowserContext, world: World) -> None:
    seen, page = Seen(), desk.new_page()
    seen.watch(page).goto(f"{world.url}/hotline")
    expect(page.locator("#said")).to_be_focused()
    page.keyboard.type(ROOF)
    expect(page.locator("#read-life")).not_to_be_empty()
    expect(page.locator("#read .badge--life")).to_be_visible()
    places = page.locator("#places button")
    assert places.count() > 1
    page.keyboard.press("Alt+2")
    expect(places.nth(1)).to_have_attribute("aria-pressed", "true")
    second = places.nth(1).locator("span").first.inner_text()
    page.keyboard.press("F2")
    page.keyboard.type("09121234567")
    page.keyboard.press("F4")
    page.keyboard.type("۷")
    # Nothing of it lies open in the browser, and a reload gives all of it back.
    until(page, "Object.keys(localStorage).some((k) => k.includes('draft:'))")
    assert not any(word in str(shelf(page)) for word in ("09121234567", "بام", "نورآباد"))
    page.reload()
    expect(page.locator("#said")).to_have_value(ROOF)
    expect(page.locator("#people")).to_have_value("۷")
    expect(page.locator("#places [aria-pressed=true]")).to_contain_text(second)
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_value("")
    expect(page.locator("#said")).to_be_focused()
    signs = page.locator(".receipt__sign b")
    expect(signs).to_have_count(8)
    line = page.locator("#calls li").first
    expect(line.locator(".badge--life")).to_be_visible(timeout=WAIT_MS)
    assert shelf(page) == {}
    code = "".join(signs.all_inner_texts())
    kept = next(c for c in calls(world) if c["properties"]["receipt"] == code)
    with world.running.api() as api:
        reading = api.get(f"/api/reports/{kept['id']}/reading").json()
        opened = api.get(f"/api/reports/{kept['id']}").json()["properties"]
    assert (reading["people"], reading["urgency"], opened["sender"]) == (7, "life", "09121234567")
    assert reading["place"]["name"] == opened["meta"]["told"]["place"]["name"]
    page.close()
    assert seen.complaints == []


def test_calls_wait_sealed_while_the_server_is_away(desk: BrowserContext, world: World) -> None:
    before = len(calls(world))
    page = desk.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{world.url}/hotline")
    expect(page.locator("#said")).to_be_focused()
    desk.set_offline(True)
    for text in ("اول: آب نداریم، معمولان", "دوم: نان نداریم، معمولان"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    expect(page.locator("#unsent")).to_contain_text("۲")
    expect(page.locator(".receipt--waits")).to_be_visible()
    expect(page.locator("#calls .badge--high")).to_have_count(2)
    assert len(shelf(page)) == 2
    # The window is closed and opened again: the calls are still there, and go out by themselves in their order.
    page.close()
    desk.set_offline(False)
    page = desk.new_page()
    page.goto(f"{world.url}/hotline")
    expect(page.locator(".receipt__sign b")).to_have_count(8, timeout=WAIT_MS)
    until(page, "!Object.keys(localStorage).some((k) => k.includes('call:'))")
    assert len(calls(world)) == before + 2
    page.close()


def _watches(world: World, statement: str) -> int:
    """Change the watches over lives in danger; how many there were to change."""
    with psycopg.connect(world.running.instance.layout.dsn(), autocommit=True) as conn:
        return conn.execute(f"UPDATE report_watches SET {statement} WHERE seen_at IS NULL".encode()).rowcount


def test_an_alarm_stands_and_rings_on_every_page_until_it_is_seen(browser: Browser, world: World) -> None:
    context, seen = session(browser, world.url, "coordinator", size=DESK), Seen()
    page, other = seen.watch(context.new_page()), seen.watch(context.new_page())
    page.goto(f"{world.url}/map")
    other.goto(f"{world.url}/hotline")
    expect(page.locator("#bell")).to_contain_text("Sound is off")
    page.mouse.click(5, 200)
    expect(page.locator("#bell")).to_contain_text("Sound is on")
    report(world.running, "سه نفر زیر آوار گرفتارند، معمولان", "mamulan", "unseen")
    wait_until(lambda: _watches(world, "due_at = clock_timestamp()") > 0)
    for one in (page, other):
        expect(one.locator(RINGS)).to_be_visible(timeout=WAIT_MS)
        until(one, "document.title.includes('ALARM')")
    until(page, "Number(document.documentElement.dataset.rang) > 0")
    line = other.locator(RINGS)
    expect(line.locator("a")).to_have_attribute("href", f"/inbox?show=life&emergency={world.emergency}")
    line.get_by_role("button", name="Seen").click()
    for one in (page, other):
        expect(one.locator(RINGS)).to_have_count(0, timeout=WAIT_MS)
        expect(one.locator(".alarms__seen [data-code='life.unseen']")).to_be_attached()
    _watches(world, "seen_at = clock_timestamp()")
    expect(page.locator("[data-code='life.unseen']")).to_have_count(0, timeout=WAIT_MS)
    context.close()
    assert seen.complaints == []


def test_a_gateway_is_made_and_its_secret_shown_once(desk: BrowserContext, world: World) -> None:
    desk.add_cookies([{"name": "lang", "value": "en", "url": world.url}])
    seen, page = Seen(), desk.new_page()
    seen.watch(page).goto(f"{world.url}/messages")
    expect(page.locator("#live")).to_contain_text("Nobody is on duty")
    page.click("[data-dialog=new-gateway]")
    form = page.locator("#new-gateway")
    form.locator("[name=kind]").select_option("generic")
    form.locator("[name=name]").fill("valley panel")
    form.locator("[name=way]").select_option("path")
    form.get_by_role("button", name="Add it").click()
    once = form.locator(".once input")
    expect(once).to_be_visible()
    secret = once.input_value()
    assert "/intake/sms/p/" in secret
    form.locator("[data-close]").click()
    line = page.locator("#live li", has_text="valley panel")
    expect(line).to_contain_text("Never heard yet")
    with world.running.api() as api:
        api.headers.pop("Authorization")
        answer = api.post(secret, data={"from": "09121234567", "text": "we need bread in Mamulan", "id": "p-1"})
    assert answer.status_code == 200
    wait_until(lambda: page.reload() is not None and "Alive" in line.inner_text())
    page.click("[data-dialog=new-duty]")
    page.fill("#new-duty [name=number]", "0912 765 4321")
    page.fill("#new-duty [name=label]", "night")
    page.locator("#new-duty").get_by_role("button", name="Put on duty").click()
    duty = page.locator("#live li", has_text="night")
    expect(duty).to_contain_text("•21")
    duty.get_by_role("button").click()
    expect(duty).to_have_count(0)
    page.close()
    assert seen.complaints == []
