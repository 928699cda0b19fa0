"""`token create` and `invite`: ways in for machines and people."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import typer

Id = Annotated[str | None, typer.Option(help="An id, as the API gives it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    tokens = typer.Typer(help="Tokens of gateways, phones and scripts: توکن‌ها.", no_args_is_help=True)
    tokens.callback()(_tokens)
    tokens.command("create")(create)
    app.add_typer(tokens, name="token")
    app.command()(invite)


def _tokens() -> None:
    """A group with one command needs a callback to stay a group."""


def create(
    role: Annotated[
        str, typer.Option(help="gateway, volunteer, field, dispatcher, coordinator, donor, auditor, admin")
    ],
    name: Annotated[str, typer.Option(help="What it is for; never a person's name.")],
    *,
    centre: Annotated[str | None, typer.Option(help="A centre's id or code.")] = None,
    emergency: Annotated[str | None, typer.Option(help="An emergency's id or code.")] = None,
    volunteer: Annotated[str | None, typer.Option(help="The volunteer (id or code) whose token this is.")] = None,
) -> None:
    """Print a new token, alone: ساختن توکن."""
    from ops.context import run
    from server.access.context import Context

    async def work(ctx: Context) -> str:
        from server.access import service

        async with ctx.db.tx() as conn:
            bounds = service.Bounds(
                await _id(conn, "centres", centre),
                await _id(conn, "emergencies", emergency),
                await _id(conn, "volunteers", volunteer),
            )
            known = service.check_role(role)
            token_id, secret = await service.create_token(conn, known, name, bounds, "cli")
            await service.keep_digest(conn, ctx.sealing, known, token_id, secret)
            return secret

    print(_said(lambda: run(work)))


def invite(
    role: Annotated[str, typer.Option(help="The next person's role.")] = "coordinator",
    *,
    first: Annotated[
        bool, typer.Option("--first", help="Only while nobody can sign in yet; else print nothing.")
    ] = False,
    centre: Annotated[str | None, typer.Option(help="A centre's id or code.")] = None,
    volunteer: Annotated[str | None, typer.Option(help="The volunteer (id or code) whom this account is.")] = None,
) -> None:
    """Print a one-time link for the first or next person: دعوت‌نامه."""
    from ops.context import run
    from server.access.context import Context

    async def work(ctx: Context) -> str:
        from server.access import service

        async with ctx.db.tx() as conn:
            if first and await (await conn.execute("SELECT 1 FROM accounts LIMIT 1")).fetchone():
                return ""
            # The first one in must be able to make every other role, so the house is not locked by its own rules.
            chosen = "admin" if first else role
            bounds = service.Bounds(
                centre_id=await _id(conn, "centres", centre),
                volunteer_id=await _id(conn, "volunteers", volunteer),
            )
            secret = await service.create_invite(conn, service.check_role(chosen), bounds)
            return f"{ctx.settings.url}/join/{secret}"

    if link := _said(lambda: run(work)):
        print(link)


def _said(work: Callable[[], str]) -> str:
    """What the work says; a problem is told in both languages and ends the command."""
    from server.kernel.errors import Problem

    try:
        return work()
    except Problem as problem:
        typer.echo(f"{problem.fa}\n{problem.en}", err=True)
        raise typer.Exit(1) from None


async def _id(conn: Any, table: str, text: str | None) -> UUID | None:
    if text is None:
        return None
    from server.kernel.errors import Problem

    # `table` is one of three names in this file; what a person typed goes in as a parameter.
    row = await (
        await conn.execute(f"SELECT id FROM {table} WHERE id::text = %s OR code = %s", (text.lower(), text))  # noqa: S608
    ).fetchone()
    if row is None:
        raise Problem(404, "not_found", f"{table}: no {text}", f"{table}: {text} یافت نشد")
    found: UUID = row["id"]
    return found
