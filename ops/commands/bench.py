"""`bench seed`: synthetic load for a drill instance."""

import json
import sys
import time
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    bench = typer.Typer(help="Load and figures: بار و اندازه‌گیری.", no_args_is_help=True)
    bench.callback()(_bench)
    bench.command("seed")(seed)
    app.add_typer(bench, name="bench")


def _bench() -> None:
    """A group with one command needs a callback to stay a group."""


def seed(
    *,
    features: Annotated[int, typer.Option(min=0, max=5_000_000, help="Needs and incidents, half each.")] = 10_000,
    tasks: Annotated[int, typer.Option(min=0, max=2_000_000, help="Tasks in queues; each has its need.")] = 1_000,
    volunteers: Annotated[int, typer.Option(min=0, max=1_000_000)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="What was added, as one JSON line.")] = False,
) -> None:
    """Fill a drill instance by COPY, with cells and queues built: بار ساختگی برای تمرین."""
    from ops.context import run
    from ops.load.seed import Amounts
    from ops.load.seed import seed as fill
    from server.access.context import Context
    from server.kernel.settings import Settings

    if not Settings().drill:
        typer.echo("بار ساختگی تنها به سامانهٔ تمرینی می‌رود. Synthetic load goes into a drill instance only.", err=True)
        raise typer.Exit(2)
    began = time.monotonic()

    def tell(what: str, count: int) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {what} {count or ''}", file=sys.stderr, flush=True)

    async def work(ctx: Context) -> dict[str, int]:
        return await fill(ctx, Amounts(features, tasks, volunteers), tell)

    added = run(work)
    print(json.dumps(added) if as_json else ", ".join(f"{name} {count}" for name, count in added.items()))
