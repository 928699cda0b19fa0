"""Chromium for tests: signed in as somebody, with an eye on what pages ask for and complain of."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from server.access.secrets import COOKIE
from server.pages import assets
from tests.support.instance import wait_until
from tests.support.running import PASSPHRASE

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
needs_chromium = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium"),
    pytest.mark.skipif(not (assets.DIST / "manifest.json").exists(), reason="the browser parts are not built"),
]
WAIT_MS = 30_000
_ENTERED: dict[tuple[str, str], Any] = {}
"""(address, handle) → the cookie of a session in this process of tests."""
expect.set_options(timeout=WAIT_MS)
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LOOKS = [("fa", PHONE), ("en", DESK)]
"""Languages and widths in which each page is looked at; with HAMYAR_ALL_LOOKS (as `make soak` has it) each in each."""
if os.environ.get("HAMYAR_ALL_LOOKS"):
    LOOKS += [("fa", DESK), ("en", PHONE)]
LOOK_IDS = [f"{lang}-{size['width']}" for lang, size in LOOKS]
SUPPORT = Path(__file__).parent
AUDIT = (SUPPORT / "page_audit.js").read_text().partition("\n")[2]
CONTRAST = (SUPPORT / "page_contrast.js").read_text().partition("\n")[2]


@dataclass
class Seen:
    """What pages did: the hosts they asked, what their consoles complained of, what the server refused."""

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> Page:
        """Listen to a page."""
        page.on("request", lambda r: self.hosts.add(urlsplit(r.url).netloc) if r.url.startswith("http") else None)
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        return page


def until(page: Page, true: str) -> None:
    """Wait until an expression is true in a page. Not `wait_for_function`: pages forbid `eval` once they run."""
    wait_until(lambda: bool(page.evaluate(true)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one file of tests."""
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield made
        made.close()


def session(
    browser: Browser, url: str, handle: str, *, lang: str = "en", size: dict[str, int] = DESK, **more: object
) -> BrowserContext:
    """A browser of its own, signed in."""
    context = browser.new_context(viewport=size, **more)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    context.add_cookies([{"name": "lang", "value": lang, "url": url}])
    # Who has signed in before comes with that session while it lives: the door costs more than most pages behind it.
    if known := _ENTERED.get((url, handle)):
        context.add_cookies([known])
        if context.request.get(f"{url}/api/me").ok:
            return context
    page = context.new_page()
    page.goto(f"{url}/login")
    page.fill("[name=handle]", handle)
    page.fill("[name=passphrase]", PASSPHRASE)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda at: "/login" not in at)
    page.close()
    (made,) = (one for one in context.cookies(url) if one["name"] == COOKIE)
    _ENTERED[url, handle] = {"name": COOKIE, "value": made["value"], "url": url, "httpOnly": True, "sameSite": "Lax"}
    return context
