"""`hamyar sms gateway`: gateways added, listed, given a new way in, switched on and off."""

import json
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SECRETS = {"android": ("signing_key",), "twilio": ("auth_token",)}
"""What each kind proves itself with; asked for unless `--secret` names others."""
VARIABLE = "HAMYAR_SECRET_"


def group() -> typer.Typer:
    """The commands."""
    gateways = typer.Typer(help="Ways in and out for text messages: درگاه‌های پیامک.", no_args_is_help=True)
    gateways.command("add")(add)
    gateways.command("list")(list_gateways)
    gateways.command("renew")(renew)
    gateways.command("on")(switch_on)
    gateways.command("off")(switch_off)
    return gateways


def add(  # noqa: PLR0913 - each is an option of the command
    kind: Annotated[str, typer.Argument(help="android, twilio, generic, kannel, fake")],
    name: Annotated[str, typer.Argument(help="What it is called on the pages; never a person's name.")],
    *,
    path: Annotated[bool, typer.Option("--path", help="A secret path in place of a token.")] = False,
    out_only: Annotated[bool, typer.Option("--out-only", help="No way in: it only sends.")] = False,
    emergency: Annotated[str, typer.Option(help="The emergency (id or code) it is bound to.")] = "",
    names: Annotated[
        list[str] | None, typer.Option("--map", help="Its name of a parameter: text=BODY from=FROM id=MSGID …")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of its settings, as answer=OK; JSON too")
    ] = None,
    secrets: Annotated[
        list[str] | None,
        typer.Option("--secret", help=f"A secret's name; the value is asked, or taken from {VARIABLE}NAME."),
    ] = None,
    allow: Annotated[list[str] | None, typer.Option(help="A network (CIDR) it may call from; several may be.")] = None,
    sends: Annotated[bool, typer.Option("--sends", help="The outbox may send through it.")] = False,
    order: Annotated[int, typer.Option(help="Among those that send, the lowest is asked first.")] = 0,
    beat: Annotated[int, typer.Option(help="Seconds of silence that alarm; 0: as its kind has it; -1: never.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Add a gateway and print, once, the address that it is to call: افزودن درگاه."""
    given = {secret: _secret(secret) for secret in (secrets if secrets is not None else SECRETS.get(kind, ()))}
    body = {
        "kind": kind,
        "name": name,
        "way": "none" if out_only else "path" if path else "token",
        "settings": _pairs(settings) | ({"map": _pairs(names)} if names else {}),
        "secrets": {key: value for key, value in given.items() if value},
        "allow_from": allow or [],
        "sends": sends,
        "send_order": order,
        "beat_s": None if beat < 0 else beat,
    }
    from server.access.context import Context

    async def work(ctx: Context) -> dict[str, Any]:
        from server.emergencies import service as emergencies
        from server.messaging import gateways
        from server.messaging.gateway_schemas import NewGatewayBody, shown

        async with ctx.db.tx() as conn:
            bound = await emergencies.find(conn, emergency) if emergency else None
            fields = NewGatewayBody.model_validate(body).model_dump()
            del fields["emergency"]
            new = gateways.NewGateway(**fields, emergency_id=bound)
            gateway, made = await gateways.create(conn, ctx, new, actor="cli")
        once = {"url": ctx.settings.url + made.path, "secret": made.secret} if made else {}
        return shown(gateway) | once

    found = _run(work)
    _print(found, found.get("url", str(found["id"])), as_json=as_json)
    if not found["secrets"] and kind in SECRETS and not out_only:
        _say(
            "بدون کلید امضا، هر که نشانی را بداند پذیرفته می‌شود.",
            "Without a signing key whoever knows the address is let in.",
        )


def list_gateways(*, as_json: AsJson = False) -> None:
    """List the gateways and when each was last heard: فهرست درگاه‌ها."""
    from server.access.context import Context

    async def work(ctx: Context) -> list[dict[str, Any]]:
        from server.messaging import gateway_queries as queries
        from server.messaging.gateway_schemas import shown
        from server.messaging.gateways import gateway_of

        async with ctx.db.tx() as conn:
            return [shown(gateway_of(ctx, row), row) for row in await queries.with_beats(conn)]

    found = _run(work)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, default=str))
        return
    for one in found:
        state = "off" if not one["enabled"] else "SILENT" if one["silent"] else "ok" if one["beat_s"] else "unwatched"
        print(
            f"{one['name']}\t{one['kind']}\t{state}\t{one['last_in_at'] or '-'}\t{one['trouble'] or '-'}\t{one['id']}"
        )


def renew(
    name: Annotated[str, typer.Argument(help="The gateway's name or id.")],
    *,
    path: Annotated[bool, typer.Option("--path", help="A new secret path in place of a new token.")] = False,
) -> None:
    """Print a new address, once; the old one ends: نشانی تازهٔ درگاه."""
    from server.access.context import Context

    async def work(ctx: Context) -> str:
        from server.messaging import gateways

        async with ctx.db.tx() as conn:
            found = await _named(conn, ctx, name)
            return ctx.settings.url + (await gateways.renew(conn, found, "path" if path else "token", actor="cli")).path

    print(_run(work))


def switch_on(name: Annotated[str, typer.Argument(help="The gateway's name or id.")]) -> None:
    """Let a gateway in and out again: روشن کردن درگاه."""
    _switch(name, enabled=True)


def switch_off(name: Annotated[str, typer.Argument(help="The gateway's name or id.")]) -> None:
    """Neither take from a gateway nor send through it: خاموش کردن درگاه."""
    _switch(name, enabled=False)


def _switch(name: str, *, enabled: bool) -> None:
    from server.access.context import Context

    async def work(ctx: Context) -> None:
        from server.messaging import gateways

        async with ctx.db.tx() as conn:
            found = await _named(conn, ctx, name)
            version = next(g.version for g in await gateways.all_gateways(conn, ctx) if g.id == found)
            await gateways.change(conn, ctx, found, version, {"enabled": enabled}, actor="cli")

    _run(work)


async def _named(conn: Any, ctx: Any, name: str) -> UUID:
    from server.kernel.errors import not_found
    from server.messaging.gateways import all_gateways

    for one in await all_gateways(conn, ctx):
        if name.casefold() in {one.name.casefold(), str(one.id)}:
            return one.id
    raise not_found("gateway")


def _pairs(texts: list[str] | None) -> dict[str, Any]:
    """`NAME=VALUE`; a value that begins with a brace or a bracket is JSON."""
    found: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"NAME=VALUE: {text}")
        found[name] = json.loads(value) if value[:1] in {"{", "["} else value
    return found


def _secret(name: str) -> str:
    """From the environment or the terminal, never from the arguments: those stand in the process list."""
    found = os.environ.get(VARIABLE + name.upper())
    if found is not None:
        return found
    if not sys.stdin.isatty():
        return ""
    return str(typer.prompt(name, default="", hide_input=True, show_default=False, err=True))


def _print(found: dict[str, Any], line: str, *, as_json: bool) -> None:
    print(json.dumps(found, ensure_ascii=False, default=str) if as_json else line)


def _run(work: Callable[[Any], Any]) -> Any:
    """The work's result; a problem is told in both languages and ends the command."""
    from pydantic import ValidationError

    from ops.context import run
    from server.kernel.errors import Problem

    try:
        return run(work)
    except Problem as problem:
        _say(problem.fa, problem.en)
    except ValidationError as error:
        wrong = ", ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        _say("ورودی درست نیست.", wrong)
    raise typer.Exit(1)


def _say(fa: str, en: str) -> None:
    typer.echo(f"{fa}\n{en}", err=True)
