"""The map page in Chromium on made-up records: languages, widths, changes, conflicts, cuts, no foreign host."""

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from server.pages import assets
from tests.support.browsing import LOOK_IDS, LOOKS, until
from tests.support.mock_map import create_app

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium"),
    pytest.mark.skipif(not (assets.DIST / "manifest.json").exists(), reason="the browser parts are not built"),
]


@dataclass
class Server:
    url: str
    world: object


@dataclass
class Seen:
    """What a page did: the hosts it asked, what its console complained of."""

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    app = create_app(size=3000, every_s=0)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.05)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield Server(f"http://127.0.0.1:{port}", app.state.world)
    running.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        one = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield one
        one.close()


def opened(browser: Browser, server: Server, lang: str = "en", width: int = 1440, query: str = "") -> tuple[Page, Seen]:
    context = browser.new_context(viewport={"width": width, "height": 900 if width > 800 else 844})
    context.add_cookies([{"name": "lang", "value": lang, "url": server.url}])
    page, seen = context.new_page(), Seen()
    page.on(
        "request", lambda one: seen.hosts.add(urlsplit(one.url).netloc) if one.url.startswith(("http", "ws")) else None
    )
    page.on("console", lambda one: seen.complaints.append(one.text) if one.type in {"error", "warning"} else None)
    page.on("pageerror", lambda one: seen.complaints.append(str(one)))
    page.goto(f"{server.url}/map{query}")
    expect(page.locator("#veil")).to_be_hidden(timeout=60_000)
    expect(page.locator("#clock")).to_have_attribute("data-state", "live", timeout=60_000)
    return page, seen


def close(page: Page) -> None:
    context: BrowserContext = page.context
    context.close()


@pytest.mark.parametrize(("lang", "size"), LOOKS, ids=LOOK_IDS)
def test_the_map_opens_from_our_host_alone_without_a_complaint(
    browser: Browser, server: Server, lang: str, size: dict[str, int]
) -> None:
    page, seen = opened(browser, server, lang, size["width"])
    expect(page.locator(".bunch").first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if lang == "fa" else "ltr")
    expect(page.locator(".strip--drill")).to_contain_text("تمرین" if lang == "fa" else "DRILL")
    assert page.evaluate("getComputedStyle(document.querySelector('.leaflet-container')).direction") == "ltr"
    assert page.evaluate("document.fonts.check('16px Vazirmatn')")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    shown = page.locator("#tally").inner_text()
    assert bool(re.search("[۰-۹]", shown)) is (lang == "fa")
    assert bool(re.search("[0-9]", shown)) is (lang == "en")
    small = page.evaluate(
        """[...document.querySelectorAll('button, a, summary, select, input')].filter((e) => {
            const b = e.getBoundingClientRect();
            return b.width && !e.closest('.leaflet-container, .skip') && !e.classList.contains('panel__grip')
              && (b.height < 43.5 || b.width < 43.5);
        }).map((e) => e.className + ' ' + e.id)"""
    )
    assert small == []
    assert seen.hosts == {urlsplit(server.url).netloc}
    assert seen.complaints == []
    close(page)


def test_every_record_of_the_view_is_counted_on_the_map(browser: Browser, server: Server) -> None:
    page, _ = opened(browser, server, query="?layers=needs#5/32.6/53.7")
    inside = len(server.world.layers["needs"])  # type: ignore[attr-defined]
    until(page, "document.querySelector('.chip[aria-pressed=true] .chip__n').textContent !== ''")
    told = int(page.locator(".chip[aria-pressed=true] .chip__n").inner_text().replace(",", ""))
    assert told == inside
    close(page)


def test_a_new_need_appears_and_pulses_without_a_reload(browser: Browser, server: Server) -> None:
    page, _ = opened(browser, server, query="?layers=needs#15/30.5/57.5")
    expect(page.locator(".mark")).to_have_count(0)
    world = server.world
    one = world.add("needs")  # type: ignore[attr-defined]
    one["geometry"]["coordinates"] = [57.5, 30.5]
    one["properties"] |= {"status": "open", "verification": "likely"}
    world.change("need.created", "need", one["id"])  # type: ignore[attr-defined]
    expect(page.locator(".mark--fresh")).to_have_count(1, timeout=60_000)
    expect(page.locator("#list .line")).to_have_count(1)
    one["properties"]["status"] = "met"
    world.change("need.changed", "need", one["id"])  # type: ignore[attr-defined]
    expect(page.locator(".mark--done")).to_have_count(1, timeout=60_000)
    del world.layers["needs"][one["id"]]  # type: ignore[attr-defined]
    world.change("need.changed", "need", one["id"])  # type: ignore[attr-defined]
    expect(page.locator(".mark")).to_have_count(0, timeout=60_000)
    close(page)


def test_voices_are_fetched_when_opened_and_stay_text(browser: Browser, server: Server) -> None:
    page, seen = opened(browser, server)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(urlsplit(one.url).path))
    page.keyboard.press("n")
    page.locator(".voice__open").first.wait_for()
    assert not [path for path in asked if path.startswith("/api/reports/")]
    page.locator(".voice__open").first.click()
    expect(page.locator(".voice__text")).to_contain_text("<b>کمک</b>")
    assert page.locator(".voice__text b").count() == 0
    assert len([path for path in asked if re.fullmatch(r"/api/reports/[\w-]+", path)]) == 1
    assert seen.complaints == []
    close(page)


def test_two_people_on_one_need_the_second_sees_what_the_first_did(browser: Browser, server: Server) -> None:
    need = next(one for one in server.world.layers["needs"].values()  # type: ignore[attr-defined]
                if one["properties"]["verification"] == "unverified")  # fmt: skip
    page, _ = opened(browser, server, query=f"?open=needs:{need['id']}")
    page.locator(".verify--confirmed").wait_for()
    page.request.post(f"{server.url}/mock/touch/{need['id']}")
    page.locator(".verify--confirmed").click()
    expect(page.locator(".conflict")).to_contain_text("Unverified → Refuted")
    assert need["properties"]["verification"] == "refuted"
    page.locator(".conflict button").click()
    expect(page.locator(".verify--confirmed")).to_have_attribute("aria-pressed", "true")
    assert need["properties"]["verification"] == "confirmed"
    close(page)


def test_the_other_language_keeps_view_filters_and_record(browser: Browser, server: Server) -> None:
    need = next(iter(server.world.layers["needs"]))  # type: ignore[attr-defined]
    page, _ = opened(
        browser, server, query=f"?layers=needs,tasks&status=open&since=24h&open=needs:{need}#11/33.152/47.714"
    )
    before = urlsplit(page.url)
    page.locator("a[data-lang=fa]").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "fa")
    expect(page.locator(".record__title")).to_be_visible()
    after = urlsplit(page.url)
    assert (after.query, after.fragment.split("/")[0]) == (before.query, before.fragment.split("/")[0])
    assert after.query == f"layers=needs,tasks&status=open&since=24h&open=needs:{need}"
    close(page)


def test_the_keyboard_reaches_search_list_and_record(browser: Browser, server: Server) -> None:
    page, _ = opened(browser, server)
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("Khorramabad")
    expect(page.locator(".find__hit").first).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#12/33\.4"))
    page.keyboard.press("Escape")
    page.locator("#list .line").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("[...document.querySelectorAll('#list .line')].indexOf(document.activeElement)") == 1
    page.keyboard.press("Enter")
    expect(page.locator("#record")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#home")).to_be_visible()
    page.keyboard.press("f")
    expect(page.locator("#filter-sheet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#filter-sheet")).to_be_hidden()
    close(page)


def test_a_cut_is_told_and_what_was_missed_is_fetched_after_it(browser: Browser, server: Server) -> None:
    page, _ = opened(browser, server, query="?layers=needs#15/29.5/58.5")
    resumed: list[str | None] = []
    page.on(
        "request", lambda one: resumed.append(one.headers.get("last-event-id")) if "/api/stream" in one.url else None
    )
    world = server.world
    first = world.add("needs")  # type: ignore[attr-defined]
    first["geometry"]["coordinates"] = [58.5, 29.5]
    world.change("need.created", "need", first["id"])  # type: ignore[attr-defined]
    expect(page.locator(".mark")).to_have_count(1, timeout=60_000)
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#clock")).to_have_attribute("data-state", "offline")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    second = world.add("needs")  # type: ignore[attr-defined]
    second["geometry"]["coordinates"] = [58.503, 29.503]
    world.change("need.created", "need", second["id"])  # type: ignore[attr-defined]
    page.context.set_offline(False)
    expect(page.locator("#clock")).to_have_attribute("data-state", "live", timeout=60_000)
    expect(page.locator(".mark")).to_have_count(2, timeout=60_000)
    assert resumed
    assert resumed[-1] is not None
    close(page)


def test_errors_and_emptiness_are_said(browser: Browser, server: Server) -> None:
    page, _ = opened(browser, server, query="#15/10.0/60.0")
    expect(page.locator("#list .state")).to_contain_text("Nothing waits here")
    page.route("**/api/map/cells*", lambda route: route.fulfill(status=503, body=json.dumps({"code": "busy"})))
    page.evaluate("document.querySelector('#clock').click()")
    expect(page.locator("#list .state--error")).to_be_visible()
    page.unroute("**/api/map/cells*")
    expect(page.locator("#list .state--error")).to_be_hidden(timeout=60_000)
    close(page)


def test_a_session_that_ended_leads_to_the_door_and_back(browser: Browser, server: Server) -> None:
    page, _ = opened(browser, server)
    page.route("**/login*", lambda route: route.fulfill(status=200, content_type="text/html", body="<p>door</p>"))
    page.route("**/api/map/cells*", lambda route: route.fulfill(status=401, body="{}"))
    page.evaluate("document.querySelector('#clock').click()")
    # Several answers of 401 may each lead there: a navigation that another one overtakes is no failure.
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fmap"), timeout=60_000)
    close(page)
