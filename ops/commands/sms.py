"""`hamyar sms`: gateways for text messages, the instance's own Kannel, and a test of the whole way."""

import json
import os
from typing import Annotated

import typer

from ops.commands import sms_gateway

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
PASSWORD_VARIABLE = "HAMYAR_SMPP_PASSWORD"  # noqa: S105 - the name of a variable


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Text messages: gateways, Kannel, tests: پیامک.", no_args_is_help=True)
    group.callback()(_group)
    group.command("kannel")(kannel)
    group.command("test")(try_out)
    group.add_typer(sms_gateway.group(), name="gateway")
    app.add_typer(group, name="sms")


def _group() -> None:
    """A group with one command needs a callback to stay a group."""


def kannel(  # noqa: PLR0913 - each is an option of the command
    *,
    link: Annotated[str, typer.Option(help="A short name for this link to a network.")] = "main",
    smpp: Annotated[str, typer.Option(help="HOST:PORT of the network's SMPP server.")] = "",
    system_id: Annotated[str, typer.Option(help="The SMPP account's system id.")] = "",
    system_type: Annotated[str, typer.Option(help="The SMPP account's system type, if it has one.")] = "",
    tls: Annotated[bool, typer.Option("--tls", help="SMPP over TLS.")] = False,
    throughput: Annotated[int, typer.Option(min=0, help="Messages a second that the account may send.")] = 0,
    fake: Annotated[bool, typer.Option("--fake", help="A played network (fakesmsc), for drills.")] = False,
    remove: Annotated[str, typer.Option(help="Remove the link of this name.")] = "",
    sender: Annotated[str, typer.Option(help="The number or name that our messages come from.")] = "",
    spool: Annotated[str, typer.Option(help="Folder for what waits, in the clear (a tmpfs, say).")] = "",
    pending: Annotated[int, typer.Option(min=0, max=500, help="Messages smsbox may hold: docs/runbooks/kannel.md")] = 0,
    first_port: Annotated[int, typer.Option(min=1024, max=65000, help="Loopback ports are taken from here.")] = 13000,
    name: Annotated[str, typer.Option(help="The gateway's name on the pages.")] = "kannel",
    as_json: AsJson = False,
) -> None:
    """Set up Kannel: an SMPP account, or a played network for drills. `hamyar up` runs it: پیکربندی Kannel."""
    from ops.context import run
    from ops.localstack.layout import Layout
    from ops.localstack.state import known_drill
    from ops.localstack.talk import say
    from ops.sms import setting
    from ops.sms.plan import Link, Plan, read_plan
    from ops.sms.row import put_row
    from server.access.context import Context

    layout = Layout.from_environment()
    host, _, port = smpp.rpartition(":")
    wanted = None
    if fake:
        wanted = Link(link, fake=True)
    elif smpp:
        number = int(port) if port.isdecimal() else 0
        wanted = Link(link, False, host, number, system_id, _password(), system_type, tls, throughput)
    old = read_plan(layout)
    if old is None and wanted is None:
        raise typer.BadParameter("--smpp HOST:PORT --system-id ID, or --fake")
    setting.refuse_fake(wanted, drill=bool(known_drill(layout)))
    wish = setting.Wish(wanted, remove, sender, spool, pending, first_port)

    async def work(ctx: Context) -> Plan:
        plan = setting.next_plan(layout, old, wish, "98" if ctx.settings.country == "IR" else "")
        setting.check_programs(plan)
        return await put_row(ctx, plan, name)

    plan = run(work)
    setting.keep(layout, plan)
    found = setting.describe(layout, plan)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(found["config"])
    say(
        "Kannel پیکربندی شد؛ اگر سامانه در کار است همین حالا با آن راه می‌افتد، وگرنه با hamyar up. "
        "آزمون: hamyar sms test",
        "Kannel is configured; a running instance starts it now, else hamyar up does. Test: hamyar sms test",
    )


def try_out(
    *,
    gateway: Annotated[str, typer.Option(help="The gateway's name; without it our own Kannel, or the only one.")] = "",
    to: Annotated[str, typer.Option(help="A number that a real message is sent to, and followed.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send a test message the whole way in, and out again: آزمون درگاه پیامک."""
    from ops.context import run
    from ops.localstack.layout import Layout
    from ops.localstack.problem import Problem
    from ops.localstack.talk import say
    from ops.sms.plan import read_plan
    from ops.sms.trial import trial
    from server.kernel.errors import Problem as Refusal

    own = read_plan(Layout.from_environment())
    try:
        result = run(lambda ctx: trial(ctx, gateway, to, own, say))
    except Refusal as problem:
        raise Problem(problem.code, fa=problem.fa, en=problem.en) from problem
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        way_out = result["out"]["state"] if result["out"] else "-"
        print(f"{result['gateway']}: in {result['in']['ms']} ms, out {way_out}")


def _password() -> str:
    """From the environment or the terminal, never from the arguments: those stand in the process list."""
    found = os.environ.get(PASSWORD_VARIABLE)
    return found if found is not None else str(typer.prompt("SMPP password / گذرواژهٔ SMPP", hide_input=True, err=True))
