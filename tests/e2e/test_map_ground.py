"""The imported ground in Chromium, on a whole instance: nothing of it without an archive, names shaped with one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import tile_archives as make
from tests.support.browsing import DESK, PHONE, Seen, browser, needs_chromium, session, until
from tests.support.running import World

__all__ = ["browser"]
ALL = os.environ.get("HAMYAR_ALL_LOOKS")
pytestmark = needs_chromium
AT = "#9/33.45/48.3"
LISTEN = """(() => {
  window.written = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    if (this.canvas.closest('.leaflet-basemap-pane')) {
      const wide = (one) => this.measureText(one).width;
      const apart = [...text].reduce((sum, one) => sum + wide(one), 0);
      window.written.push({ text, font: this.font, joined: wide(text) < apart - 1 });
    }
    return write.call(this, text, ...rest);
  };
})()"""
PIXELS = """(pane) => {
  const out = new Set();
  for (const canvas of document.querySelectorAll(`.leaflet-${pane}-pane canvas`)) {
    if (!canvas.width) continue;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3]) out.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  }
  return out.size;
}"""
"""How many colours were drawn in a pane."""


@pytest.fixture
def archive(world: World, tmp_path: Path) -> Iterator[None]:
    """Lorestan with names and lines of equal height, and its heights, for as long as the test."""
    run = world.running.instance.run
    run("import", "basemap", str(make.basemap(tmp_path / "lorestan.pmtiles", range(3, 9), make.contours())), "--json")
    run("import", "basemap", str(make.heights(tmp_path / "heights.pmtiles", range(5, 8))), "--json")
    yield
    run("import", "basemap", "--remove")


def opened(page: Page, world: World, query: str = "") -> None:
    page.goto(f"{world.url}/map{query}{AT}")
    expect(page.locator("#veil")).to_be_hidden()


def test_without_an_archive_the_map_fetches_nothing_for_it(browser: Browser, world: World) -> None:
    asked: list[str] = []
    context = session(browser, world.url, "coordinator")
    page = context.new_page()
    page.on("request", lambda one: asked.append(one.url))
    opened(page, world, "?ground=relief")
    until(page, "document.querySelectorAll('.ground canvas').length > 0")
    assert not [one for one in asked if "basemapswitch" in one or "basemaptiles" in one or "/api/basemap" in one]
    expect(page.locator("[aria-controls=ground]")).to_have_count(0)
    context.close()


SEEN = [("fa", PHONE, "light", "خرم‌آباد"), ("en", DESK, "dark", "Khorramabad")]


@pytest.mark.parametrize(
    ("lang", "size", "scheme", "town"),
    SEEN if ALL else SEEN[:1],
    ids=["fa-390", "en-1440-dark"] if ALL else ["fa-390"],
)
@pytest.mark.usefixtures("archive")
def test_the_ground_is_drawn_with_names_in_the_readers_language(
    browser: Browser, world: World, lang: str, size: dict[str, int], scheme: str, town: str
) -> None:
    seen = Seen()
    context = session(browser, world.url, "coordinator", lang=lang, size=size, color_scheme=scheme)
    page = seen.watch(context.new_page())
    page.add_init_script(LISTEN)
    opened(page, world)
    until(page, f"window.written.some((one) => one.text === '{town}')")
    written = page.evaluate("window.written")
    assert all("Vazirmatn" in one["font"] for one in written)
    if lang == "fa":
        assert all(one["joined"] for one in written if one["text"] == town), "its letters join"
        assert not [one for one in written if one["text"].isascii()]
    assert page.evaluate(PIXELS, "basemap") > 20
    assert page.evaluate(PIXELS, "relief") == 0
    credit = page.locator(".leaflet-control-attribution")
    expect(credit).to_contain_text("© OpenStreetMap & us")
    assert credit.locator("script, [onclick], a[href*=openstreetmap]").count() == 0

    button = page.locator("[aria-controls=ground]")
    button.click()
    page.locator("#ground input[value=relief]").check()
    until(page, f"({PIXELS})('relief') > 1")
    assert "ground=relief" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#ground")).to_be_hidden()
    button.click()
    page.locator("#ground input[value=outlines]").check()
    until(page, "document.querySelectorAll('.leaflet-basemap-pane canvas, .leaflet-relief-pane canvas').length === 0")
    page.goto(f"{world.url}/map{AT}")
    until(page, "location.search.includes('ground=outlines')")
    assert seen.hosts == {world.url.removeprefix("http://")}
    # What this test itself reads back from canvases is said to be slow; the page reads nothing.
    assert [one for one in seen.complaints if "getImageData" not in one] == []
    context.close()


@pytest.mark.usefixtures("archive")
@pytest.mark.skipif(not ALL, reason="with HAMYAR_ALL_LOOKS, as make soak has it")
def test_beyond_the_deepest_zoom_and_beyond_the_archive(browser: Browser, world: World) -> None:
    context = session(browser, world.url, "coordinator", lang="fa")
    page = context.new_page()
    page.add_init_script(LISTEN)
    page.goto(f"{world.url}/map?ground=basemap#14/33.488/48.356")
    until(page, "window.written.some((one) => one.text === 'خرم‌آباد')")
    assert page.evaluate(PIXELS, "basemap") > 20
    page.goto("about:blank")
    page.goto(f"{world.url}/map?ground=basemap#9/36.3/59.6")
    expect(page.locator("#veil")).to_be_hidden()
    until(page, "document.querySelectorAll('.ground canvas').length > 0")
    assert page.evaluate(PIXELS, "basemap") == 0
    context.close()
