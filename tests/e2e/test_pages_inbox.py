"""The inbox by keyboard alone: ten messages, a correction reaches the record, two people apart, no network."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browsing import AUDIT, CONTRAST, PHONE, Seen, browser, needs_chromium, session, until
from tests.support.instance import wait_until
from tests.support.running import World, join

__all__ = ["browser"]
pytestmark = needs_chromium
MESSAGES = 10
KEYS_MOST = 2
SENT = 26
SHOWN = ".desk__meta .code"
MINE = "پتو نیاز داریم"


def waiting(api: httpx.Client) -> int:
    """How many messages nobody has looked at."""
    body = {"desk": "00000000-0000-7000-8000-000000000000", "most": 0}
    found: int = api.post("/api/inbox/take", json=body).json()["waits"]
    return found


@pytest.fixture(scope="module")
def api(world: World) -> Iterator[httpx.Client]:
    """An admin's client: making one costs more than asking."""
    with world.running.api() as client:
        yield client


@pytest.fixture(scope="module")
def desks(browser: Browser, world: World, api: httpx.Client) -> Iterator[list[BrowserContext]]:
    """Two coordinators, each in a browser of her own, and enough to look at."""
    join(world.running, "second", "coordinator")
    before = waiting(api)
    for n in range(SENT):
        body = {"text": f"به {n + 3} پتو نیاز داریم، {n + 3} خانوار، معمولان", "emergency": world.emergency}
        api.post("/api/reports", json=body, headers={"Idempotency-Key": f"inbox-{n}"}).raise_for_status()
    wait_until(lambda: waiting(api) >= before + SENT)
    made = [session(browser, world.url, who, lang=lang) for who, lang in (("coordinator", "fa"), ("second", "en"))]
    yield made
    for context in made:
        context.close()


@pytest.fixture(autouse=True)
def closed(desks: list[BrowserContext]) -> Iterator[None]:
    """The next test begins on line and without open pages."""
    yield
    for context in desks:
        context.set_offline(False)
        for page in context.pages:
            page.close()


def opened(world: World, context: BrowserContext, seen: Seen | None = None) -> Page:
    """The inbox with its first message."""
    page = context.new_page()
    if seen:
        seen.watch(page)
    page.goto(f"{world.url}/inbox")
    expect(page.locator("#words")).to_be_visible()
    return page


def test_ten_messages_by_keyboard_a_key_or_two_each(
    desks: list[BrowserContext], world: World, api: httpx.Client
) -> None:
    seen = Seen()
    page, other = opened(world, desks[0], seen), opened(world, desks[1])
    # No message lies on both desks, those that were fetched ahead included.
    mine: list[str] = []
    before, keys = waiting(api), 0
    theirs = other.locator(SHOWN).inner_text()
    for _ in range(MESSAGES):
        shown = page.locator(SHOWN).inner_text()
        mine.append(shown)
        page.keyboard.press("Enter")
        keys += 1
        expect(page.locator(SHOWN)).not_to_have_text(shown)
    assert len(set(mine)) == MESSAGES
    assert theirs not in mine
    assert keys / MESSAGES <= KEYS_MOST
    wait_until(lambda: waiting(api) == before - MESSAGES)
    last = mine[-1]
    page.keyboard.press("u")
    expect(page.locator(SHOWN)).to_have_text(last)
    wait_until(lambda: waiting(api) == before - MESSAGES + 1)
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.keys")).to_have_count(0)
    assert seen.complaints == []


def record_of(api: httpx.Client, code: str) -> dict[str, Any]:
    """The reading of the report with this receipt and the records that it is part of now."""
    found = next(f for f in api.get("/api/reports").json()["features"] if f["properties"]["receipt"] == code)
    read: dict[str, Any] = api.get(f"/api/reports/{found['id']}/reading").json()
    read["records"] = [api.get(f"/api/{one['type']}s/{one['id']}").json()["properties"] for one in read["links"]]
    return read


def test_a_correction_by_keys_changes_the_record(desks: list[BrowserContext], world: World, api: httpx.Client) -> None:
    page = opened(world, desks[0])
    for _ in range(2 * MESSAGES):
        if MINE in page.locator("#words").inner_text():
            break
        shown = page.locator(SHOWN).inner_text()
        page.keyboard.press("Enter")
        expect(page.locator(SHOWN)).not_to_have_text(shown)
    code = page.locator(SHOWN).inner_text().strip("\u2066\u2069")
    page.keyboard.press("a")
    page.keyboard.type("psychosocial")
    page.keyboard.press("Enter")
    expect(page.locator(".taken--need", has_text="روانی")).to_be_visible()
    page.keyboard.press("e")
    page.keyboard.type("۷")
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    page.keyboard.press("Enter")
    wait_until(lambda: record_of(api, code)["by"] == "person")
    read = record_of(api, code)
    assert (read["people"], read["urgency"]) == (7, "life")
    need = next(r for r in read["records"] if r["category"] == "psychosocial")
    assert (need["people"], need["urgency"], need["status"] in {"open", "tasked"}) == (7, "life", True)
    page.keyboard.press("u")
    wait_until(lambda: record_of(api, code)["by"] == "rules")
    assert "psychosocial" not in {r["category"] for r in record_of(api, code)["records"]}


def test_answers_are_kept_without_a_network(desks: list[BrowserContext], world: World, api: httpx.Client) -> None:
    context = desks[0]
    page = opened(world, context)
    until(page, "document.querySelector('#tally').textContent !== ''")
    before = waiting(api)
    context.set_offline(True)
    for _ in range(2):
        shown = page.locator(SHOWN).inner_text()
        page.keyboard.press("Enter")
        expect(page.locator(SHOWN)).not_to_have_text(shown)
    expect(page.locator("#notes .note")).to_contain_text("۲")
    kept = page.evaluate(
        "Object.entries(localStorage).filter(([k]) => k.startsWith('hamyar.inbox.')).map(([, v]) => v)"
    )
    assert len(kept) == 2
    assert all("version" not in one for one in kept)
    # The window is closed and opened again: what was answered goes out by itself.
    page.close()
    context.set_offline(False)
    opened(world, context)
    wait_until(lambda: waiting(api) == before - 2)


@pytest.mark.parametrize("show", ["look", "joins", "checks"])
def test_the_desk_fits_a_phone_and_reads_well(desks: list[BrowserContext], world: World, show: str) -> None:
    seen, page = Seen(), desks[0].new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    seen.watch(page).goto(f"{world.url}/inbox?show={show}")
    until(page, "![...document.querySelectorAll('.state--loading')].some((one) => one.checkVisibility())")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(AUDIT) == []
    assert page.evaluate(CONTRAST) == []
    assert seen.complaints == []
