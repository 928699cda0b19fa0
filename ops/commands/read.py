"""`hamyar read FILE.jsonl`: readings of a file of messages, without a database."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

MODELS = ("rules",)
_EVERY = 5000


def register(app: typer.Typer) -> None:
    """Add the command `read` to `app`."""

    @app.command("read")
    def read_command(
        file: Annotated[str, typer.Argument(metavar="FILE.jsonl", help='Lines {"id", "text"}; "-" is stdin.')],
        model: Annotated[str, typer.Option(help="How to read: the built-in rules.")] = "rules",
        country: Annotated[str, typer.Option(help="Country of the gazetteer, ISO 3166 alpha-2.")] = "IR",
    ) -> None:
        """Print one reading a line for each message of FILE, in order; a bad line gives {"id", "error"}."""
        if model not in MODELS:
            raise typer.BadParameter(f"unknown model {model!r}; known: {', '.join(MODELS)}", param_hint="--model")
        if file != "-" and not Path(file).is_file():
            raise typer.BadParameter(f"no such file: {file}", param_hint="FILE.jsonl")
        done = bad = 0
        for line in readings(_lines(file), country):
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


def readings(lines: Iterator[bytes], country: str = "IR") -> Iterator[dict[str, Any]]:
    """Yield one dict a non-empty line: a reading with its id first, or {"id", "error"}."""
    from server.places.gazetteer import default_gazetteer
    from server.reports.reading import read

    gazetteer = default_gazetteer(country.upper())
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        identifier, text, error = _parse(raw.lstrip(b"\xef\xbb\xbf") if number == 1 else raw)
        if text is None:
            yield {"id": identifier, "error": error}
            continue
        yield {"id": identifier} | read(text, gazetteer).as_dict()


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
