"""The clock of how old the map is, on a whole instance whose parts are frozen one by one; and colleagues at the map.

A page may say "live" only while what happens in the house reaches it.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browsing import browser, needs_chromium, session
from tests.support.instance import wait_until
from tests.support.running import World, join, report

__all__ = ["browser"]
pytestmark = needs_chromium
LONG_MS = 180_000
REPORTS = "?layers=reports#9/33.25/47.85"


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Processes that are there and do nothing, as on a machine that swaps itself to death."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def bearing(world: World, word: str) -> list[int]:
    """The workers whose titles bear a word."""
    workers = world.running.instance.pids("worker")
    return [pid for pid in workers if word in Path(f"/proc/{pid}/cmdline").read_text()]


def at_map(context: BrowserContext, world: World, query: str = REPORTS) -> Page:
    page = context.new_page()
    page.goto(f"{world.url}/map{query}")
    expect(page.locator("#clock")).to_have_attribute("data-state", "live", timeout=LONG_MS)
    return page


def counted(page: Page) -> int:
    text = page.locator(".chip[aria-pressed=true] .chip__n").first.inner_text()
    return int("".join(sign for sign in text if sign.isdigit()) or -1)


def clock(page: Page, state: str) -> None:
    expect(page.locator("#clock")).to_have_attribute("data-state", state, timeout=LONG_MS)


def test_the_map_is_not_live_while_the_house_stands_still(browser: Browser, world: World) -> None:
    context = session(browser, world.url, "coordinator")
    page = at_map(context, world)
    wait_until(lambda: counted(page) >= 0)
    before = counted(page)

    with frozen(*bearing(world, "sealer")):
        # The line is whole and the pings come; but what is told now gets no number.
        report(world.running, "پتو نداریم، معمولان", "mamulan", "while the sealer is frozen")
        clock(page, "stale")
        assert counted(page) == before
    clock(page, "live")
    wait_until(lambda: counted(page) == before + 1)

    with frozen(*world.running.instance.pids("web")):
        clock(page, "stale")
    clock(page, "live")

    with frozen(*world.running.instance.pids("redis")):
        # Redis only makes it quick.
        report(world.running, "غذا نداریم، معمولان", "mamulan", "while Redis is frozen")
        wait_until(lambda: counted(page) == before + 2)
        clock(page, "live")
    context.close()


def test_colleagues_see_each_other_and_who_has_the_same_record_open(browser: Browser, world: World) -> None:
    join(world.running, "colleague", "dispatcher", centre=world.centres["mamulan"])
    with world.running.api() as api:
        need = api.get("/api/needs", params={"limit": 1}).json()["features"][0]["id"]
    mine = session(browser, world.url, "coordinator")
    theirs = session(browser, world.url, "colleague", lang="fa")
    page = at_map(mine, world, f"?open=needs:{need}#9/33.25/47.85")
    other = at_map(theirs, world, "#9/33.25/47.85")
    expect(other.locator(".others__one").first).to_contain_text("هماهنگ‌کننده", timeout=LONG_MS)
    expect(page.locator(".others__mark")).to_have_count(1, timeout=LONG_MS)
    expect(page.locator(".others__open")).to_be_hidden()
    other.goto(f"{world.url}/map?open=needs:{need}#9/33.25/47.85")
    expect(page.locator(".others__open")).to_contain_text("dispatcher · Mamulan centre", timeout=LONG_MS)
    expect(other.locator(".others__open")).to_contain_text("هماهنگ‌کننده", timeout=LONG_MS)
    # Nobody is named, and the page that is closed is gone at once.
    assert "colleague" not in page.locator("body").inner_text()
    if folder := os.environ.get("HAMYAR_SHOTS"):
        page.screenshot(path=f"{folder}/presence-en.png")
        other.screenshot(path=f"{folder}/presence-fa.png")
        other.set_viewport_size({"width": 390, "height": 844})
        other.wait_for_timeout(1500)
        other.screenshot(path=f"{folder}/presence-fa-390.png")
    theirs.close()
    expect(page.locator(".others__open")).to_be_hidden(timeout=LONG_MS)
    mine.close()
