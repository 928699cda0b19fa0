"""The working pages in Chromium on a whole instance: board, phone, inbox, stock, house, hotline, text messages."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.support.browsing import (
    AUDIT,
    CONTRAST,
    LOOK_IDS,
    LOOKS,
    PHONE,
    WAIT_MS,
    Seen,
    browser,
    needs_chromium,
    session,
)
from tests.support.running import PASSPHRASE, Running, World, add_volunteer, join, open_tasks, report

__all__ = ["browser"]
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def signed_in(browser: Browser, world: World) -> Iterator[dict[str, BrowserContext]]:
    """The coordinator's browser and a volunteer's."""
    made = {
        name: session(browser, world.url, handle) for name, handle in (("staff", "coordinator"), ("phone", "parvin"))
    }
    yield made
    for context in made.values():
        context.close()


def test_an_empty_house_says_what_to_do_first(browser: Browser, running: Running) -> None:
    join(running, "first", "admin")
    context = session(browser, running.url, "first")
    page = context.new_page()
    page.goto(f"{running.url}/queue")
    expect(page.locator("main")).to_contain_text("No task has been made yet")
    page.goto(f"{running.url}/inbox")
    expect(page.locator("main")).to_contain_text("No report has come yet")
    page.goto(f"{running.url}/stock")
    expect(page.locator("main")).to_contain_text("Nothing is in the books yet")
    page.click("text=Add a centre")
    page.wait_for_url("**/house")
    expect(page.locator(".step")).to_have_count(5)
    expect(page.locator(".step--done")).to_have_count(0)
    context.close()


PAGES = (
    ("staff", "/queue"),
    ("staff", "/inbox?show=newest"),
    ("staff", "/stock"),
    ("staff", "/house"),
    ("staff", "/hotline"),
    ("staff", "/messages"),
    ("staff", "/words"),
    ("phone", "/me"),
)


@pytest.mark.parametrize(("lang", "size"), LOOKS, ids=LOOK_IDS)
@pytest.mark.parametrize(("who", "path"), PAGES)
def test_every_page_in_both_languages_and_widths(
    signed_in: dict[str, BrowserContext], world: World, who: str, path: str, size: dict[str, int], lang: str
) -> None:
    context, seen = signed_in[who], Seen()
    context.add_cookies([{"name": "lang", "value": lang, "url": world.url}])
    page = seen.watch(context.new_page())
    page.set_viewport_size(size)  # type: ignore[arg-type]
    answer = page.goto(f"{world.url}{path}", wait_until="load")
    assert answer is not None
    assert answer.ok
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert page.locator("html").get_attribute("dir") == ("rtl" if lang == "fa" else "ltr")
    expect(page.locator(".strip--drill")).to_be_visible()
    expect(page.locator("#live")).to_be_visible()
    assert page.evaluate(AUDIT) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRAST) == [], scheme
    page.close()
    assert seen.hosts == {urlsplit(world.url).netloc}
    assert seen.complaints == []


def test_the_phone_gets_little(signed_in: dict[str, BrowserContext], world: World) -> None:
    page = signed_in["phone"].new_page()
    sizes: dict[str, int] = {}
    page.on(
        "response",
        lambda r: (
            sizes.update({urlsplit(r.url).path: len(r.body())})
            if r.request.resource_type in {"document", "script"}
            else None
        ),
    )
    # The stream stays open, so the network is never idle: what a page needs is there when it lives.
    page.goto(f"{world.url}/me", wait_until="load")
    expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    assert sizes["/me"] < 30_000
    assert sum(sizes.values()) < 60_000
    page.close()


def test_a_volunteer_takes_and_finishes_a_task_while_the_board_shows_it(browser: Browser, world: World) -> None:
    phone = session(browser, world.url, "mina", lang="fa", size=PHONE)
    desk = session(browser, world.url, "coordinator", lang="fa")
    seen = Seen()
    mine, board = seen.watch(phone.new_page()), seen.watch(desk.new_page())
    board.goto(f"{world.url}/queue")
    mine.goto(f"{world.url}/me")
    mine.click(".button--huge")
    task = mine.locator(".mine")
    expect(task).to_have_attribute("data-state", "claimed")
    card = f"#t-{task.get_attribute('data-task')}"
    expect(board.locator(f"#column-claimed {card}")).to_be_visible(timeout=WAIT_MS)
    expect(board.locator(f"{card} .task__holder")).to_contain_text("V-MINA")
    task.locator("form[action$='/accept'] button").click()
    expect(task).to_have_attribute("data-state", "accepted")
    expect(board.locator(f"#column-accepted {card}")).to_be_visible(timeout=WAIT_MS)
    task.locator("form[action$='/en_route'] button").first.click()
    expect(task).to_have_attribute("data-state", "en_route")
    expect(board.locator(f"#column-en_route {card}")).to_be_visible(timeout=WAIT_MS)
    task.locator("[data-voices]").click()
    expect(task.locator(".said").first).to_be_visible()
    task.locator("form[action$='/complete'] button").first.click()
    expect(mine.locator(card.replace("#t-", "#mine-"))).to_have_count(0)
    expect(mine.locator("#done")).to_be_visible()
    expect(board.locator(f".board {card}")).to_have_count(0, timeout=WAIT_MS)
    board.locator("#closed summary").click()
    expect(board.locator("#closed")).to_contain_text("انجام‌شده")
    phone.close()
    desk.close()
    assert seen.complaints == []


def test_a_task_given_to_another_tells_its_former_holder(browser: Browser, world: World) -> None:
    add_volunteer(world, "former", "poldokhtar", "woman", ["rescue"])
    add_volunteer(world, "latter", "poldokhtar", "woman", ["rescue"])
    report(world.running, "به آب و غذا برای ۱۲ نفر نیاز داریم، روستای نزدیک پلدختر", "poldokhtar", "given")
    phone = session(browser, world.url, "former", size=PHONE)
    desk = session(browser, world.url, "coordinator")
    mine, board = phone.new_page(), desk.new_page()
    mine.goto(f"{world.url}/me")
    mine.click(".button--huge")
    task = mine.locator(".mine")
    expect(task).to_have_attribute("data-state", "claimed")
    identity = task.get_attribute("data-task")
    # A phone that has not looked again yet, as one on a bad line.
    deaf = re.compile(r"/me(\?|$)")
    mine.route(deaf, lambda route: route.abort() if route.request.headers.get("x-part") else route.continue_())
    board.goto(f"{world.url}/queue")
    board.locator(f"#t-{identity} [data-people]").click()
    board.locator(".person", has_text="V-LATTER").get_by_role("button").click()
    expect(board.locator(f"#t-{identity} .task__holder")).to_contain_text("V-LATTER", timeout=WAIT_MS)
    # Its press carries the old fence, is refused, and the page says why.
    task.locator("form[action$='/accept'] button").click()
    expect(mine.locator(".toast--bad")).to_contain_text("no longer yours")
    mine.unroute(deaf)
    mine.evaluate("dispatchEvent(new Event('online'))")
    expect(mine.locator(".lost")).to_contain_text("A dispatcher gave it to somebody else")
    expect(task).to_have_count(0)
    # The board's own press with an old fence (it is too quick to be caught with one) is refused and refreshed too.
    board.route(f"**/api/tasks/{identity}/reassign", lambda route: route.continue_(post_data='{"fence": 1}'))
    board.locator(f"#t-{identity} .more summary").click()
    board.locator(f"#t-{identity}").get_by_role("button", name="Back to the queue").click()
    expect(board.locator(".toast--bad")).to_be_visible()
    expect(board.locator(f"#t-{identity} [name='fence:int']").first).to_have_value(re.compile(r"^[2-9]"))
    phone.close()
    desk.close()


def test_the_phone_works_without_scripts(browser: Browser, world: World) -> None:
    add_volunteer(world, "plain", "poldokhtar", "woman", ["medic"])
    report(world.running, "نیاز فوری به ۳۰ چادر، ۳۰ خانوار بی‌سرپناه، پلدختر", "poldokhtar", "plain")
    context = session(browser, world.url, "plain", size=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{world.url}/me")
    page.click(".button--huge")
    page.click("form[action$='/accept'] button")
    expect(page.locator(".mine")).to_have_attribute("data-state", "accepted")
    page.click("text=What people said")
    expect(page.locator(".said").first).to_be_visible()
    page.click("text=Back to my tasks")
    page.click("text=I cannot do it")
    page.check("input[value=unreachable]")
    page.click("form[action$='/fail'] button")
    expect(page.locator(".mine")).to_have_count(0)
    context.close()


def test_triage_by_keyboard_opens_a_voice_as_text(browser: Browser, world: World) -> None:
    context, seen = session(browser, world.url, "coordinator", lang="fa"), Seen()
    page = seen.watch(context.new_page())
    page.goto(f"{world.url}/inbox?show=newest")
    row = page.locator("[data-row]", has_text="آب آشامیدنی").last
    page.keyboard.press("j")
    for _ in range(page.locator("[data-row]").count()):
        if row.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    words = row.locator(".said")
    expect(words).to_contain_text("<img src=x onerror=alert(1)>")
    assert words.locator("img").count() == 0
    page.keyboard.press("o")
    expect(words).to_have_count(0)
    page.keyboard.press("k")
    assert not row.evaluate("e => e === document.activeElement")
    context.close()
    assert seen.complaints == []


def test_a_new_report_reaches_an_open_inbox(browser: Browser, world: World) -> None:
    context = session(browser, world.url, "coordinator")
    page = context.new_page()
    page.goto(f"{world.url}/inbox?show=newest")
    before = page.locator("[data-row]").first.get_attribute("id")
    known = report(world.running, "power cut in Mamulan, we need lamps for 9 households", "mamulan", "live")
    assert f"r-{known}" != before
    expect(page.locator(f"#r-{known}")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(f"#r-{known} .joined").first).to_be_visible(timeout=WAIT_MS)
    context.close()


def test_the_network_is_gone_and_comes_back(signed_in: dict[str, BrowserContext], world: World) -> None:
    context = signed_in["phone"]
    context.add_cookies([{"name": "lang", "value": "en", "url": world.url}])
    page = context.new_page()
    page.goto(f"{world.url}/me")
    expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#pulse")).to_have_attribute("data-state", "offline")
    context.set_offline(False)
    expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    expect(page.locator("#offline")).to_be_hidden()
    page.close()


def test_the_house_is_set_up_by_hand(browser: Browser, world: World) -> None:
    context, seen = session(browser, world.url, "coordinator"), Seen()
    page = seen.watch(context.new_page())
    page.goto(f"{world.url}/house")
    page.click("[data-dialog=new-centre]")
    dialog = page.locator("#new-centre")
    dialog.locator("[name=name_fa]").fill("مرکز نورآباد")
    dialog.locator("[name=name_en]").fill("Nurabad centre")
    dialog.get_by_role("button", name="Add it").click()
    expect(dialog.locator(".form__error")).to_contain_text("Choose its place")
    dialog.locator("input[role=combobox]").fill("نورآباد")
    expect(dialog.locator("[role=option]").first).to_be_visible()
    dialog.locator("input[role=combobox]").press("Enter")
    expect(dialog.locator(".place__chosen")).to_contain_text("Chosen")
    dialog.get_by_role("button", name="Add it").click()
    expect(page.locator("#live")).to_contain_text("Nurabad centre")

    page.click("[data-dialog=new-invite]")
    invite = page.locator("#new-invite")
    invite.locator("[name=centre]").select_option(label="Nurabad centre")
    invite.get_by_role("button", name="Make the link").click()
    link = invite.locator(".once input")
    expect(link).to_have_value(re.compile(r"/join/\S{20,}"))
    value = link.input_value()
    invite.locator("[data-close]").click()
    expect(invite.locator(".once")).to_be_hidden()
    guest = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]
    door = guest.new_page()
    door.goto(value)
    door.fill("[name=handle]", "newcomer")
    door.fill("[name=passphrase]", PASSPHRASE)
    door.click("main button[type=submit]")
    door.wait_for_url("**/me")
    expect(door.locator(".me__foot")).to_contain_text("V-")
    guest.close()

    page.click("[data-dialog=new-token]")
    token = page.locator("#new-token")
    token.locator("[name=name]").fill("village gateway")
    token.get_by_role("button", name="Make it").click()
    expect(token.locator(".once input")).to_have_value(re.compile(r"\S{20,}"))
    token.locator("[data-close]").click()
    line = page.locator("#tokens li", has_text="village gateway")
    if not page.locator("#tokens").evaluate("e => e.open"):
        page.locator("#tokens > summary").click()
    line.locator(".more summary").click()
    line.get_by_role("button", name="End the token").click()
    expect(line).to_have_count(0)
    context.close()
    assert seen.complaints == []


def test_counted_shelves_come_from_a_file(browser: Browser, world: World) -> None:
    with world.running.api() as api:
        centres = api.get("/api/centres").json()["features"]
    code = centres[0]["properties"]["code"]
    head = "centre,item,name_fa,name_en,unit,category,quantity"
    rows = f"{head}\n{code},lamp,چراغ,Lamp,piece,power,۷۷\nnowhere,lamp,,,,,3\n"
    context = session(browser, world.url, "coordinator")
    page = context.new_page()
    page.goto(f"{world.url}/stock")
    page.click("#import summary")
    page.set_input_files("[name=file]", {"name": "counts.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.click("text=Read the file")
    told = page.locator("[aria-labelledby=h-told]")
    expect(told).to_contain_text("No centre has this code")
    expect(page.locator("tr", has_text="Lamp").locator(".total").first).to_have_text("77")
    context.close()


def test_nobody_signed_in_is_led_to_the_door(browser: Browser, world: World) -> None:
    page = browser.new_page()
    for path in ("/queue", "/me", "/inbox", "/stock", "/house", "/hotline", "/messages"):
        page.goto(f"{world.url}{path}")
        assert urlsplit(page.url).path == "/login"
        assert f"next=%2F{path[1:]}" in page.url
    door = page.locator(".door").bounding_box()
    assert door is not None
    assert door["width"] < 480
    page.close()
    assert len(open_tasks(world.running)) >= 1
