"""`drill NAME`: plays a scenario into a drill emergency."""

import asyncio
import sys
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(drill)


def drill(
    name: Annotated[str, typer.Argument(help="Which scenario, such as lorestan-flood.")],
    *,
    speed: Annotated[float, typer.Option(min=0.1, max=100_000, help="How many times faster than life.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="The tally as one JSON line.")] = False,
) -> None:
    """Play a scenario, in a drill instance only: اجرای سناریوی تمرین."""
    from ops.drills import scenario
    from server.kernel.settings import Settings

    if not Settings().drill:
        typer.echo(
            "تمرین تنها در سامانهٔ تمرینی اجرا می‌شود (HAMYAR_DRILL=1 در نخستین up).\n"
            "Drills run in a drill instance only (HAMYAR_DRILL=1 at its first up).",
            err=True,
        )
        raise typer.Exit(2)
    try:
        chosen = scenario.load(name)
    except KeyError:
        typer.echo(
            f"سناریویی به نام {name} نیست. No scenario {name}; there are: {', '.join(scenario.names())}",
            err=True,
        )
        raise typer.Exit(2) from None
    asyncio.run(_play(chosen, speed, as_json=as_json))


async def _play(chosen: Any, speed: float, *, as_json: bool) -> None:
    import json

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from ops.context import opened
    from ops.drills.player import Player, Tally
    from ops.drills.setting import heard, set_up

    async with opened() as ctx:
        doors = await set_up(ctx, chosen)
        before = await heard(ctx, doors, chosen)
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[words]}"),
        console=Console(file=sys.stderr),
    )
    with shown:
        bar = shown.add_task(chosen.name, total=chosen.minutes, words="")

        def tell(minute: float, tally: Tally) -> None:
            shown.update(
                bar,
                completed=minute,
                words=f"min {minute:.0f} · {tally.sent} SMS · {tally.forms} forms · "
                f"{tally.claimed} claimed · {tally.done} done · {tally.failed} failed",
            )

        tally = await Player(chosen, doors, speed, tell, before).play()
    result = {
        "sent": tally.sent,
        "heard_before": tally.heard_before,
        "forms": tally.forms,
        "receipts": len(tally.receipts),
        "claimed": tally.claimed,
        "done": tally.done,
        "failed": tally.failed,
    }
    print(json.dumps(result) if as_json else ", ".join(f"{k} {v}" for k, v in result.items()))
