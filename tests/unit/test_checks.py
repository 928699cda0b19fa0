"""Our own checks: each must be able to fail."""

from pathlib import Path

import pytest

from ops.checks import rules


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(rules, "REPOSITORY", tmp_path)
    rules._text.cache_clear()

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return Path(name)

    yield put
    rules._text.cache_clear()


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (rules.length, "a.py", "x = 1\n" * 401),
        (rules.hosts, "server/a.py", 'URL = "https://cdn.jsdelivr.net/x.js"\n'),
        (rules.hosts, "mapping/client/a.ts", "fetch(`https://tile.openstreetmap.org/${z}`)\n"),
        (rules.hosts, "server/a.html", '<script src="http://203.0.113.9/x.js"></script>\n'),
        (rules.lock, "package-lock.json", '{"resolved": "https://registry.example/x.tgz"}'),
        (rules.lock, "requirements.lock", "--index-url https://pypi.example/simple\n"),
        (rules.machine, "docs/a.md", f"run it in /{'home'}/somebody/code/\n"),
        (rules.words, "server/a.py", "# " + "TO" + "DO later\n"),
    ],
)
def test_a_breach_is_found(write, rule, name, text) -> None:
    assert list(rule(write(name, text)))


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (rules.length, "a.py", "x = 1\n" * 400),
        (rules.length, "docs/a.md", "x\n" * 4000),
        (rules.hosts, "server/a.py", '"""Source: https://www.rfc-editor.org/rfc/rfc9457."""\n'),
        (rules.hosts, "server/a.py", "# https://proj.org/ says so\nx = 1\n"),
        (rules.hosts, "server/a.py", 'NS = "http://www.w3.org/2002/xforms"\nU = "http://127.0.0.1:8000"\n'),
        (rules.hosts, "docs/a.md", "see https://odk.org\n"),
        (rules.machine, "docs/a.md", "/usr/lib/postgresql and /tmp/x and ~/code\n"),
        (rules.words, "server/a.py", "# todos are a table of ours\n"),
    ],
)
def test_what_is_allowed_passes(write, rule, name, text) -> None:
    assert list(rule(write(name, text))) == []


def test_the_checkouts_own_path_is_found(write, tmp_path: Path) -> None:
    assert list(rules.machine(write("docs/a.md", f"cd {tmp_path} && make\n")))
