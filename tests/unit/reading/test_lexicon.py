"""The lexicon is sound: every pattern compiles, every code is of the taxonomy, each code has all three spellings."""

import re
import tomllib
from importlib.resources import files

import pytest

from server.reports.reading.lexicon import Lexicon
from server.standards.taxonomy import INCIDENTS, NEEDS
from tests.support.pattern_regex import compile_pattern, lexicon_lines

LINES = lexicon_lines()


def load(name: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    data = tomllib.loads(files("server.reports.reading").joinpath(f"data/{name}.toml").read_text(encoding="utf-8"))
    sets = data.pop("sets", {})
    return sets, data


def test_every_pattern_is_one_and_begins_with_a_word() -> None:
    Lexicon().compile()
    count = 0
    for group, code, part, line in LINES:
        Lexicon([(group, code, part, line)]).compile()
        for prefix, _ in compile_pattern(line):
            assert prefix[:1].isalnum(), line
            count += 1
    assert count > 5000


@pytest.mark.parametrize(("name", "codes"), [("incidents", INCIDENTS), ("needs", NEEDS)])
def test_every_code_in_both_scripts(name: str, codes: dict[str, object]) -> None:
    _, data = load(name)
    assert {c for c in data if not c.startswith("_")} == set(codes)
    for code, parts in data.items():
        words = " ".join(parts.values())
        assert re.search(r"[\u0600-\u06ff]", words), code
        assert re.search(r"[a-z]", words), code
