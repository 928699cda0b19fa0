"""`hamyar verify` and `hamyar rebuild`: is everything as it must be, and the derived state anew."""

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command()(verify)
    app.command()(rebuild)


def verify(*, as_json: AsJson = False) -> None:
    """Check the chain of events and every invariant; exit 1 on any finding: وارسی درستی داده‌ها."""
    from ops.context import run
    from ops.integrity.checks import Finding
    from ops.integrity.checks import verify as checks
    from server.access.context import Context

    async def work(ctx: Context) -> list[Finding]:
        found = []
        async with ctx.db.tx() as conn:
            async for finding in checks(conn):
                found.append(finding)
                if not as_json:
                    _say(finding)
        return found

    findings = run(work)
    if as_json:
        print(json.dumps({"ok": all(f.ok for f in findings), "checks": [f.as_dict() for f in findings]},
                         ensure_ascii=False))  # fmt: skip
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _say(finding: Any) -> None:
    mark = "✓" if finding.ok else "✗"
    print(f"{mark} {finding.name:<20} {finding.en} · {finding.fa}" + ("" if finding.ok else f": {finding.wrong}"))
    for sample in finding.samples:
        print(f"    {sample}")


def rebuild(*, as_json: AsJson = False) -> None:
    """Make the map and Redis anew from the records: بازسازی نقشه و Redis از پایگاه داده."""
    from ops.context import run
    from ops.integrity.rebuild import rebuild as work

    done = run(lambda ctx: work(ctx, lambda what, count: typer.echo(f"{what}: {count}", err=True)))
    print(json.dumps(done) if as_json else ", ".join(f"{name} {count}" for name, count in done.items()))
