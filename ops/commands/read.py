"""`hamyar read FILE.jsonl`: readings of a file of messages, without a database."""

import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from server.places.gazetteer import Gazetteer
    from server.reports.learning.speaking import Helper
    from server.reports.reading import Reading
    from server.reports.reading.model import Kind

_EVERY = 5000
_BATCH = 256


def register(app: typer.Typer) -> None:
    """Add the command `read` to `app`."""

    @app.command("read")
    def read_command(
        file: Annotated[str, typer.Argument(metavar="FILE.jsonl", help='Lines {"id", "text"}; "-" is stdin.')],
        model: Annotated[
            str,
            typer.Option(
                help="Beside the rules: base, as shipped; none; a model's name; active, as the instance has it."
            ),
        ] = "base",
        country: Annotated[str, typer.Option(help="Country of the gazetteer, ISO 3166 alpha-2.")] = "IR",
    ) -> None:
        """Print one reading a line for each message of FILE, in order; a bad line gives {"id", "error"}."""
        chosen = _helper(model)
        if file != "-" and not Path(file).is_file():
            raise typer.BadParameter(f"no such file: {file}", param_hint="FILE.jsonl")
        done = bad = 0
        for line in readings(_lines(file), country, chosen):
            sys.stdout.write(json.dumps(line, ensure_ascii=True) + "\n")
            done += 1
            bad += "error" in line
            if done % _EVERY == 0:
                typer.echo(f"{done} read", err=True)
        sys.stdout.flush()
        typer.echo(f"{done} lines read, {bad} of them bad", err=True)


def _lines(file: str) -> Iterator[bytes]:
    """Yield the raw lines: bytes, so that one line of broken UTF-8 spoils no other."""
    if file == "-":
        yield from sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield from stream


def _helper(name: str) -> "Helper | None":
    """Return who is to speak beside the rules. Raises BadParameter when there is no such model that can be used."""
    from server.kernel.settings import Settings
    from server.reports.learning import speaking, store
    from server.reports.learning.model import only_speaking, opened

    if name in ("none", store.RULES):
        return None
    if name == "base":
        base = speaking.shipped()
        if base is None:
            typer.echo("the base model cannot be used: the rules alone", err=True)
        return speaking.Helper(None, base) if base else None
    home = Settings().home
    if name == "active":
        return speaking.helper(home)
    try:
        model = only_speaking(opened(store.newest(home, name)))
    except store.BadModel as bad:
        known = ", ".join(["none", "base", "active", *sorted({model.name for model in store.every(home)})])
        raise typer.BadParameter(f"unknown model {name!r} ({bad}); known: {known}", param_hint="--model") from bad
    return speaking.Helper(model, speaking.shipped() if model.on_base else None)


def readings(lines: Iterator[bytes], country: str = "IR", helper: "Helper | None" = None) -> Iterator[dict[str, Any]]:
    """Yield one dict a non-empty line: a reading with its id first, or {"id", "error"}."""
    from server.places.gazetteer import default_gazetteer
    from server.reports.reading import read

    gazetteer = default_gazetteer(country.upper())
    numbered = enumerate(lines, start=1)
    while batch := list(islice(numbered, _BATCH if helper else 1)):
        parsed = [_parse(raw.lstrip(b"\xef\xbb\xbf") if n == 1 else raw) for n, raw in batch if raw.strip()]
        texts = [text for _, text, _ in parsed if text is not None]
        found = [read(text, gazetteer) for text in texts]
        if helper is not None:
            found = helper.helped(texts, found, partial(_again, texts, gazetteer))
        made = iter(found)
        for identifier, text, error in parsed:
            yield {"id": identifier, "error": error} if text is None else {"id": identifier} | next(made).as_dict()


def _again(texts: Sequence[str], gazetteer: "Gazetteer", number: int, kind: "Kind") -> "Reading":
    from server.reports.reading import read

    return read(texts[number], gazetteer, kind=kind)


def _parse(raw: bytes) -> tuple[Any, str | None, str]:
    """Return (id, text, error); text is None when the line is bad, id None when it is unknown."""
    try:
        value = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return None, None, "not UTF-8"
    except (ValueError, RecursionError):
        return None, None, "not JSON"
    if not isinstance(value, dict):
        return None, None, "not an object"
    identifier = value.get("id")
    if isinstance(identifier, bool) or not isinstance(identifier, str | int):
        return None, None, "id is missing or neither text nor a whole number"
    text = value.get("text")
    if not isinstance(text, str):
        return identifier, None, "text is missing or not text"
    return identifier, text, ""
