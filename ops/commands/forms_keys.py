"""`hamyar forms key …`: key pairs of centres, for encrypted forms. One JSON line a key."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from server.access.context import Context

Centre = Annotated[str | None, typer.Option(help="A centre's id or code; without it the key is the house's.")]
Name = Annotated[str, typer.Option(help="What the key is called; never a person's name.")]
_FINGERPRINT = 8


def register(group: typer.Typer) -> None:
    """Add the commands to `forms`."""
    keys = typer.Typer(no_args_is_help=True, help="Keys that open encrypted forms. کلیدهای فرم‌های رمزشده.")
    keys.command("add")(add)
    keys.command("new")(new)
    keys.command("list")(list_)
    keys.command("retire")(retire)
    group.add_typer(keys, name="key")


def add(
    file: Annotated[Path, typer.Argument(help="A private RSA key, PEM or DER.")],
    *,
    centre: Centre = None,
    name: Name = "key",
) -> None:
    """Keep a private key, and open with it what waited: افزودن کلید. Its password is asked for when it has one."""
    from ops.context import run

    private = _said(lambda: read_file(file))
    _print(_said(lambda: run(lambda ctx: kept(ctx, private, centre, name))))


def new(*, centre: Centre = None, name: Name = "key") -> None:
    """Make a key pair; its `public_text` belongs into a form's settings as `public_key`: ساختن کلید."""
    from ops.context import run

    async def work(ctx: "Context") -> dict[str, Any]:
        from server.forms import keys

        return await kept(ctx, await keys.make(), centre, name)

    _print(_said(lambda: run(work)))


def list_() -> None:
    """All keys, those in use first: فهرست کلیدها."""
    from ops.context import run

    for item in _said(lambda: run(all_of)):
        _print(item)


def retire(key: Annotated[str, typer.Argument(help="A key's id, or the start of its fingerprint.")]) -> None:
    """Take a key out of use; what came before still opens with it: کنار گذاشتن کلید."""
    from ops.context import run

    _print(_said(lambda: run(lambda ctx: retired(ctx, key))))


def read_file(file: Path) -> "RSAPrivateKey":
    """The private key in a file; asks for its password when it needs one. Raises `Problem`."""
    from server.forms import keys
    from server.kernel.errors import Problem

    try:
        data = file.read_bytes()[: keys.MAX_BYTES]
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise Problem(422, "file.missing", f"Not opened: {said}", f"پرونده باز نشد: {said}") from error
    try:
        return keys.read(data)
    except Problem:
        if not sys.stdin.isatty() and not _locked(data):
            raise
        return keys.read(data, typer.prompt("Password / گذرواژه", hide_input=True, err=True))


def _locked(data: bytes) -> bool:
    """Whether a PEM says of itself that it needs a password."""
    return b"ENCRYPTED" in data


async def kept(ctx: "Context", private: "RSAPrivateKey", centre: str | None, name: str) -> dict[str, Any]:
    """Keep a key pair for a centre (id or code; None: the house): as shown, and `known`. Raises `Problem`."""
    from server.forms import key_queries, keys
    from server.kernel.errors import Problem
    from server.kernel.redis import ring

    async with ctx.db.tx() as conn:
        centre_id = await key_queries.centre(conn, centre) if centre else None
        if centre and centre_id is None:
            raise Problem(404, "not_found", f"No such centre: {centre}", f"چنین مرکزی نیست: {centre}")
        row, known = await keys.keep(conn, ctx, keys.Wanted(private, name, centre_id), "cli")
    await ring(ctx.redis, "reports")
    return keys.shown(row) | {"known": known}


async def all_of(ctx: "Context") -> list[dict[str, Any]]:
    """All keys as shown."""
    from server.forms import key_queries, keys

    async with ctx.db.tx() as conn:
        return [keys.shown(row) for row in await key_queries.listed(conn, None)]


async def retired(ctx: "Context", key: str) -> dict[str, Any]:
    """Take a key out of use, named by its id or the start of its fingerprint. Raises `Problem`."""
    from server.forms import key_queries, keys
    from server.kernel.errors import Problem

    async with ctx.db.tx() as conn:
        found: list[UUID] = [
            row["id"]
            for row in await key_queries.listed(conn, None)
            if str(row["id"]) == key.lower()
            or (len(key) >= _FINGERPRINT and row["fingerprint"].startswith(key.lower()))
        ]
        if len(found) != 1:
            raise Problem(404, "not_found", f"No such key, or several: {key}", f"چنین کلیدی نیست، یا چندتاست: {key}")
        return keys.shown(await keys.retire(conn, None, found[0]))


def _print(item: dict[str, Any]) -> None:
    print(json.dumps(item, ensure_ascii=False, default=str))


def _said(work: Any) -> Any:
    """What the work gives; a problem is told in both languages and ends the command."""
    from server.kernel.errors import Problem

    try:
        return work()
    except Problem as problem:
        typer.echo(f"{problem.fa}\n{problem.en}", err=True)
        raise typer.Exit(1) from None
