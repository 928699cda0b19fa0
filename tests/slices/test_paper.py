"""The map handed out: bounded, whole in one file, with nothing in it that is anybody's."""

import asyncio
import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from server.access.context import Context
from server.kernel.sealer import Sealer
from server.maps.projection import project
from server.pages import assets, paper, paper_stick, printing
from tests.support.map_records import add_emergency, add_incident, add_need
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]
pytestmark = pytest.mark.skipif(not (assets.DIST / "manifest.json").exists(), reason="the browser parts are not built")
EVIL = "</script><img src=x onerror=alert(1)>"


async def world(ctx: Context, needs: int = 30) -> str:
    dice = random.Random(7)
    async with ctx.db.tx() as conn:
        flood = await add_emergency(conn)
        await conn.execute("UPDATE emergencies SET name_fa = %s WHERE id = %s", (EVIL, flood))
        for _ in range(needs):
            await add_need(conn, flood, dice)
        for _ in range(5):
            await add_incident(conn, flood, dice)
    sealer = Sealer(ctx.db, ctx.redis, [project])
    async with ctx.db.tx() as conn:
        while await sealer.seal_batch(conn):
            pass
    return str(flood)


def data_of(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    loaded: dict[str, object] = json.loads(found.group(1))
    return loaded


async def test_the_file_says_how_much_of_how_much_it_holds(
    ctx: Context, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper_stick, "STICK_MOST", 20)
    flood = await world(ctx)
    client = await client_of("coordinator")
    answer = await client.get("/map/stick.html", params={"emergency": flood, "layers": "needs,incidents,reports"})
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    data = data_of(answer.text)
    layers = {one["code"]: (one["shown"], one["total"]) for one in data["layers"]}  # type: ignore[attr-defined]
    assert set(layers) == {"needs", "incidents"}, "raw reports never leave the house"
    assert sum(shown for shown, _ in layers.values()) == len(data["records"]) == 20  # type: ignore[arg-type]
    assert (layers["needs"][1], layers["incidents"][1]) == (30, 5)
    # What people wrote is data, whatever they wrote; scripts run by their hash alone.
    assert EVIL not in answer.text
    assert data["title"]["fa"] == EVIL  # type: ignore[index]
    assert "script-src &#x27;sha256-" in answer.text
    bare = re.sub(r"<script.*?</script>", "", answer.text, flags=re.DOTALL)
    assert not re.search(r"https?:|url\((?!data:)", bare)
    async with ctx.db.tx() as conn:
        row = await (await conn.execute("SELECT data FROM events_unsealed WHERE verb = 'map.exported'")).fetchone()
    assert row is not None
    assert row["data"] == {"kind": "stick", "layers": ["needs", "incidents"], "records": 20}


async def test_nothing_that_is_anybodys_is_in_it(ctx: Context, client_of: MakeClient) -> None:
    flood = await world(ctx, 3)
    client = await client_of("coordinator")
    words = "مادرِ گلنار زهرا، کوچهٔ بهار، پلاک ۷"
    sent = {"text": f"پلدختر آب نداریم {words}", "sender": "+989121234567", "emergency": flood}
    assert (await client.post("/api/reports", json=sent, headers={"Idempotency-Key": "one"})).status_code == 201
    drawn = {
        "emergency": flood,
        "kind": "note",
        "geometry": {"type": "Point", "coordinates": [48, 33]},
        "words": words,
    }
    assert (await client.post("/api/drawings", json=drawn)).status_code == 201
    async with ctx.db.tx() as conn:
        # An exact home stands sealed beside its square; what is handed out is the square's point.
        await conn.execute("UPDATE needs SET geom_exact_sealed = %s", (b"48.123456,33.654321",))
    for path in ("/map/stick.html", "/map/atlas.html"):
        answer = await client.get(path, params={"emergency": flood})
        assert answer.status_code == 200
        for secret in ("گلنار", "بهار", "9121234567", "48.123456", "33.654321"):
            assert secret not in answer.text, (path, secret)


async def test_layers_follow_the_reader_and_strangers_get_none(ctx: Context, client_of: MakeClient) -> None:
    flood = await world(ctx, 3)
    volunteer = await client_of("volunteer")
    answer = await volunteer.get("/map/stick.html", params={"emergency": flood, "layers": "needs,movements"})
    assert [one["code"] for one in data_of(answer.text)["layers"]] == ["needs"]  # type: ignore[attr-defined]
    assert (await (await client_of("donor")).get("/map/atlas.html")).status_code == 403
    bound = await client_of("coordinator", emergency=None)
    assert (await bound.get("/map/stick.html", params={"emergency": "no-such"})).status_code == 404
    assert (await bound.get("/map/atlas.html", params={"bbox": "9,9,1,1"})).status_code == 400


async def test_an_atlas_is_a_page_that_asks_for_nothing(ctx: Context, client_of: MakeClient) -> None:
    flood = await world(ctx)
    client = await client_of("coordinator")
    answer = await client.get("/map/atlas.html", params={"emergency": flood, "paper": "a3", "across": "false"})
    assert answer.status_code == 200, answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.text.count('<section class="leaf">') >= 2
    assert "size:297.0mm 420.0mm" in answer.text
    assert "<img" not in answer.text
    assert not re.search(r"url\((?!data:|#)", answer.text)


@pytest.mark.skipif(printing.printer() is None, reason="no Chromium")
async def test_the_pdf_has_a_page_a_sheet_with_its_words(ctx: Context, tmp_path: Path) -> None:
    await world(ctx, 12)
    wish = paper.Wish("en", ("needs",))
    async with ctx.db.tx() as conn:
        got = await paper.gather(conn, wish, None, None, asking=True, most=100)
        html = await paper.atlas_html(conn, got, wish)
    body = await printing.pdf(html)
    assert body.startswith(b"%PDF")
    assert body.count(b"/Type /Page\n") + body.count(b"/Type /Page ") == html.count('<section class="leaf">')
    if shutil.which("pdftotext"):
        (tmp_path / "a.pdf").write_bytes(body)
        told = await asyncio.to_thread(
            subprocess.run, ["pdftotext", str(tmp_path / "a.pdf"), "-"], capture_output=True, text=True, check=True
        )
        assert "Overview" in told.stdout
        assert all(row["code"] in told.stdout for row in got.records[:5])
