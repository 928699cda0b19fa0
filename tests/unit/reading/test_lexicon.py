"""The lexicon is sound: every pattern compiles, every code is of the taxonomy, each code has all three spellings."""

import re
import tomllib
from importlib.resources import files

import pytest

from server.reports.reading.lexicon import compile_pattern
from server.standards.taxonomy import INCIDENTS, NEEDS


def load(name: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    data = tomllib.loads(files("server.reports.reading").joinpath(f"data/{name}.toml").read_text(encoding="utf-8"))
    sets = data.pop("sets", {})
    return sets, data


@pytest.mark.parametrize("name", ["incidents", "needs", "signals"])
def test_every_pattern_compiles(name: str) -> None:
    sets, data = load(name)
    count = 0
    for parts in data.values():
        for lines in parts.values():
            for line in lines.splitlines():
                if line.strip() and not line.startswith("#"):
                    for prefix, source in compile_pattern(line.strip(), sets):
                        re.compile(source)
                        assert prefix[:1].isalnum(), line
                        count += 1
    assert count > 100


@pytest.mark.parametrize(("name", "codes"), [("incidents", INCIDENTS), ("needs", NEEDS)])
def test_every_code_in_both_scripts(name: str, codes: dict[str, object]) -> None:
    _, data = load(name)
    assert {c for c in data if not c.startswith("_")} == set(codes)
    for code, parts in data.items():
        words = " ".join(parts.values())
        assert re.search(r"[\u0600-\u06ff]", words), code
        assert re.search(r"[a-z]", words), code
