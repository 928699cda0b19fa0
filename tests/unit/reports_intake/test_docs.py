"""What intake can say stands in its page."""

import re
from pathlib import Path

from server.reports.rules import FLAGS
from server.reports.service import REASONS

REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = (REPOSITORY / "docs/intake.md").read_text(encoding="utf-8")
SOURCES = [
    *(REPOSITORY / "server/reports").glob("*.py"),
    *(REPOSITORY / "server/reports/importing").glob("*.py"),
    *(REPOSITORY / "server/emergencies").glob("*.py"),
    REPOSITORY / "ops/commands/imports.py",
]


def test_every_flag_and_reason_is_told() -> None:
    missing = [word for word in (*FLAGS, *REASONS) if f"`{word}`" not in PAGE]
    assert not missing


def test_every_problem_is_told() -> None:
    code = re.compile(r'Problem\(\s*(?:\d+,\s*)?"((?:report|emergency|import)\.[a-z_]+)"')
    found = {name for path in SOURCES for name in code.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 5
    assert not sorted(name for name in found if f"`{name}`" not in PAGE)
