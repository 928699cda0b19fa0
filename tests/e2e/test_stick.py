"""The map from a stick: opened from the disk with the network off, it shows, searches, and asks for nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from mapping.paper import stick
from server.pages import assets, paper_stick
from server.pages.paper import font
from tests.support.browsing import DESK, Seen, browser, needs_chromium

__all__ = ["browser"]

pytestmark = needs_chromium


def a_file(path: Path) -> Path:
    """Two hundred needs around Poldokhtar, one of them urgent to the life, one named like markup."""
    said = [
        {"fa": "", "en": ""},
        {"fa": "آب", "en": "Water"},
        {"fa": "باز", "en": "Open"},
        {"fa": "<b>پلدختر</b>", "en": "Poldokhtar"},
    ]
    words = {key: {"fa": f"ف {key}", "en": text} for key, text in paper_stick._STICK.items()}
    records = [
        [0, 47.7 + i / 1000, 33.1, f"N-{i:04}", 1, 2, 0 if i == 0 else 2, 5, 3, 1_790_000_000 + i] for i in range(200)
    ]
    data = {
        "lang": "fa",
        "words": words,
        "title": {"fa": "سیل", "en": "Flood"},
        "made": {"fa": "اکنون", "en": "now"},
        "box": [47, 32.5, 48.5, 33.7],
        "layers": [{"code": "needs", "label": {"fa": "نیازها", "en": "Needs"}, "total": 900, "shown": 200}],
        "records": records,
        "towns": [[47.7, 33.2, 3]],
        "said": said,
        "urgencies": ["life", "high", "normal", "none"],
        "ground": {"land": [], "coast": [], "border": [], "inner": []},
    }
    read = paper_stick._file
    parts = stick.Parts(
        read("leaflet.js").read_text(),
        read("leaflet").read_text(),
        read("stick").read_text(),
        read("stickstyle").read_text(),
        font(),
    )
    path.write_text(stick.html(data, parts, lang="fa", title="سیل"))
    return path


@pytest.mark.skipif(not (assets.DIST / "manifest.json").exists(), reason="the browser parts are not built")
def test_it_opens_from_the_disk_with_the_network_off(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(viewport=DESK, offline=True)  # type: ignore[arg-type]
    seen, asked = Seen(), []
    page = seen.watch(context.new_page())
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    file = a_file(tmp_path / "map.html")
    page.goto(file.as_uri())
    expect(page.locator("#table tbody tr")).to_have_count(200)
    assert page.locator("html").get_attribute("dir") == "rtl"
    expect(page.locator(".ring").first).to_be_visible()
    expect(page.locator("#layers")).to_contain_text("۲۰۰")
    assert page.locator("b").count() == 0, "what people wrote is text"
    page.fill("#find", "N-0007")
    expect(page.locator("#table tbody tr")).to_have_count(1)
    page.locator("#table tbody tr").click()
    expect(page.locator(".pop")).to_contain_text("N-0007")
    page.locator("#tools button").first.click()
    assert page.locator("html").get_attribute("dir") == "ltr"
    expect(page.locator("#layers")).to_contain_text("Needs")
    page.locator("#layers input").uncheck()
    expect(page.locator("#table tbody tr")).to_have_count(0)
    assert asked == [file.as_uri()]
    assert seen.complaints == []
    context.close()
