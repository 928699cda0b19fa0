"""`python -m tests.soak_map [MINUTES]` (sixty): a storm of changes over a whole instance, and Chromium on the map.

Two hundred changes a second (`--rate`): new needs and changed ones, all in view. Every half minute the browser's memory
is read (JavaScript's heap after a collection, the renderer's proportional set size) and the map is dragged about while
frames are counted. Prints figures as JSON; fails when the renderer takes 300 MB or its memory goes on rising, when the
page was ever anything but live, or when it does not show at the end what the server counts.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from playwright.sync_api import CDPSession, Page, sync_playwright

from server.kernel.events import NewEvent, emit_many
from server.kernel.ids import new_code, uuid7
from tests.bench.processes import cost, family, loop_ms, total_cpu_s
from tests.support.browsing import ARGS, CHROMIUM, session
from tests.support.instance import Instance
from tests.support.running import Running, join

MOST_MB = 300
EVERY_S = 30.0
TURN_S = 0.1
TOWNS = ((47.71, 33.15), (47.96, 33.38), (48.36, 33.49), (47.61, 33.53))
VIEW = "?layers=needs,incidents,tasks,centres#9/33.35/48.0"
FAR, NEAR = "[33.35, 48.0], 9", "[33.30, 47.86], 15"
FRAMES = """() => {
  const seen = window.soak = {frames: [], long: 0, on: true};
  new PerformanceObserver((list) => { seen.long += list.getEntries().length; }).observe({type: 'longtask'});
  let last = performance.now();
  const one = (now) => { seen.frames.push(now - last); last = now; if (seen.on) requestAnimationFrame(one); };
  requestAnimationFrame(one);
}"""


class Storm(threading.Thread):
    """Changes at a rate until `stop`: six in ten new, the others to what was made lately."""

    def __init__(self, dsn: str, emergency: str, rate: float) -> None:
        super().__init__(daemon=True)
        self.dsn, self.emergency, self.rate = dsn, emergency, rate
        self.stop = threading.Event()
        self.made = 0

    def run(self) -> None:
        """Every tenth of a second a transaction."""
        asyncio.run(self._blow())

    async def _blow(self) -> None:
        lately: list[Any] = []
        async with await psycopg.AsyncConnection.connect(self.dsn) as conn:
            begun = time.monotonic()
            while not self.stop.is_set():
                due = int((time.monotonic() - begun) * self.rate) - self.made
                if due <= 0:
                    await asyncio.sleep(TURN_S)
                    continue
                due = min(due, 500)
                new = [uuid7() for _ in range(max(1, due * 6 // 10))]
                old = lately[: due - len(new)]
                await conn.execute(
                    "INSERT INTO needs (id, code, emergency_id, category, status, urgency, people, geom_shown)"
                    " SELECT i, c, %s, 'water', 'open', (ARRAY['life','high','normal','none'])[1 + k %% 4], k %% 90,"
                    " ST_SetSRID(ST_MakePoint((%s::float8[])[1 + k %% 4] + random() * 0.3,"
                    " (%s::float8[])[1 + k %% 4] + random() * 0.3), 4326)"
                    " FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS g(i, c, k)",
                    (
                        self.emergency, [t[0] for t in TOWNS], [t[1] for t in TOWNS], new,
                        [new_code(10, "N-") for _ in new],
                    ),
                )  # fmt: skip
                await conn.execute(
                    "UPDATE needs SET people = people + 1, updated_at = clock_timestamp() WHERE id = ANY(%s)", (old,)
                )
                where = UUID(self.emergency)
                await emit_many(conn, [NewEvent("need.created", "need", one, where) for one in new])
                await emit_many(conn, [NewEvent("need.changed", "need", one, where) for one in old])
                await conn.commit()
                self.made += len(new) + len(old)
                lately = (new + lately)[:2000]
                await asyncio.sleep(TURN_S)


def renderers() -> list[int]:
    """The processes that draw pages for us."""
    found = []
    for pid in family(_own()):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"--type=renderer" in words:
            found.append(pid)
    return found


def _own() -> int:
    return int(Path("/proc/self").readlink().name)


def pss_mb(pid: int) -> float:
    """A process's share of the memory it uses, in MB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def heap(cdp: CDPSession) -> dict[str, float]:
    """JavaScript's heap in MB once what is not needed is thrown away, and how many nodes and listeners there are."""
    cdp.send("HeapProfiler.collectGarbage")
    told = {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}
    return {
        "heap_mb": round(told["JSHeapUsedSize"] / 1e6, 1),
        "nodes": told["Nodes"],
        "listeners": told["JSEventListeners"],
    }


def drag(page: Page, seconds: float = 6) -> dict[str, float]:
    """Pull the map about by the mouse, and count frames and long tasks meanwhile."""
    page.evaluate(FRAMES)
    before = cost(renderers()).cpu_s
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    until = time.monotonic() + seconds
    way = 1
    while time.monotonic() < until:
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(30):
            page.mouse.move(x + way * step * 6, y + way * step * 2)
            time.sleep(0.012)
        page.mouse.up()
        way = -way
    seen = page.evaluate("() => { window.soak.on = false; return window.soak; }")
    spent = cost(renderers()).cpu_s - before
    frames = sorted(seen["frames"][2:])
    return {
        "fps": round(1000 * len(frames) / max(1.0, sum(frames)), 1),
        "frame_p50_ms": round(statistics.median(frames), 1),
        "frame_p95_ms": round(frames[int(len(frames) * 0.95)], 1),
        "frame_max_ms": round(frames[-1], 1),
        "long_tasks": seen["long"],
        # Below 20 ms a core of one's own makes fifty frames a second; few frames bear what the page does besides them.
        "cpu_ms_a_frame": round(spent * 1000 / max(1, len(frames)), 1),
        "loop_ms": round(loop_ms(), 1),
    }


def rises(values: list[float]) -> float:
    """By how much the last third lies above the second, in the values' own unit: the first one is warming up."""
    third = len(values) // 3
    return statistics.median(values[-third:]) - statistics.median(values[third : 2 * third]) if third else 0.0


def soak(minutes: float, rate: float, instance: Instance) -> tuple[dict[str, Any], list[str]]:
    """The figures, and what was wrong."""
    instance.run("up", "--detach")
    house = Running(instance, instance.run("token", "create", "--role", "admin", "--name", "soak").stdout.strip())
    with house.api() as api:
        body = {"code": "soak", "name_fa": "تمرین", "name_en": "Drill", "kind": "flood"}
        emergency = api.post("/api/emergencies", json=body).json()["id"]
    join(house, "coordinator", "coordinator")
    storm = Storm(instance.status()["postgres"]["dsn"], emergency, rate)
    samples: list[dict[str, Any]] = []
    wrong: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        context = session(browser, house.url, "coordinator", lang="fa")
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"page: {error.stack or error}"))
        page.goto(f"{house.url}/map{VIEW}")
        page.locator("#clock[data-state=live]").wait_for(timeout=120_000)
        cdp = context.new_cdp_session(page)
        cdp.send("Performance.enable")
        storm.start()
        begun, cpu = time.monotonic(), total_cpu_s()
        page_cpu = cost(renderers()).cpu_s
        while (at := time.monotonic() - begun) < minutes * 60:
            page.wait_for_timeout(max(0.0, EVERY_S * (len(samples) + 1) - at) * 1000)
            # By turns the whole valley, which comes as counts, and a few streets, which come as records.
            page.evaluate(f"() => window.hamyarMap.setView({NEAR if len(samples) % 2 else FAR}, {{animate: false}})")
            frames = drag(page)
            mine = max((pss_mb(pid) for pid in renderers()), default=0.0)
            state = page.locator("#clock").get_attribute("data-state")
            samples.append({"s": round(time.monotonic() - begun), **heap(cdp), "pss_mb": round(mine, 1), **frames})
            print(json.dumps({**samples[-1], "clock": state, "changes": storm.made}), file=sys.stderr, flush=True)
            if state != "live":
                wrong.append(f"at {samples[-1]['s']} s the page was {state}")
        spent = time.monotonic() - begun
        page_cpu = (cost(renderers()).cpu_s - page_cpu) / spent
        cpu = (total_cpu_s() - cpu) / spent
        storm.stop.set()
        storm.join(60)
        wrong += _compared(page, house, emergency)
        browser.close()
    peak, rose = max(s["pss_mb"] for s in samples), rises([s["pss_mb"] for s in samples])
    heap_rose = rises([s["heap_mb"] for s in samples])
    if peak >= MOST_MB:
        wrong.append(f"the renderer took {peak} MB")
    if rose > 0.1 * peak or heap_rose > 0.25 * max(s["heap_mb"] for s in samples):
        wrong.append(f"memory goes on rising: renderer by {rose:.0f} MB, heap by {heap_rose:.1f} MB")
    middle = {name: statistics.median(s[name] for s in samples) for name in samples[0] if name != "s"}
    return {
        "minutes": round(spent / 60, 1), "changes": storm.made, "a second": round(storm.made / spent, 1),
        "renderer peak MB": peak, "renderer rose MB": round(rose, 1), "heap rose MB": round(heap_rose, 1),
        "median": middle, "renderer cores": round(page_cpu, 2), "machine cores": round(cpu, 2), "wrong": wrong,
    }, wrong  # fmt: skip


def _compared(page: Page, house: Running, emergency: str) -> list[str]:
    """Whether the page, left alone, comes to what the server counts."""
    page.evaluate("() => window.hamyarMap.setView([33.35, 48.0], 7, {animate: false})")
    until, shown, total = time.monotonic() + 120, "", -1
    while time.monotonic() < until:
        with house.api() as api:
            query: dict[str, str | int] = {"bbox": "40,28,56,39", "zoom": 7, "layer": "needs", "emergency": emergency}
            answer = api.get("/api/map/cells", params=query)
        total = answer.json().get("total", answer.status_code)
        text = page.locator(".chip[aria-pressed=true] .chip__n").first.inner_text()
        shown = "".join(str(int(sign)) for sign in text if sign.isdigit())
        if shown == str(total):
            return []
        page.wait_for_timeout(1000)
    return [f"the page shows {shown} needs, the server counts {total}"]


def main() -> int:
    """0 when nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak_map")
    parser.add_argument("minutes", type=float, nargs="?", default=60)
    parser.add_argument("--rate", type=float, default=200)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="hamyar-soak-"))
    home.chmod(0o755)
    instance = Instance(home / "instance", env={"HAMYAR_DRILL": "1", "HAMYAR_WORKERS": "1"})
    try:
        figures, wrong = soak(given.minutes, given.rate, instance)
        print(json.dumps(figures, indent=1, ensure_ascii=False))
        return int(bool(wrong))
    finally:
        instance.run("down", check=False)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
