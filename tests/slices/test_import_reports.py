"""Files of reports: real ones, and those that only strangers make."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.access.context import Context
from server.kernel.errors import Problem
from server.kernel.settings import Settings
from server.reports.content import text_of
from server.reports.importing.run import Tally, import_reports
from tests.slices.test_intake import count, rows
from tests.support.web import MakeClient

REPOSITORY = Path(__file__).resolve().parents[2]
HAITI = REPOSITORY.parent / "shared/data/haiti_ushahidi/reports.csv"
HEADER = "Serial,INCIDENT TITLE,INCIDENT DATE,LOCATION,DESCRIPTION,CATEGORY,LATITUDE,LONGITUDE,APPROVED,VERIFIED\r\n"


def total(tally: Tally) -> tuple[int, int, int, int]:
    assert tally.imported + tally.known + tally.set_aside == tally.rows
    return tally.rows, tally.imported, tally.known, tally.set_aside


async def in_file_order(ctx: Context) -> list[dict[str, Any]]:
    numbered = zip(
        await meta(ctx), await rows(ctx, "SELECT *, ST_X(geom_shown) AS lon FROM reports ORDER BY id"), strict=True
    )
    return [row for _, row in sorted(numbered, key=lambda pair: pair[0]["number"])]


async def texts(ctx: Context) -> list[str]:
    return [
        text_of(
            ctx.sealing.of("reports", r["id"], r["data_key_wrapped"]).open("body_sealed", r["body_sealed"]) or b"",
            r["content_type"],
        )
        for r in await in_file_order(ctx)
    ]


async def meta(ctx: Context) -> list[dict[str, Any]]:
    return [
        json.loads(
            ctx.sealing.of("reports", r["id"], r["data_key_wrapped"]).open("meta_sealed", r["meta_sealed"]) or b""
        )
        for r in await rows(ctx, "SELECT * FROM reports ORDER BY id")
    ]


@pytest.mark.skipif(not HAITI.exists(), reason="the shared data set haiti_ushahidi is not beside the repository")
async def test_the_haiti_file_comes_in_whole_and_once(ctx: Context, client_of: MakeClient) -> None:
    first = await import_reports(ctx, HAITI, kind="ushahidi", emergency="haiti-2010", timezone="America/Port-au-Prince")
    assert first.rows == 1949
    assert first.imported + first.set_aside == 1949
    again = await import_reports(ctx, HAITI, kind="ushahidi", emergency="haiti-2010", timezone="America/Port-au-Prince")
    assert total(again) == (1949, 0, 1949, 0)
    assert await count(ctx, "reports") == first.imported
    located = await rows(ctx, "SELECT count(*) AS n FROM reports WHERE geom_shown IS NOT NULL")
    assert located[0]["n"] == first.imported
    assert not any("&quot;" in text for text in await texts(ctx))
    when = await rows(ctx, "SELECT min(occurred_at) AS first, max(occurred_at) AS last FROM reports")
    assert (when[0]["first"].year, when[0]["last"].year) == (2010, 2010)
    coordinator = await client_of("coordinator")
    box = (await coordinator.get("/api/reports", params={"bbox": "-72.5,18.4,-72.2,18.7", "limit": 500})).json()
    assert len(box["features"]) == 500
    assert box["next"]


async def test_slips_of_position_are_unlocated_and_flagged(ctx: Context, tmp_path: Path) -> None:
    """Swapped, abroad, off the earth and no number: read, kept with what they claimed, and not drawn."""
    lines = [f"{n},t,28/01/2010 22:38,l,d,c,18.5{n:02},-72.3{n:02},YES,NO\r\n" for n in range(40)]
    slips = ["-72.33,18.53", "50.23,5.73", "95,200", "north,west", "18.5,"]
    lines += [f"s{n},t,28/01/2010 22:38,l,d,c,{slip},YES,NO\r\n" for n, slip in enumerate(slips)]
    file = tmp_path / "x.csv"
    file.write_text(HEADER + "".join(lines))
    for expected in ((45, 45, 0, 0), (45, 0, 45, 0)):
        assert total(await import_reports(ctx, file, kind="ushahidi")) == expected
    found = await rows(ctx, "SELECT source_key, flags FROM reports WHERE geom_shown IS NULL ORDER BY source_key")
    assert [(r["source_key"], r["flags"]) for r in found] == [
        ("s0", ["far_coordinates"]),
        ("s1", ["far_coordinates"]),
        ("s2", ["impossible_coordinates"]),
        ("s3", ["impossible_coordinates"]),
        ("s4", ["impossible_coordinates"]),
    ]
    claimed = [m["claimed_position"] for m in await meta(ctx) if "claimed_position" in m]
    assert ["18.53", "-72.33"] in claimed


async def test_odd_rows_are_told_apart(ctx: Context, tmp_path: Path) -> None:
    """The same serial with the same row is known, with another row in conflict; no words: set aside."""
    file = tmp_path / "x.csv"
    file.write_bytes(
        b"\xef\xbb\xbf"
        + HEADER.encode()
        + (
            '1,"خانه, ریخت\r\nکمک",28/01/2010 22:38,"""L""",caf\u00e9 &quot;x&quot;,c,18.5,-72.3,YES,NO\r\n'
            '1,"خانه, ریخت\r\nکمک",28/01/2010 22:38,"""L""",caf\u00e9 &quot;x&quot;,c,18.5,-72.3,YES,NO\r\n'
            "1,other,28/01/2010 22:38,L,d,c,18.5,-72.3,YES,NO\r\n"
            "2,,28/01/2010 22:38,L,  ,c,18.5,-72.3,YES,NO\r\n"
            "2,,28/01/2010 22:38,M,  ,c,18.5,-72.3,YES,NO\r\n"
            "\r\n"
            "3,short\r\n"
            ",no serial,never,L,d\0d,c,18.5,-72.3,YES,NO,more\r\n"
        ).encode()
        + b"4,latin,,L,caf\xe9,c,18.5,-72.3,YES,NO\r\n"
    )
    tally = await import_reports(ctx, file, kind="ushahidi")
    assert total(tally) == (8, 5, 1, 2)
    assert tally.reasons == [(4, "no_text", False), (5, "no_text", False)]
    again = await import_reports(ctx, file, kind="ushahidi")
    assert total(again) == (8, 0, 8, 0)
    assert again.reasons == [(4, "no_text", True), (5, "no_text", True)]
    kept = await texts(ctx)
    assert sorted(kept) == sorted(
        ['خانه, ریخت\r\nکمک\n"L"\ncafé "x"', "other\nL\nd", "short", "no serial\nL\ndd", "latin\nL\ncafé"]
    )
    flags = {tuple(r["flags"]) for r in await rows(ctx, "SELECT flags FROM reports")}
    assert flags == {(), ("ragged_row",), ("nul", "ragged_row"), ("not_utf8",)}
    assert await count(ctx, "set_aside") == 2


@pytest.mark.parametrize(
    ("name", "content", "kind", "says"),
    [
        ("a.csv", b"a,b\r\n1,2\r\n", "ushahidi", "SERIAL"),
        ("a.csv", b"a,b\r\n1,2\r\n", "csv", "no column holds the text"),
        ("a.csv", b"", "csv", "no column holds the text"),
        ("a.json", b"{", "geojson", "FeatureCollection"),
        ("a.json", b'{"type": "FeatureCollection", "features": 5}', "geojson", "FeatureCollection"),
        ("a.csv", b"text\r\nx", "excel", "formats are"),
    ],
)
async def test_a_file_that_cannot_be_used_says_why(
    ctx: Context, tmp_path: Path, name: str, content: bytes, kind: str, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Problem) as problem:
        await import_reports(ctx, tmp_path / name, kind=kind)
    assert says in problem.value.en
    assert problem.value.fa
    with pytest.raises(Problem, match=r"import\.unreadable"):
        await import_reports(ctx, tmp_path / "absent.csv")


async def test_any_table_with_a_text_column(ctx: Context, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("شناسه;متن;عرض جغرافیایی;طول جغرافیایی;فرستنده\n۱;سیل آمد;۳۳٫۱۵;۴۷٫۷۲;۰۹۱۲۱۲۳۴۵۶۷\n۲;;;;\n")
    assert total(await import_reports(ctx, file)) == (2, 1, 0, 1)
    row = (await rows(ctx, "SELECT *, ST_Y(geom_shown) AS lat FROM reports"))[0]
    assert abs(row["lat"] - 33.15) < 0.02
    from server.reports.intake import sender_hash

    assert row["sender_hash"] == sender_hash(ctx.sealing, "+989121234567")
    wide = tmp_path / "wide.csv"
    wide.write_bytes("id\ttext\r\n1\tکمک\r\n".encode("utf-16"))
    assert total(await import_reports(ctx, wide)) == (1, 1, 0, 0)


async def test_a_huge_cell_and_an_open_quote(ctx: Context, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('id,text\n1,"' + "x" * 300_000 + '"\n2,"never closed\n3,inside\n')
    assert total(await import_reports(ctx, file)) == (2, 2, 0, 0)
    assert [r["flags"] for r in await rows(ctx, "SELECT flags FROM reports ORDER BY source_key")] == [["long"], []]


FEATURES: list[Any] = [
    {
        "type": "Feature",
        "id": 7,
        "geometry": {"type": "Point", "coordinates": [47.72, 33.15, 640]},
        "properties": {"report": {"text": "پل شکست", "from": "0912"}, "deep": {"a": {"b": {"c": {"d": {"e": 1}}}}}},
    },
    {"type": "Feature", "geometry": None, "properties": {"id": "b", "title": "T", "description": "D", "place": "P"}},
    {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [33.15, 147.72]},
        "properties": {"text": "swapped"},
    },
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": []}, "properties": {"text": "nowhere"}},
    {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[[47, 33], [48, 33], [48, 34], [47, 33]]]},
        "properties": {"text": "area"},
    },
    {"type": "Feature", "geometry": None, "properties": None},
    {"type": "Nothing"},
    5,
]


@pytest.mark.parametrize("lines", [False, True])
async def test_geojson(ctx: Context, tmp_path: Path, lines: bool) -> None:
    file = tmp_path / "x.geojson"
    whole = json.dumps({"type": "FeatureCollection", "features": FEATURES}, ensure_ascii=False)
    file.write_text("\n".join(json.dumps(f) for f in FEATURES) if lines else whole)
    tally = await import_reports(ctx, file)
    assert total(tally) == (8, 5, 0, 3)
    assert [r[1] for r in tally.reasons] == ["no_text", "no_object", "no_object"]
    assert total(await import_reports(ctx, file)) == (8, 0, 8, 0)
    assert await texts(ctx) == ["پل شکست", "T\nP\nD", "swapped", "nowhere", "area"]
    shown = await in_file_order(ctx)
    assert [r["flags"] for r in shown] == [
        [],
        [],
        ["impossible_coordinates"],
        ["impossible_coordinates"],
        ["area_geometry"],
    ]
    assert [r["lon"] is not None for r in shown] == [True, False, False, False, True]
    assert abs(shown[4]["lon"] - 47.5) < 0.02


async def test_one_refused_row_does_not_hold_the_others(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    from server.reports.importing import run

    real = run.accept

    async def refusing(conn: Any, context: Context, items: Any, **more: Any) -> Any:
        if any(b"bad" in item.body for item in items):
            raise psycopg.DataError("refused")
        return await real(conn, context, items, **more)

    monkeypatch.setattr(run, "accept", refusing)
    file = tmp_path / "x.csv"
    file.write_text("id,text\n1,good\n2,bad\n3,good too\n")
    tally = await import_reports(ctx, file)
    assert total(tally) == (3, 2, 0, 1)
    assert tally.reasons == [(2, "refused", False)]


def test_the_command_prints_one_line_of_json(config: Settings, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("id,text\n1,کمک\n2,\n")
    env = {
        **os.environ,
        "HAMYAR_HOME": str(config.home),
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
    }
    command = [sys.executable, "-m", "ops", "import", "reports", str(file), "--format", "csv", "--emergency", "e-1"]
    done = subprocess.run([*command, "--json"], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"rows": 2, "imported": 1, "known": 0, "set_aside": 1}
    assert "There is no text in this row." in done.stderr
    wrong = subprocess.run(
        [*command[:-4], "--format", "ushahidi"], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 1
    assert "SERIAL" in wrong.stderr
    assert "ستون" in wrong.stderr
    assert "Traceback" not in wrong.stderr
