"""The forms that Hamyar brings with it."""

from functools import cache
from importlib.resources import files

from field_forms.xlsform import CompiledForm, compile_form

BUILTIN = ("rapid_needs", "incident", "household", "road_closure")
"""Ids of the built-in forms that need no file of the server; each is `forms/{id}.xlsx`."""
WITH_LISTS = ("distribution", "stock_count", "shelter_status", "volunteer_checkin", "follow_up")
"""Ids of those that choose from the lists of `lists.py`: a phone gets them only together with their files."""


def workbook(form_id: str) -> bytes:
    """The XLSForm of a built-in form. Raises KeyError for any other id."""
    if form_id not in BUILTIN + WITH_LISTS:
        raise KeyError(form_id)
    return files("field_forms").joinpath("forms", f"{form_id}.xlsx").read_bytes()


@cache
def compiled(form_id: str) -> CompiledForm:
    """A built-in form, compiled once a process."""
    return compile_form(workbook(form_id), ".xlsx")
