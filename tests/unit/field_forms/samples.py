"""Small forms and submissions for the tests."""

from field_forms.builtin import compiled

META = "<meta><instanceID>uuid:7f0c2f0e-5a52-4b33-9d0b-0f5e7a3d1c11</instanceID></meta>"


def markdown_form(survey: str, choices: str = "", settings: str = "") -> bytes:
    """An XLSForm as a markdown table, the shortest way to write one."""
    sheet = "| settings |\n| | form_title | form_id | version |\n| | Test | test_form | 1 |\n"
    listed = f"| choices |\n{choices}\n" if choices else ""
    return f"| survey |\n{survey}\n{listed}{settings or sheet}".encode()


def rapid_needs(body: str, meta: str = META) -> bytes:
    """A submission of the built-in form."""
    version = compiled("rapid_needs").version
    return f"<?xml version='1.0' ?><data id='rapid_needs' version='{version}'>{body}{meta}</data>".encode()
