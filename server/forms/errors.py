"""What can be wrong with a publication or a request of a phone."""

from collections.abc import Sequence

from field_forms.problems import FormProblem
from server.kernel.errors import CONSTRAINTS, Problem


def version_taken() -> Problem:
    """409: phones know a version by its number, so the same number may not mean two forms."""
    return Problem(
        409,
        "form.version_taken",
        "This version of the form was published with other content; give the form a new version.",
        "این شمارهٔ نسخه با محتوای دیگری منتشر شده است؛ به فرم شمارهٔ نسخهٔ تازه بدهید.",
    )


def needs_media(names: Sequence[str]) -> Problem:
    """422: the form refers to files (pictures, sounds, CSV lists) that are neither its own nor the server's."""
    shown = ", ".join(names[:10])
    return Problem(
        422,
        "form.needs_media",
        f"The form needs files that are not here; add them to this version first: {shown}",
        f"این فرم به پرونده‌هایی نیاز دارد که نیامده است؛ نخست به همین نسخه بیفزایید: {shown}",
        extra={"files": list(names)},
    )


def media_too_large() -> Problem:
    """413: a file that no phone in the field should have to fetch."""
    return Problem(
        413,
        "form.media_too_large",
        "A file of a form may have 10 MB at most.",
        "پروندهٔ همراه فرم بیش از ۱۰ مگابایت نمی‌تواند باشد.",
    )


def media_unwanted(name: str) -> Problem:
    """422: no question of the form names this file."""
    return Problem(
        422,
        "form.media_unwanted",
        f"The form does not name a file {name!r}.",
        f"این فرم پرونده‌ای به نام «{name}» نمی‌خواهد.",
    )


def not_a_draft() -> Problem:
    """409: what was published stays as it is."""
    return Problem(
        409,
        "form.not_a_draft",
        "A version that was published never changes; upload a new version.",
        "نسخه‌ای که منتشر شده دیگر دگرگون نمی‌شود؛ نسخهٔ تازه‌ای بفرستید.",
    )


def out_of_reach() -> Problem:
    """403: bound to one emergency or centre, and publishing beyond it."""
    return Problem(
        403,
        "form.out_of_reach",
        "You may publish only to your own emergency and centre.",
        "تنها برای عملیات و مرکز خودتان می‌توانید منتشر کنید.",
    )


def not_publishable(problems: Sequence[FormProblem]) -> Problem:
    """422: the form has problems; `extra.problems` names each with its place."""
    return Problem(
        422,
        "form.not_publishable",
        f"The form cannot be published: {problems[0].message_en}",
        f"این فرم منتشرشدنی نیست: {problems[0].message_fa}",
        extra={"problems": [problem.as_dict() for problem in problems]},
    )


def not_valid(said: Sequence[str]) -> Problem:
    """422: ODK Validate, the judge that phones agree with, refuses the form; its words are English."""
    text = " ".join(said)[:600]
    return Problem(
        422,
        "odk_validate",
        f"ODK Validate refuses the form: {text}",
        f"داور ODK این فرم را نپذیرفت: {text}",
        extra={"problems": [FormProblem(None, None, None, "odk_validate", text, text).as_dict()]},
    )


CONSTRAINTS["uq_forms_form_id_version"] = version_taken
