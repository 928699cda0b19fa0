"""The main job on a whole instance: a drill played through the doors, real reports imported, the map that shows them.

With HAMYAR_PICTURES=1 the README's picture is made anew (docs/images/map.png); else it goes to test-results/.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ops.localstack.layout import REPOSITORY
from server.pages import assets
from tests.support.browsing import ARGS, CHROMIUM, LOOK_IDS, LOOKS, Seen, session
from tests.support.instance import wait_until
from tests.support.running import Running, join, running

__all__ = ["running"]

browser_needed = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium"),
    pytest.mark.skipif(not (assets.DIST / "manifest.json").exists(), reason="the browser parts are not built"),
]
HAITI = REPOSITORY.parent / "shared" / "data" / "haiti_ushahidi" / "reports.csv"
DESK = {"width": 1440, "height": 900}
LORESTAN = "#9/33.35/48.0"
PICTURES = REPOSITORY / ("docs/images" if os.environ.get("HAMYAR_PICTURES") else "test-results")


def _dsn(running: Running) -> str:
    dsn: str = running.instance.status()["postgres"]["dsn"]
    return dsn


def _read(running: Running) -> bool:
    with psycopg.connect(_dsn(running)) as conn:
        row = conn.execute(
            "SELECT (SELECT count(*) FROM reports WHERE read_state = 'pending' AND emergency_id IS NOT NULL)"
            " + (SELECT count(*) FROM events_unsealed)"
        ).fetchone()
    return row == (0,)


@pytest.fixture(scope="module")
def played(running: Running) -> Running:
    """The drill, played quickly; its reports read."""
    said = running.instance.run("drill", "lorestan-flood", "--speed", "2000", "--json").stdout
    tally = json.loads(said.splitlines()[-1])
    assert tally["sent"] == tally["receipts"] + tally["heard_before"] > 90
    wait_until(lambda: _read(running))
    return running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield made
        made.close()


@pytest.fixture(scope="module")
def coordinator(played: Running) -> str:
    join(played, "hamahang-e2e", "coordinator")
    return "hamahang-e2e"


def _emergency(running: Running, code: str) -> str:
    with running.api() as api:
        found = api.get("/api/emergencies").json()["features"]
    return next(str(f["id"]) for f in found if f["properties"]["code"] == code)


def _total(running: Running, layer: str, emergency: str, bbox: str) -> int:
    with running.api() as api:
        answer = api.get(
            "/api/map/cells", params={"layer": layer, "bbox": bbox, "zoom": 8, "emergency": emergency}
        ).json()
    return int(answer["total"])


def test_a_drill_becomes_needs_tasks_deliveries(played: Running) -> None:
    with psycopg.connect(_dsn(played)) as conn:
        counts = dict(
            conn.execute(
                "SELECT 'reports', count(*) FROM reports r JOIN emergencies e ON e.id = r.emergency_id"
                " WHERE e.code = 'lorestan-flood' UNION ALL SELECT 'needs', count(*) FROM needs UNION ALL"
                " SELECT 'incidents', count(*) FROM incidents UNION ALL SELECT 'tasks', count(*) FROM tasks UNION ALL"
                " SELECT 'forms', count(*) FROM reports WHERE channel = 'form' UNION ALL"
                " SELECT 'voices', max(corroboration) FROM needs UNION ALL"
                " SELECT 'failed', count(*) FROM reports WHERE read_state = 'failed'"
            ).fetchall()
        )
    assert counts["reports"] == 105
    assert counts["forms"] == 3
    assert counts["failed"] == 0
    assert counts["needs"] > 30
    assert counts["incidents"] > 20
    assert counts["tasks"] > 30
    assert counts["voices"] >= 2, "voices of one thing were joined"


def test_playing_it_again_changes_nothing(played: Running) -> None:
    with psycopg.connect(_dsn(played)) as conn:
        before = conn.execute("SELECT count(*) FROM reports").fetchone()
    again = json.loads(played.instance.run("drill", "lorestan-flood", "--speed", "50000", "--json").stdout)
    with psycopg.connect(_dsn(played)) as conn:
        after = conn.execute("SELECT count(*) FROM reports").fetchone()
    assert (again["sent"], before) == (0, after)


@pytest.mark.skipif(not HAITI.exists(), reason="the Haiti reports are not on this machine")
def test_real_reports_are_imported_once_and_shown(played: Running) -> None:
    def run() -> dict[str, int]:
        command = ("import", "reports", str(HAITI), "--format", "ushahidi", "--emergency", "haiti-2010", "--json")
        found: dict[str, int] = json.loads(played.instance.run(*command).stdout.splitlines()[-1])
        return found

    first = run()
    assert first["rows"] == first["imported"] + first["known"] + first["set_aside"] == 1949
    second = run()
    assert (second["imported"], second["known"] + second["set_aside"]) == (0, 1949)
    wait_until(lambda: _read(played))
    shown = _total(played, "reports", _emergency(played, "haiti-2010"), "-75,17,-71,21")
    assert shown > 1900, "a dozen lie abroad or are impossible"


def _map(context: BrowserContext, url: str, emergency: str, seen: Seen) -> Page:
    page = seen.watch(context.new_page())
    page.goto(f"{url}/map?emergency={emergency}{LORESTAN}")
    expect(page.locator(".bunch, .mark").first).to_be_visible()
    expect(page.locator("#veil")).to_be_hidden()
    return page


@pytest.mark.parametrize(("lang", "size"), LOOKS, ids=LOOK_IDS)
@browser_needed[0]
@browser_needed[1]
def test_the_map_of_the_drill(
    played: Running, chromium: Browser, coordinator: str, lang: str, size: dict[str, int]
) -> None:
    seen = Seen()
    context = session(chromium, played.url, coordinator, lang=lang, size=size)
    page = _map(context, played.url, _emergency(played, "lorestan-flood"), seen)
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if lang == "fa" else "ltr")
    page.wait_for_timeout(700)
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = "map.png" if (lang, size) == ("fa", DESK) else f"map-{lang}-{size['width']}.png"
    if name == "map.png" or PICTURES.name == "test-results":
        page.screenshot(path=str(PICTURES / name))
    assert seen.hosts == {urlsplit(played.url).netloc}
    assert seen.complaints == []
    context.close()


@browser_needed[0]
@browser_needed[1]
def test_a_message_appears_on_the_open_map(played: Running, chromium: Browser, coordinator: str) -> None:
    doors = json.loads(Path(played.instance.home / "drill-lorestan-flood.json").read_text())
    seen, context = Seen(), session(chromium, played.url, coordinator)
    page = seen.watch(context.new_page())
    emergency = _emergency(played, "lorestan-flood")
    page.goto(f"{played.url}/map?emergency={emergency}&layers=needs#13/33.8973/48.7516")
    expect(page.locator("#veil")).to_be_hidden()
    expect(page.locator(".mark")).to_have_count(0)
    text = "بروجرد ۴۰ نفر چادر لازم دارند، سردشان است"
    body = {"id": "borujerd-1", "from": "+989000000001", "to": "3000", "text": text}
    headers = {"Authorization": f"Bearer {doors['gateway']['token']}"}
    answer = httpx.post(f"{played.url}/intake/sms/generic", json=body, headers=headers, timeout=20)
    assert answer.status_code == 200
    expect(page.locator(".mark--fresh, .bunch")).not_to_have_count(0, timeout=60_000)
    assert seen.complaints == []
    context.close()
