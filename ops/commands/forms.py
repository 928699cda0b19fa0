"""`hamyar forms check`, `publish`, `archive`, `list`: one JSON line a file or a version."""

import json
import mimetypes
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from field_forms.problems import FormProblem
from field_forms.xform import SUFFIX, compile_xform
from field_forms.xlsform import CompiledForm, compile_form
from ops.commands import forms_keys

if TYPE_CHECKING:
    from server.access.context import Context
    from server.forms.form_queries import Scope
    from server.kernel.db import Conn

_ACTOR = "system"
Files = Annotated[list[Path], typer.Argument(help="XLSForms (.xlsx, .xls, .xlsm, .csv, .md) or XForms (.xml).")]
Validate = Annotated[bool, typer.Option("--validate", help="Ask ODK Validate too (needs java).")]
Emergency = Annotated[str | None, typer.Option(help="Only for this emergency (id or code).")]
Centre = Annotated[str | None, typer.Option(help="Only for this centre (id or code).")]
Media = Annotated[list[Path] | None, typer.Option(help="A file that the form needs; may be repeated.")]
Draft = Annotated[bool, typer.Option("--draft", help="Keep it as a draft.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help="Field forms: check, publish, archive, list. فرم‌های میدانی.")
    group.command("check")(check)
    group.command("publish")(publish)
    group.command("archive")(archive)
    group.command("list")(listing)
    forms_keys.register(group)
    app.add_typer(group, name="forms")


def check(files: Files, *, validate: Validate = False) -> None:
    """Compile and judge forms: بررسی فرم. Ends with 1 when one of them cannot be published."""
    lines = [_line(file, _judged(file, validate=validate)) for file in files]
    for line in lines:
        print(json.dumps(line, ensure_ascii=False))
    raise typer.Exit(0 if all(line["ok"] for line in lines) else 1)


def publish(
    file: Annotated[Path, typer.Argument(help="An XLSForm, or an XForm.")],
    emergency: Emergency = None,
    centre: Centre = None,
    media: Media = None,
    *,
    draft: Draft = False,
) -> None:
    """Check a form, with ODK Validate where java is there, and give it to the phones: انتشار فرم."""
    form = _judged(file, validate=not draft)
    line = _line(file, form)
    if line["ok"]:
        asked = (emergency, centre, None if draft else "publish")
        source = (file.read_bytes(), file.suffix.lower())
        files = [(one.name, one.read_bytes()) for one in media or ()]
        line |= _run(lambda ctx: _publish(ctx, form, source, files, asked))
    print(json.dumps(line, ensure_ascii=False))
    raise typer.Exit(0 if line["ok"] else 1)


def archive(
    form_id: str,
    version: str,
    emergency: Emergency = None,
    centre: Centre = None,
) -> None:
    """Take a version off the phones' list; what was sent of it stays readable: بایگانی فرم."""
    line = _run(lambda ctx: _archive(ctx, form_id, version, (emergency, centre)))
    print(json.dumps(line, ensure_ascii=False))
    raise typer.Exit(0 if line["ok"] else 1)


def listing(state: Annotated[str | None, typer.Option(help="draft, published or archived.")] = None) -> None:
    """The versions that there are, newest first, one JSON line each: فهرست فرم‌ها."""
    for line in _run(lambda ctx: _listed(ctx, state)):
        print(json.dumps(line, ensure_ascii=False, default=str))


def _run(work: "Callable[[Context], Any]") -> Any:
    from ops.context import run

    return run(work)


def _known() -> dict[str, frozenset[str]]:
    from server.standards.taxonomy import INCIDENTS, NEEDS

    return {"need": frozenset(NEEDS), "incident": frozenset(INCIDENTS)}


def _judged(file: Path, *, validate: bool) -> CompiledForm:
    try:
        data = file.read_bytes()
    except OSError as error:
        said = error.strerror or type(error).__name__
        problem = FormProblem(None, None, None, "file.missing", f"پرونده باز نشد: {said}", f"Not opened: {said}")
        return CompiledForm(problems=(problem,))
    if file.suffix.lower() == SUFFIX:
        form = compile_xform(data)
    else:
        form = compile_form(data, file.suffix, known=_known(), stem=file.stem)
    if not (validate and form.ok):
        return form
    from field_forms.validate import odk_validate

    said_by_odk = odk_validate(form.xml) or []
    if not said_by_odk:
        return form
    text = " ".join(said_by_odk)[:600]
    problem = FormProblem(None, None, None, "odk_validate", "داور ODK این فرم را نپذیرفت؛ متن انگلیسی را ببینید.", text)
    return replace(form, problems=(problem,))


def _line(file: Path, form: CompiledForm) -> dict[str, Any]:
    return {
        "file": str(file),
        "ok": form.ok,
        "errors": [_shown(problem) for problem in form.problems],
        "warnings": [_shown(problem) for problem in form.warnings],
        "form_id": form.form_id,
        "version": form.version,
    }


def _shown(problem: FormProblem) -> dict[str, Any]:
    return {
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "code": problem.code,
        "message": problem.message_en,
        "message_fa": problem.message_fa,
    }


async def _publish(
    ctx: "Context",
    form: CompiledForm,
    source: tuple[bytes, str],
    files: Sequence[tuple[str, bytes]],
    asked: tuple[str | None, str | None, str | None],
) -> dict[str, Any]:
    from server.forms import keys, publishing
    from server.kernel.errors import Problem

    content, suffix = source
    try:
        async with ctx.db.tx() as conn:
            new = publishing.ready(form, None if suffix == SUFFIX else content, suffix)
            row = await publishing.save(conn, new, _ACTOR)
            for name, given in files:
                kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
                await publishing.add_file(conn, row, name, kind, given)
            told = (*form.warnings, *await keys.warnings(conn, new.traits.public_key))
            said = {"warnings": [_shown(problem) for problem in told]}
            if asked[2] is None:
                return said | {"draft": True, "missing_files": await publishing.missing_files(conn, row)}
            scope = await _scope(conn, asked[0], asked[1])
            done = await publishing.release(conn, form.form_id, form.version, scope, _ACTOR)
    except Problem as problem:
        refused = FormProblem(None, None, None, problem.code, problem.fa, problem.en)
        if problem.code == "form.version_taken":
            refused = replace(refused, sheet="settings", row=2, column="version")
        return {"ok": False, "errors": [_shown(refused)]}
    return said | {"published": True, "known": done.known}


async def _scope(conn: "Conn", emergency: str | None, centre: str | None) -> "Scope":
    from server.emergencies.service import find
    from server.forms import key_queries
    from server.forms.form_queries import Scope
    from server.kernel.errors import not_found

    centre_id = await key_queries.centre(conn, centre) if centre else None
    if centre and centre_id is None:
        raise not_found("centre")
    return Scope(await find(conn, emergency) if emergency else None, centre_id)


async def _archive(ctx: "Context", form_id: str, version: str, asked: tuple[str | None, str | None]) -> dict[str, Any]:
    from server.forms import publishing
    from server.kernel.errors import Problem

    said = {"form_id": form_id, "version": version}
    try:
        async with ctx.db.tx() as conn:
            scope = await _scope(conn, *asked) if any(asked) else None
            done = await publishing.archive(conn, form_id, version, scope, _ACTOR)
    except Problem as problem:
        return {**said, "ok": False, "code": problem.code, "message": problem.en, "message_fa": problem.fa}
    return {**said, "ok": True, "archived": done}


async def _listed(ctx: "Context", state: str | None) -> list[dict[str, Any]]:
    from server.forms import form_queries
    from server.forms.form_shapes import listed

    async with ctx.db.tx() as conn:
        rows = await form_queries.versions(conn, state, None, 1_000, None)
        counts = await form_queries.counts(conn, [row["form_id"] for row in rows])
    return [listed(row, counts) for row in rows]
