"""`hamyar learn FILE`: a classifier of one's own, beside the rules; and which of them speaks."""

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.localstack.problem import Problem

if TYPE_CHECKING:
    from server.reports.learning.corpus import Corpus
    from server.reports.learning.store import Stored

_PATIENCE_S = 3
_GOLD = Path(__file__).parents[2] / "tests" / "unit" / "reading"
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(learn)


def learn(  # noqa: PLR0913 - a command with its options
    file: Annotated[
        Path | None, typer.Argument(help="JSONL of labelled messages, or a CSV of disaster messages.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="auto, jsonl or disaster.")] = "auto",
    out: Annotated[str, typer.Option(help="Name of the model.")] = "",
    check: Annotated[Path | None, typer.Option(help="Another file of the same kind: measured on it as well.")] = None,
    country: Annotated[str, typer.Option(help="Country of the gazetteer, ISO 3166 alpha-2.")] = "IR",
    activate: Annotated[str, typer.Option(help="Let this model speak: NAME or NAME@VERSION.")] = "",
    *,
    baseline: Annotated[bool, typer.Option("--baseline", help="Beside TF-IDF with logistic regression.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the models there are.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Let no model learnt here speak: rules and base model.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Let no model speak, not even the base.")] = False,
    base: Annotated[
        bool, typer.Option("--base", help="Make the base model anew, of the phrases in this tree.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn a classifier from FILE; it speaks only where it beats the rules: آموختن از پیام‌های برچسب‌خورده."""
    from server.kernel.settings import Settings

    home = Settings().home
    if listed or off or rules or activate:
        _switch(home, activate=activate, off=off, rules=rules, as_json=as_json)
        return
    if base:
        _base(country, as_json=as_json)
        return
    if file is None:
        raise typer.BadParameter("a file to learn from is missing", param_hint="FILE")
    # One core: an instance beside it goes on.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    report = _learnt(home, file, form, out or _name_of(file), country, check=check, beside=baseline)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        _say(report)


def _base(country: str, *, as_json: bool) -> None:
    """Make the base model anew, where it is shipped from."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from server.places.gazetteer import default_gazetteer
    from server.reports.learning import base_training, phrases
    from server.reports.learning.base_model import FOLDER
    from server.reports.reading import Reading, read
    from server.reports.reading.model import Kind

    gazetteer = default_gazetteer(country.upper())

    def by_rules(text: str, kind: Kind | None) -> Reading:
        return read(text, gazetteer, kind=kind)

    try:
        lines = phrases.every()
        gold = phrases.tuned_gold([_GOLD / "gold.jsonl", *sorted((_GOLD / "gold").glob("*.jsonl"))])
    except phrases.BadPhrase as bad:
        raise _no_model("base", str(bad)) from bad
    version = time.strftime("%Y-%m-%d", time.gmtime())
    taught = base_training.teach(lines, by_rules, version, lambda line: typer.echo(line, err=True), gold)
    base_training.store(FOLDER, taught)
    if as_json:
        print(json.dumps(taught.card, ensure_ascii=False))
        return
    for measure, figure in taught.card["measures"]["with_model"].items():
        print(f"{measure:<16} rules {taught.card['measures']['rules'][measure]:.3f}  with the base model {figure:.3f}")


def _switch(home: Path, *, activate: str, off: bool, rules: bool, as_json: bool) -> None:
    from server.reports.learning import speaking, store
    from server.reports.learning.model import opened

    if rules:
        store.silence(home)
        _on_record("model.silenced", {})
    elif off:
        store.activate(home, None)
        _on_record("model.silenced", {})
    elif activate:
        try:
            stored = store.newest(home, activate)
            opened(stored)
        except store.BadModel as bad:
            raise _no_model(activate, str(bad)) from bad
        store.activate(home, stored)
        _on_record("model.activated", {"lines": stored.card.get("lines"), "speaks": len(stored.card["speaks"])})
    chosen = store.active(home)
    models = [_line_of(stored, chosen) for stored in store.every(home)]
    helper = speaking.helper(home)
    who = helper.name if helper else store.RULES
    if as_json:
        print(json.dumps({"models": models, "speaks": who}, ensure_ascii=False))
        return
    for model in models:
        mark = "*" if model["active"] else " "
        print(f"{mark} {model['model']:<50} {model['lines']} lines, speaks on {model['speaks']} labels")
    typer.echo(f"speaks beside the rules: {who}" if helper else "no model speaks: the rules alone", err=True)
    if speaking.shipped() is None:
        typer.echo("the base model that is shipped cannot be used", err=True)


def _on_record(verb: str, data: dict[str, Any]) -> None:
    """Put on record who speaks from now on, in figures; without a running instance there is no record to keep."""
    import asyncio

    import psycopg

    from server.kernel.events import NewEvent, emit
    from server.kernel.ids import uuid7
    from server.kernel.settings import Settings

    async def put() -> None:
        dsn = Settings().database_url
        async with await psycopg.AsyncConnection.connect(dsn, connect_timeout=_PATIENCE_S) as conn:
            await emit(conn, NewEvent(verb, "model", uuid7(), actor="cli", data=data))

    try:
        asyncio.run(put())
    except psycopg.OperationalError:
        typer.echo("the instance is not running: nothing was put on its record", err=True)


def _line_of(stored: "Stored", speaking: "Stored | None") -> dict[str, Any]:
    card = stored.card
    return {
        "model": f"{stored.name}@{stored.version}",
        "active": speaking is not None and speaking.folder == stored.folder,
        "made_at": card.get("made_at"),
        "lines": card.get("lines"),
        "speaks": len(card.get("speaks") or ()),
    }


def _learnt(
    home: Path, file: Path, form: str, name: str, country: str, *, check: Path | None, beside: bool
) -> dict[str, Any]:
    from server.places.gazetteer import default_gazetteer
    from server.reports.learning import measuring, store, training
    from server.reports.reading import Reading, read

    if not store.valid_name(name):
        raise _no_model(name, "a name is a to z, digits, - and _, at most 40")
    gazetteer = default_gazetteer(country.upper())

    def by_rules(text: str) -> Reading:
        return read(text, gazetteer)

    corpus, begun = _opened(file, form), time.monotonic()
    try:
        learnt = training.learn(corpus, by_rules, lambda line: typer.echo(line, err=True))
    except ValueError as few:
        raise _no_model(name, str(few)) from few
    if beside:
        _add_baseline(learnt, corpus)
    card = learnt.card | {"took_s": round(time.monotonic() - begun), "bad_lines": corpus.bad}
    if check is not None:
        other = _opened(check, form)
        said = measuring.said_of(learnt.model, other.lines, by_rules)
        if beside:
            said["baseline"] = measuring.baseline(corpus.lines, other.lines, learnt.model.labels)
        rows = measuring.table(learnt.model.labels, training.truth_of(other.lines, learnt.model.labels), said)
        card |= {"checked": rows, "checked_lines": len(other.lines)}
    version = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    stored = store.save(home, name, version, training.arrays_of(learnt.model), card)
    columns = ("rules", "model", "fused", "baseline")
    means = {
        part: {c: measuring.macro(card[part], c) for c in columns if any(r.get(c) is not None for r in card[part])}
        for part in ("figures", "checked")
        if part in card
    }
    return stored.card | {"model": f"{stored.name}@{stored.version}", "macro": means}


def _add_baseline(learnt: Any, corpus: "Corpus") -> None:
    from server.reports.learning import measuring, training
    from server.reports.learning.scores import f1

    truth = training.truth_of(corpus.lines, learnt.model.labels)
    said = measuring.in_folds(corpus.lines, learnt.model.labels, training.folds_of(corpus.lines))
    for j, row in enumerate(learnt.card["figures"]):
        row["baseline"] = round(f1(truth[:, j], said[:, j]), 4)


def _opened(file: Path, form: str) -> "Corpus":
    from server.reports.learning.corpus import NotAFile, open_corpus

    if form not in ("auto", "jsonl", "disaster"):
        raise typer.BadParameter("auto, jsonl or disaster", param_hint="--format")
    if not file.is_file():
        raise typer.BadParameter(f"no such file: {file}", param_hint="FILE")
    try:
        return open_corpus(file, form)  # type: ignore[arg-type]
    except NotAFile as bad:
        raise typer.BadParameter(f"{file.name}: {bad}", param_hint="FILE") from bad


def _name_of(file: Path) -> str:
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in file.stem.lower()).strip("-")[:40]
    return name or "model"


def _say(report: dict[str, Any]) -> None:
    from server.reports.learning.measuring import macro

    for key, title in (("figures", "held-out folds"), ("checked", "the file checked")):
        rows = report.get(key)
        if not rows:
            continue
        columns = [c for c in ("rules", "model", "fused", "baseline") if any(r.get(c) is not None for r in rows)]
        print(f"{title:<34} {'true':>6} " + " ".join(f"{c:>8}" for c in columns))
        for row in rows:
            cells = " ".join(f"{row[c]:>8.3f}" if row.get(c) is not None else f"{'':>8}" for c in columns)
            print(
                f"{row['label']:<34} {row['true']:>6} {cells}{'  speaks' if row['label'] in report['speaks'] else ''}"
            )
        print(f"{'macro-F1':<41} " + " ".join(f"{macro(rows, c):>8.3f}" for c in columns))
    rare = ", ".join(f"{name} ({count})" for name, count in report["too_rare"].items())
    if rare:
        print(f"too rare to learn: {rare}")
    print(f"{report['model']}: {report['lines']} lines, speaks on {len(report['speaks'])} labels", file=sys.stderr)
    print(f"hamyar learn --activate {report['model']}  lets it speak", file=sys.stderr)


def _no_model(name: str, why: str) -> Problem:
    return Problem("model.bad", fa=f"این مدل به کار نمی‌آید: {name}", en=f"This is no usable model: {name}: {why}")
