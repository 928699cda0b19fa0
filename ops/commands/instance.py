"""``up``, ``down``, ``status``, ``doctor``, ``demo`` and ``run``: the instance and its processes."""

import json
from typing import Annotated

import typer

Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return once /readyz answers 200.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Supervise = Annotated[bool, typer.Option("--supervise", hidden=True)]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    for command in (up, down, status, doctor, demo, run):
        app.command()(command)
    app.command(hidden=True)(announce)


def up(
    *,
    detach: Detach = False,
    stores: Annotated[bool, typer.Option("--stores", help="PostgreSQL and Redis only.")] = False,
    supervise: Supervise = False,
) -> None:
    """Start the instance, whatever of it is not running: راه‌اندازی سامانه."""
    from ops.localstack import lifecycle

    lifecycle.up(["up", *(["--stores"] if stores else [])], detach=detach, inner=supervise, stores_only=stores)


def down() -> None:
    """Stop the instance of this HAMYAR_HOME, and nothing else: پایان سامانه."""
    from ops.localstack import lifecycle

    lifecycle.down()


def status(*, as_json: AsJson = False) -> None:
    """Say what runs: وضعیت سامانه."""
    from ops.localstack import lifecycle

    found = lifecycle.status()
    if as_json:
        print(json.dumps(found))
        return
    for part, facts in found.items():
        pids = facts["pids"]
        address = facts.get("url") or facts.get("dsn") or ""
        print(f"{part:<9} {'running ' + ','.join(map(str, pids)) if pids else 'stopped':<24} {address}")


def doctor(*, as_json: AsJson = False) -> None:
    """Look for what could keep the instance from working, and say the cure: معاینهٔ سامانه."""
    from ops.localstack.doctor import BAD, examine

    findings = examine()
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            print(finding.as_text())
    if any(finding.level == BAD for finding in findings):
        raise typer.Exit(1)


def demo(
    *,
    detach: Detach = False,
    speed: Annotated[int, typer.Option(help="How many times faster than life.")] = 60,
    scenario: Annotated[str, typer.Option(help="Which drill to play.")] = "lorestan-flood",
    supervise: Supervise = False,
) -> None:
    """Start a drill instance, play a scenario and print the ways in: نمایش تمرینی."""
    from ops.localstack import lifecycle

    lifecycle.demo(scenario, speed, detach=detach, inner=supervise)


def run(*, detach: Detach = False, supervise: Supervise = False) -> None:
    """Start a real, empty instance and print a one-time link for its first coordinator: سامانهٔ واقعی."""
    from ops.localstack import lifecycle

    lifecycle.run(detach=detach, inner=supervise)


def announce(kind: Annotated[str, typer.Argument()]) -> None:
    """Print the URL and the ways in (a child of ``demo`` and ``run``)."""
    from ops.localstack import lifecycle

    lifecycle.announce(kind)
