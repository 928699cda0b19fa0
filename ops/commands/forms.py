"""`hamyar forms check` and `hamyar forms publish`: one JSON line a file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from field_forms.problems import FormProblem
from field_forms.xlsform import CompiledForm, compile_form
from ops.commands import forms_keys

if TYPE_CHECKING:
    from server.access.context import Context

Files = Annotated[list[Path], typer.Argument(help="XLSForms (.xlsx, .xls, .xlsm, .csv, .md).")]
Validate = Annotated[bool, typer.Option("--validate", help="Ask ODK Validate too (needs java).")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help="Field forms: check, publish. فرم‌های میدانی.")
    group.command("check")(check)
    group.command("publish")(publish)
    forms_keys.register(group)
    app.add_typer(group, name="forms")


def check(files: Files, *, validate: Validate = False) -> None:
    """Compile and judge XLSForms: بررسی فرم. Ends with 1 when one of them cannot be published."""
    lines = [_line(file, _judged(file, validate=validate)) for file in files]
    for line in lines:
        print(json.dumps(line, ensure_ascii=False))
    raise typer.Exit(0 if all(line["ok"] for line in lines) else 1)


def publish(file: Annotated[Path, typer.Argument(help="An XLSForm.")]) -> None:
    """Check a form, with ODK Validate where java is there, and give it to the phones: انتشار فرم."""
    form = _judged(file, validate=True)
    line = _line(file, form)
    if line["ok"]:
        from ops.context import run

        line |= run(lambda ctx: _publish(ctx, form, file.read_bytes()))
    print(json.dumps(line, ensure_ascii=False))
    raise typer.Exit(0 if line["ok"] else 1)


def _known() -> dict[str, frozenset[str]]:
    from server.standards.taxonomy import INCIDENTS, NEEDS

    return {"need": frozenset(NEEDS), "incident": frozenset(INCIDENTS)}


def _judged(file: Path, *, validate: bool) -> CompiledForm:
    from dataclasses import replace

    try:
        data = file.read_bytes()
    except OSError as error:
        said = error.strerror or type(error).__name__
        problem = FormProblem(None, None, None, "file.missing", f"پرونده باز نشد: {said}", f"Not opened: {said}")
        return CompiledForm(problems=(problem,))
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


async def _publish(ctx: "Context", form: CompiledForm, source: bytes) -> dict[str, Any]:
    from server.forms import publishing
    from server.kernel.errors import Problem

    try:
        async with ctx.db.tx() as conn:
            done = await publishing.publish(conn, form, source)
    except Problem as problem:
        said = FormProblem("settings", 2, "version", problem.code, problem.fa, problem.en)
        return {"ok": False, "errors": [_shown(said)]}
    return {"published": True, "known": done.known}
