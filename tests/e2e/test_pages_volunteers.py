"""Volunteers' pages in Chromium: from a stranger's phone to a confirmed volunteer, lists, shifts and their notes."""

import io
from collections.abc import Iterator

import psycopg
import pytest
from openpyxl import Workbook
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browsing import AUDIT, CONTRAST, LOOK_IDS, LOOKS, PHONE, Seen, browser, needs_chromium, session
from tests.support.running import PASSPHRASE, World

__all__ = ["browser"]
pytestmark = needs_chromium
NAME, NUMBER = "گلنار آزمایشی", "09120000244"


@pytest.fixture(scope="module")
def desk(browser: Browser, world: World) -> Iterator[BrowserContext]:
    """A coordinator's browser."""
    context = session(browser, world.url, "coordinator", lang="fa")
    yield context
    context.close()


def _people(desk: BrowserContext, world: World, seen: Seen, query: str = "") -> Page:
    page = seen.watch(desk.new_page())
    page.goto(f"{world.url}/volunteers?centre={world.centres['mamulan']}{query}")
    expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
    return page


def _rows(world: World, sql: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(world.running.instance.status()["postgres"]["dsn"]) as conn:
        return conn.execute(sql.encode(), values).fetchall()


def test_from_a_strangers_phone_to_a_confirmed_volunteer(browser: Browser, desk: BrowserContext, world: World) -> None:
    seen = Seen()
    page = _people(desk, world, seen)
    stranger = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]
    stranger.add_cookies([{"name": "lang", "value": "fa", "url": world.url}])
    phone = stranger.new_page()
    phone.goto(f"{world.url}/register?centre={world.centres['mamulan']}")
    phone.check("[name=skills][value=midwifery]")
    phone.check("[name=languages][value=ku]")
    phone.check("[name=gender][value=woman]")
    phone.fill("[name=name]", NAME)
    phone.fill("[name=phone]", NUMBER)
    phone.fill("[name=handle]", "golnar")
    phone.fill("[name=passphrase]", PASSPHRASE)
    # The network goes just as she presses: what she wrote is still there, and a second press sends it.
    stranger.set_offline(True)
    phone.click("#register button[type=submit]")
    expect(phone.locator("#problem")).to_be_visible()
    stranger.set_offline(False)
    assert phone.input_value("[name=handle]") == "golnar"
    phone.click("#register button[type=submit]")
    expect(phone.locator(".registered")).to_be_visible()
    code = phone.locator(".registered .code").inner_text()
    # The centre sees her without a reload, opens her name with a press, and confirms her.
    card = page.locator(".folk__one", has_text=code)
    expect(card).to_be_visible()
    expect(card).not_to_contain_text(NAME)
    card.locator("[data-reveal]").click()
    expect(card).to_contain_text(NAME)
    looks = "SELECT count(*) FROM volunteers v JOIN (SELECT verb, subject_id FROM events UNION ALL SELECT verb,"
    looks += " subject_id FROM events_unsealed) e ON e.subject_id = v.id WHERE v.code = %s AND e.verb = %s"
    assert _rows(world, looks, code, "volunteer.opened") == [(1,)], "the look is on record"
    card.locator("form button.button--main").click()
    expect(card).to_have_count(0)
    expect(page.locator(f"tr[data-code='{code}']")).to_be_visible()
    assert NAME not in page.content()
    phone.reload()
    expect(phone.locator(".registered a[href='/me']")).to_be_visible()
    phone.goto(f"{world.url}/")
    assert phone.url.endswith("/me")
    assert seen.complaints == []
    stranger.close()
    page.close()


def test_a_list_is_looked_at_before_it_is_taken(desk: BrowserContext, world: World) -> None:
    seen, book, file = Seen(), Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("کد", "مهارت‌ها", "جنسیت"),
        ("V-XL1", "پرستار", "زن"),
        ("V-XL2", "راننده", "مرد"),
        ("V-XL3", "؟؟؟", "زن"),
    ):
        sheet.append(row)
    book.save(file)
    page = _people(desk, world, seen)
    page.locator("#import > summary").click()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("#take-in [name=file]", {"name": "people.xlsx", "mimeType": kind, "buffer": file.getvalue()})
    page.select_option("#take-in [name=centre]", world.centres["mamulan"])
    page.click("#take-in button[type=submit]")
    told = page.locator("#taken")
    expect(told.locator("dd")).to_have_text(["۳", "۲", "۰", "۱"])
    expect(told.locator("li")).to_contain_text("۴")
    assert _rows(world, "SELECT count(*) FROM volunteers WHERE code LIKE 'V-XL%%' AND %s", True) == [(0,)]
    told.locator("button").click()
    expect(told.locator(".note--good")).to_be_visible()
    expect(page.locator("tr[data-code='V-XL1']")).to_be_visible()
    page.set_input_files("#take-in [name=file]", {"name": "x.csv", "mimeType": "text/csv", "buffer": b"\x00\x01\x02"})
    page.click("#take-in button[type=submit]")
    expect(page.locator("#take-in .form__error")).to_be_visible()
    page.close()


def test_a_shift_is_put_down_noted_read_and_called_off(desk: BrowserContext, world: World) -> None:
    seen, words = Seen(), "پل پایین بسته است؛ کلید انبار نزد نگهبان است."
    page = _people(desk, world, seen, "&day=tomorrow")
    page.locator("tr[data-code='V-MINA'] [data-card]").click()
    card = page.locator("#card")
    card.locator("summary").first.click()
    card.locator("[name=day]").select_option("1")
    card.locator("[name=hour]").select_option("7")
    card.locator("form[data-make=shift] button[type=submit]").click()
    shift = page.locator("[id^=shift-]", has_text="V-MINA")
    expect(shift).to_contain_text("۰۷:۰۰ – ۱۳:۰۰")
    shift.locator("summary").first.click()
    shift.locator("textarea").fill(words)
    shift.locator("form[data-api$='/note'] button").click()
    shift.locator("[data-note]").click()
    expect(shift.locator("[id^=note-]")).to_have_text(words)
    # A second shift without the rest between is refused in words, in the card itself.
    page.locator("tr[data-code='V-MINA'] [data-card]").click()
    card.locator("summary").first.click()
    card.locator("[name=day]").select_option("1")
    card.locator("[name=hour]").select_option("9")
    card.locator("form[data-make=shift] button[type=submit]").click()
    expect(page.locator(".toast--bad, #card .form__error:visible").first).to_be_visible()
    page.keyboard.press("Escape")
    shift.locator("details", has=page.locator("[data-make=call-off]")).locator("summary").click()
    shift.locator("[data-make=call-off] button").click()
    expect(shift).to_have_count(0)
    page.close()


@pytest.mark.parametrize(("lang", "size"), LOOKS, ids=LOOK_IDS)
def test_both_pages_in_both_languages_and_widths(
    browser: Browser, desk: BrowserContext, world: World, size: dict[str, int], lang: str
) -> None:
    seen = Seen()
    stranger = browser.new_context(viewport=size)  # type: ignore[arg-type]
    for context, path in ((desk, "/volunteers"), (stranger, "/register")):
        context.add_cookies([{"name": "lang", "value": lang, "url": world.url}])
        page = seen.watch(context.new_page())
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(f"{world.url}{path}")
        assert page.locator("html").get_attribute("dir") == ("rtl" if lang == "fa" else "ltr")
        assert page.evaluate(AUDIT) == []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(CONTRAST) == [], scheme
        if path == "/volunteers":
            page.locator("[data-card]").first.click()
            expect(page.locator("#card")).to_be_visible()
            assert page.evaluate(AUDIT) == []
        page.close()
    stranger.close()
    assert seen.complaints == []
