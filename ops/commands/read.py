"""`hamyar read FILE.jsonl`: readings of a file of messages, without a database."""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from server.reports.learning.model import Model

_EVERY = 5000
_BATCH = 256


def register(app: typer.Typer) -> None:
    """Add the command `read` to `app`."""

    @app.command("read")
    def read_command(
        file: Annotated[str, typer.Argument(metavar="FILE.jsonl", help='Lines {"id", "text"}; "-" is stdin.')],
        model: Annotated[
            str, typer.Option(help="The built-in rules; a model's name beside them, or active.")
        ] = "rules",
        country: Annotated[str, typer.Option(help="Country of the gazetteer, ISO 3166 alpha-2.")] = "IR",
    ) -> None:
        """Print one reading a line for each message of FILE, in order; a bad line gives {"id", "error"}."""
        chosen = None if model == "rules" else _model(model)
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


def _model(name: str) -> "Model":
    """Open a model of this instance by its name. Raises BadParameter when there is none that can be used."""
    from server.kernel.settings import Settings
    from server.reports.learning import store
    from server.reports.learning.model import only_speaking, opened

    home = Settings().home
    try:
        stored = store.active(home) if name == "active" else store.newest(home, name)
        return only_speaking(opened(stored or store.newest(home, "active")))
    except store.BadModel as bad:
        known = ", ".join(["rules", *sorted({model.name for model in store.every(home)})])
        raise typer.BadParameter(f"unknown model {name!r} ({bad}); known: {known}", param_hint="--model") from bad


def readings(lines: Iterator[bytes], country: str = "IR", model: "Model | None" = None) -> Iterator[dict[str, Any]]:
    """Yield one dict a non-empty line: a reading with its id first, or {"id", "error"}."""
    from server.places.gazetteer import default_gazetteer
    from server.reports.reading import Reading, read

    gazetteer = default_gazetteer(country.upper())
    numbered = enumerate(lines, start=1)
    while batch := list(islice(numbered, _BATCH if model else 1)):
        parsed = [_parse(raw.lstrip(b"\xef\xbb\xbf") if n == 1 else raw) for n, raw in batch if raw.strip()]
        texts = [text for _, text, _ in parsed if text is not None]
        found: list[Reading] = [read(text, gazetteer) for text in texts]
        if model is not None:
            found = _fused(model, texts, found)
        made = iter(found)
        for identifier, text, error in parsed:
            yield {"id": identifier, "error": error} if text is None else {"id": identifier} | next(made).as_dict()


def _fused(model: "Model", texts: list[str], found: list[Any]) -> list[Any]:
    from server.reports.learning.fusing import fuse

    suggested = model.suggest(texts, found)
    return [fuse(reading, one, len(text)) for reading, one, text in zip(found, suggested, texts, strict=True)]


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
