"""`hamyar map`: the map in one file, as sheets of paper, as a picture. The result's path on stdout."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

app = typer.Typer(no_args_is_help=True, help="The map on paper and on a stick: نقشه روی کاغذ و حافظه.")
Out = Annotated[Path, typer.Option("--out", "-o", help="The file to write: پروندهٔ خروجی.")]
Emergency = Annotated[str, typer.Option(help="Its code or id; the newest open one if left out: کد وضعیت اضطراری.")]
Layers = Annotated[str, typer.Option(help="needs,incidents,tasks,closures,centres,movements")]
Bbox = Annotated[str, typer.Option(help="west,south,east,north in degrees: محدوده.")]
Lang = Annotated[Literal["fa", "en"], typer.Option(help="fa | en")]
Size = Annotated[Literal["a4", "a3"], typer.Option("--paper", help="a4 | a3")]
Upright = Annotated[bool, typer.Option("--upright", help="Not lying on the long side: ایستاده.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(main: typer.Typer) -> None:
    """Add the commands to ``main``."""
    main.add_typer(app, name="map")


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _make(
    kind: str, out: Path, asked: dict[str, Any], *, upright: bool = False, size: str = "a4", as_json: bool = False
) -> None:
    from mapping.paper.book import Paper
    from ops.context import run
    from server.access.context import Context
    from server.kernel.events import NewEvent, emit
    from server.pages import paper, paper_page, paper_stick, printing

    wanted = tuple(code for code in asked["layers"].split(",") if code in paper.LAYERS) or paper.USUAL
    box = paper_page.box_of(asked["bbox"])

    async def work(ctx: Context) -> tuple[bytes, dict[str, Any]]:
        wish = paper.Wish(asked["lang"], wanted, box, Paper(size, not upright), f"{ctx.settings.url}/map")
        async with ctx.db.tx() as conn:
            stick = kind == "stick"
            most = paper_stick.STICK_MOST if stick else paper.SHEETS_MOST
            got = await paper.gather(conn, wish, asked["emergency"] or None, None, asking=not stick, most=most)
            _say(f"{len(got.records)} / {sum(got.totals.values())} records · مورد")
            if stick:
                html = paper_stick.stick_html(got, wish)
            elif kind == "atlas":
                html = await paper.atlas_html(
                    conn, got, wish, lambda done, all_: _say(f"sheet {done}/{all_} · برگهٔ {done} از {all_}")
                )
            else:
                html = await paper.sheet_html(conn, got, wish)
            data = {"kind": kind, "layers": list(wanted), "records": len(got.records)}
            emergency = got.emergency["id"]
            await emit(conn, NewEvent("map.exported", "emergency", emergency, emergency, "cli", data=data))
        told = {"records": len(got.records), "of": sum(got.totals.values()), "emergency": got.emergency["code"]}
        if out.suffix == ".pdf":
            _say("printing · چاپ می‌شود")
            return await printing.pdf(html), told
        if out.suffix == ".png":
            wide, tall = paper_page.PIXELS[size]
            return await printing.png(html, *((tall, wide) if upright else (wide, tall))), told
        return html.encode(), told

    body, told = run(work)
    out.write_bytes(body)
    print(json.dumps({"file": str(out), "bytes": len(body), **told}) if as_json else out)


@app.command()
def stick(
    out: Out,
    emergency: Emergency = "",
    layers: Layers = "",
    bbox: Bbox = "",
    lang: Lang = "fa",
    *,
    as_json: AsJson = False,
) -> None:
    """One HTML file that opens from a USB stick with no server: نقشه در یک پرونده."""
    _make("stick", out, {"emergency": emergency, "layers": layers, "bbox": bbox, "lang": lang}, as_json=as_json)


@app.command()
def atlas(
    out: Out,
    emergency: Emergency = "",
    layers: Layers = "",
    bbox: Bbox = "",
    lang: Lang = "fa",
    size: Size = "a4",
    *,
    upright: Upright = False,
    as_json: AsJson = False,
) -> None:
    """Sheets by district, .pdf or .html by the name of the file: اطلس شهرستان‌ها."""
    asked = {"emergency": emergency, "layers": layers, "bbox": bbox, "lang": lang}
    _make("atlas", out, asked, upright=upright, size=size, as_json=as_json)


@app.command()
def sheet(
    out: Out,
    emergency: Emergency = "",
    layers: Layers = "",
    bbox: Bbox = "",
    lang: Lang = "fa",
    size: Size = "a4",
    *,
    upright: Upright = False,
    as_json: AsJson = False,
) -> None:
    """One sheet of a box: .pdf, .png or .html by the name of the file: یک برگه."""
    asked = {"emergency": emergency, "layers": layers, "bbox": bbox, "lang": lang}
    _make("sheet", out, asked, upright=upright, size=size, as_json=as_json)
