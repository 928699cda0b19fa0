"""The dispatch board in Chromium: tasks given by drag and by keys, who is silent first, goods on their way."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.browsing import PHONE, Seen, browser, needs_chromium, session
from tests.support.instance import wait_until
from tests.support.running import World, add_volunteer, open_tasks, report

__all__ = ["browser"]
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def desks(browser: Browser, world: World) -> Iterator[dict[str, BrowserContext]]:
    """A coordinator's browser in each language."""
    made = {lang: session(browser, world.url, "coordinator", lang=lang) for lang in ("fa", "en")}
    yield made
    for context in made.values():
        context.close()


@pytest.fixture(scope="module")
def people(world: World) -> World:
    """Two women and a man of Mamulan, known to these tests alone."""
    add_volunteer(world, "sara", "mamulan", "woman", ["driving"])
    add_volunteer(world, "laleh", "mamulan", "woman", ["midwifery"])
    add_volunteer(world, "omid", "mamulan", "man", ["driving"])
    return world


def fresh(world: World, text: str, category: str) -> str:
    """The task that a report makes; its id. Each category is asked for once."""
    report(world.running, text, "mamulan", f"board-{category}")

    def found() -> list[dict[str, Any]]:
        asked = {"category": category, "state": "queued", "centre": world.centres["mamulan"]}
        return [t for t in open_tasks(world.running) if asked.items() <= t.items()]

    wait_until(lambda: bool(found()), 60)
    return str(found()[0]["id"])


def board(context: BrowserContext, world: World, seen: Seen) -> Page:
    page = seen.watch(context.new_page())
    page.goto(f"{world.url}/queue?centre={world.centres['mamulan']}")
    return page


def carry(page: Page, what: Locator, onto: Locator) -> None:
    """Press on one thing and carry it over another, without letting go."""
    what.scroll_into_view_if_needed()
    what.hover(position={"x": 8, "y": 8})
    page.mouse.down()
    for x in (12, 16, 20):
        onto.hover(position={"x": x, "y": 12})


def test_a_task_is_dragged_onto_somebody_and_back_while_a_phone_sees_it(
    browser: Browser, desks: dict[str, BrowserContext], people: World
) -> None:
    identity, seen = fresh(people, "به ۲۰ بخاری نیاز داریم، معمولان", "heating"), Seen()
    phone = session(browser, people.url, "sara", lang="fa", size=PHONE)
    mine = seen.watch(phone.new_page())
    mine.goto(f"{people.url}/me")
    page = board(desks["fa"], people, seen)
    card, sara = page.locator(f"#t-{identity}"), page.locator("[data-code=V-SARA]")
    card.drag_to(sara)
    expect(page.locator(f"#column-claimed #t-{identity} .task__holder")).to_contain_text("V-SARA")
    expect(page.locator("#board-said")).to_contain_text("V-SARA")
    expect(mine.locator(f"[data-task='{identity}']")).to_be_visible()
    mine.locator(f"[data-task='{identity}'] form[action$='/accept'] button").click()
    expect(page.locator(f"#column-accepted #t-{identity}")).to_be_visible()
    # What is dropped on the queue goes back to it, and who is dropped on a task gets it.
    page.locator(f"#t-{identity}").drag_to(page.locator("#h-queued"))
    expect(page.locator(f"#column-queued #t-{identity}, #column-attention #t-{identity}")).to_be_visible()
    page.locator("[data-code=V-OMID]").drag_to(page.locator(f"#t-{identity}"))
    expect(page.locator(f"#column-claimed #t-{identity} .task__holder")).to_contain_text("V-OMID")
    page.close()
    phone.close()
    assert seen.complaints == []


def test_where_a_task_may_not_go_the_reason_is_shown(desks: dict[str, BrowserContext], people: World) -> None:
    identity, seen = fresh(people, "نوار بهداشتی برای ۴۰ زن لازم است، معمولان", "hygiene"), Seen()
    page = board(desks["en"], people, seen)
    card, omid = page.locator(f"#t-{identity}"), page.locator("[data-code=V-OMID]")
    carry(page, card, omid)
    expect(page.locator("#drag-why")).to_have_text("This task is for a woman.")
    expect(omid).to_have_attribute("data-fit", "no")
    expect(page.locator("[data-code=V-LALEH]")).to_have_attribute("data-fit", "yes")
    page.mouse.up()
    expect(page.locator("#drag-why")).to_be_hidden()
    expect(page.locator("[data-fit]")).to_have_count(0)
    expect(page.locator(f"#column-queued #t-{identity}")).to_be_visible()
    page.close()
    assert seen.complaints == []


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_a_task_is_given_by_keys_alone(desks: dict[str, BrowserContext], people: World, lang: str) -> None:
    text, category = {
        "fa": ("شیر خشک برای ۱۰ نوزاد لازم است، معمولان", "infant_care"),
        "en": ("به ۲۵ چادر نیاز داریم، ۲۵ خانوار بی‌سرپناه، معمولان", "shelter"),
    }[lang]
    identity, seen = fresh(people, text, category), Seen()
    page = board(desks[lang], people, seen)
    expect(page.locator(f"#t-{identity}")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    on = "document.activeElement.id"
    for _ in range(page.locator(".task").count()):
        if page.evaluate(on) == f"t-{identity}":
            break
        page.keyboard.press("ArrowDown")
        if page.evaluate("document.activeElement.matches('.task:last-of-type')"):
            page.keyboard.press("ArrowLeft" if lang == "fa" else "ArrowRight")
    assert page.evaluate(on) == f"t-{identity}"
    page.keyboard.press("Enter")
    expect(page.locator("#people [data-candidate]").nth(1)).to_be_visible()
    page.keyboard.press("2")
    chosen = page.locator("#people [data-candidate]").nth(1)
    who = chosen.locator(".code").first.inner_text()
    expect(chosen.locator("button").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#people")).to_be_hidden()
    expect(page.locator(f"#column-claimed #t-{identity} .task__holder")).to_contain_text(who)
    expect(page.locator("#board-said")).to_contain_text(who)
    # The card keeps the focus in its new column, and one key takes it back.
    expect(page.locator(f"#t-{identity}")).to_be_focused()
    page.keyboard.press("b")
    expect(page.locator(f"#column-queued #t-{identity}")).to_be_visible()
    page.close()
    assert seen.complaints == []


def test_who_fell_silent_comes_first_and_goods_are_followed(desks: dict[str, BrowserContext], people: World) -> None:
    identity, seen = fresh(people, "به ۴۵ پتو نیاز داریم، روستای کنار معمولان", "bedding"), Seen()
    page = board(desks["en"], people, seen)
    card = page.locator(f"#t-{identity}")
    expect(card.locator(".steps--load")).to_be_visible()
    card.drag_to(page.locator("[data-code=V-LALEH]"))
    expect(page.locator(f"#column-claimed #t-{identity}")).to_be_visible()
    with people.running.api() as api:
        for verb in ("accept", "en_route"):
            assert api.post(f"/api/tasks/{identity}/{verb}", json={"fence": 1}).status_code == 200
    expect(page.locator(f"#column-en_route #t-{identity} .steps--road")).to_be_visible()
    dsn = people.running.instance.status()["postgres"]["dsn"]
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE volunteers SET silent_at = clock_timestamp() WHERE code = 'V-LALEH'")
    page.reload()
    first = page.locator("#column-attention .task").first
    expect(first).to_have_id(f"t-{identity}")
    expect(first.locator(".task__alarm")).to_contain_text("fallen silent")
    expect(page.locator(".rail .one[data-person]").first).to_have_class("one one--silent")
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE volunteers SET silent_at = NULL WHERE code = 'V-LALEH'")
    with people.running.api() as api:
        assert api.post(f"/api/tasks/{identity}/complete", json={"fence": 1}).status_code == 200
    expect(page.locator(".desk").locator(f"#t-{identity}")).to_have_count(0)
    page.locator("#closed summary").click()
    expect(page.locator("#closed .steps--delivered").first).to_be_visible()
    page.close()
    assert seen.complaints == []


def test_a_task_for_two_goes_to_a_team_that_is_formed_for_it(desks: dict[str, BrowserContext], people: World) -> None:
    identity, seen = fresh(people, "به غذا برای ۸۰ نفر نیاز داریم، معمولان", "food"), Seen()
    page = board(desks["en"], people, seen)
    page.locator(f"#t-{identity} [data-people]").click()
    page.locator("#asks summary").click()
    page.locator("#asks [name='crew_min:int']").fill("2")
    page.locator("#asks button").click()
    page.locator("#people .person--crew button").click()
    holder = page.locator(f"#column-claimed #t-{identity} .task__holder")
    expect(holder).to_contain_text("Team")
    team = page.locator(".rail .one[data-team]").first
    expect(team).to_contain_text("Team of 2")
    with people.running.api() as api:
        assert api.post(f"/api/tasks/{identity}/complete", json={"fence": 1}).status_code == 200
        stood = api.post(f"/api/teams/{team.get_attribute('data-team')}/stand_down")
        assert stood.status_code == 200, stood.text
    page.close()
    assert seen.complaints == []
