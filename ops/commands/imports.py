"""``import``: files of reports, places, stock and the like into the instance."""

import asyncio
import importlib
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

IMPORTERS: dict[str, tuple[str, str]] = {
    "reports": ("server.reports.importing.run", "import_reports"),
    "places": ("server.places.importing", "import_places"),
    "stock": ("server.supplies.importing", "import_stock"),
    "volunteers": ("server.volunteers.importing", "import_volunteers"),
    "basemap": ("server.maps.basemap_import", "import_basemap"),
}
"""What can be imported → (module, function).

The function is awaited with ``(ctx, path, progress=…)`` and those of ``kind`` (the format), ``emergency``,
``timezone`` and ``country`` that it takes. It
returns an object with ``counts()`` → {"rows", "imported", "known", "set_aside"} and
``reasons``: (row, reason code, known before) of what was set aside; its module may hold ``REASONS``: code → (English,
Persian), and what it returns ``notes``: (English, Persian) for people.
"""
REMOVERS: dict[str, str] = {"basemap": "remove_basemap"}
"""What can be taken away as a whole → the function of the same module, awaited like the importer but for the path."""
FILES_ALONE = frozenset({"basemap"})
"""What lies in HAMYAR_HOME and not in the database: its functions get the folder in place of ``ctx``."""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("import")(import_file)


def import_file(
    what: Annotated[str, typer.Argument(help="reports, places, roads, basemap, stock or volunteers.")],
    file: Annotated[Path | None, typer.Argument(help="The file.")] = None,
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="Reports: ushahidi, csv, geojson. Places: geonames, alternatenames, csv, geojson."
            " Basemap: basemap, terrarium, mapbox.",
        ),
    ] = None,
    emergency: Annotated[str | None, typer.Option(help="The emergency's code; made if absent.")] = None,
    timezone: Annotated[str, typer.Option(help="What times without an offset mean.")] = "UTC",
    country: Annotated[str | None, typer.Option(help="For places: of lines that name none (two letters).")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Basemap: take away what was imported.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Bring a file in; a second run finds all of it known: ورود پرونده."""
    from ops.localstack.problem import Problem

    if what not in IMPORTERS:
        known = ", ".join(IMPORTERS)
        raise Problem(
            "import.what",
            fa=f"این‌ها را می‌توان وارد کرد: {known}",
            en=f"One can import: {known}.",
            exit_code=2,
        )
    module, function = IMPORTERS[what]
    if remove and what in REMOVERS:
        function = REMOVERS[what]
    elif remove or file is None:
        raise Problem(
            "import.file",
            fa="نام پرونده را بنویسید." if file is None else "این را نمی‌توان یک‌جا برداشت.",
            en="Name the file." if file is None else "This cannot be taken away as a whole.",
            exit_code=2,
        )
    work = getattr(importlib.import_module(module), function)
    options = {"kind": kind, "emergency": emergency, "timezone": timezone, "country": country}
    taken = {name: options[name] for name in inspect.signature(work).parameters if name in options}
    size = file.stat().st_size if file and file.is_file() else 0
    tally = asyncio.run(_run(work, None if remove else file, size, taken, alone=what in FILES_ALONE))
    reasons = getattr(importlib.import_module(module), "REASONS", {})
    _list_set_aside(tally.reasons, reasons)
    _tell(getattr(tally, "notes", ()))
    counts = tally.counts()
    print(json.dumps(counts) if as_json else "  ".join(f"{name} {number}" for name, number in counts.items()))


async def _run(
    work: Callable[..., Awaitable[Any]], file: Path | None, size: int, options: dict[str, Any], *, alone: bool = False
) -> Any:
    import psycopg
    from psycopg_pool import PoolTimeout
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    from ops.localstack.problem import Problem
    from server.kernel.errors import Problem as ServerProblem

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    try:
        if file is None:
            async with _services(alone=alone) as given:
                return await work(given, **options)
        with bar:
            task = bar.add_task(file.name, total=size)
            async with _services(alone=alone) as given:
                done = await work(given, file, progress=lambda read: bar.update(task, completed=read), **options)
            bar.update(task, completed=size)
    except ServerProblem as problem:
        raise Problem(problem.code, fa=problem.fa, en=problem.en) from problem
    except (PoolTimeout, psycopg.OperationalError) as error:
        raise Problem(
            "import.no_database",
            fa="پایگاه داده پاسخ نمی‌دهد؛ نخست hamyar up را اجرا کنید.",
            en="The database is not answering; start the instance with `hamyar up` first.",
        ) from error
    return done


@asynccontextmanager
async def _services(*, alone: bool) -> AsyncIterator[Any]:
    from ops.context import opened
    from server.kernel.settings import Settings

    if alone:
        yield Settings().home
        return
    async with opened() as ctx:
        yield ctx


def _tell(notes: Iterable[tuple[str, str]]) -> None:
    """Say on stderr what a person should know besides the counts."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    for en, fa in notes:
        console.print(f"{en}\n{fa}", markup=False)


def _list_set_aside(reasons: list[tuple[int, str, bool]], texts: dict[str, tuple[str, str]]) -> None:
    """Say on stderr which rows have no record, and why."""
    from rich.console import Console
    from rich.table import Table

    if not reasons:
        return
    table = Table("row · ردیف", "why", "چرا", "", title="Set aside · کنار گذاشته‌ها")
    for number, code, before in reasons:
        en, fa = texts.get(code, (code, code))
        table.add_row(str(number), en, fa, "known · از پیش" if before else "")
    Console(stderr=True).print(table)
