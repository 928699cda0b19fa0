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


def needs_media() -> Problem:
    """422: the form refers to files (pictures, sounds, CSV lists) that are not published with it yet."""
    return Problem(
        422,
        "form.needs_media",
        "The form needs files of its own (pictures, CSV lists), which cannot be published yet.",
        "این فرم به پروندهٔ همراه (عکس، فهرست CSV) نیاز دارد که هنوز منتشرشدنی نیست.",
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


CONSTRAINTS["uq_forms_form_id_version"] = version_taken
