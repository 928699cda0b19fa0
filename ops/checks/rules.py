"""The rules: file length, no foreign host in code, no path of a machine, no word that says "later"."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ops.localstack.layout import REPOSITORY

LONGEST = 400
CODE = {".py", ".ts", ".css", ".html", ".jinja", ".j2", ".sh", ".sql"}
# Lists of facts and of pins are as long as they are.
DATA = {".csv", ".json", ".lock", ".jsonl", ".po"}

ADDRESS = re.compile(r"\b(?:https?|wss?)://([A-Za-z0-9.\-]+\.[A-Za-z]{2,}|\d+(?:\.\d+){3})")
# Names in XML are spelled as addresses and never fetched; the rest is reserved for examples (RFC 2606, RFC 5737).
NAMESPACES = {
    "www.w3.org",
    "openrosa.org",
    "www.opendatakit.org",
    "opendatakit.org",
    "openid.net",
    "schemas.openxmlformats.org",
    "schemas.xmlsoap.org",
    "spatialreference.org",
    "www.opengis.net",
    "json-schema.org",
    "geojson.org",
    "xmlns.com",
    "purl.org",
}
RESERVED = re.compile(r"(^|\.)(example(\.(com|org|net))?|test|invalid|localhost)$|^(127\.|0\.0\.0\.0|192\.0\.2\.)")
LATER = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
# Somebody's own folder; a system's folders (/usr, /var, /tmp) are the same everywhere.
HOMES = re.compile(r"(?<![\w.$}])/(?:home|Users)/[a-z][\w-]*/|(?<![\w.])/root/\.")


@lru_cache(maxsize=4096)
def _text(path: Path) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8", errors="replace")


def length(path: Path) -> Iterator[str]:
    """Code files stay under 400 lines."""
    if path.suffix in CODE:
        lines = _text(path).count("\n")
        if lines > LONGEST:
            yield f"{lines} lines, {LONGEST} at most"


def hosts(path: Path) -> Iterator[str]:
    """Code names no host: an instance works with no internet. Words about the world (docs, facts) may cite."""
    if path.suffix not in CODE or path.name == Path(__file__).name:
        return
    cited = _docstring_lines(path)
    for number, line in enumerate(_text(path).splitlines(), 1):
        for host in ADDRESS.findall(line):
            known = host in NAMESPACES or RESERVED.search(host) is not None
            if not known and number not in cited and not _cites(line, path):
                yield f"line {number} names the host {host}"


def _docstring_lines(path: Path) -> set[int]:
    """Return the lines of a Python file's docstrings, where sources stand."""
    if path.suffix != ".py":
        return set()
    found: set[int] = set()
    for node in ast.walk(ast.parse(_text(path))):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            found |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return found


def _cites(line: str, path: Path) -> bool:
    """Whether the line is a comment that gives a source, or a test that must see a foreign host refused."""
    bare = line.strip()
    return bare.startswith(("#", "//", "*", "/*", "Source", "source")) or path.parts[0] == "tests"


def lock(path: Path) -> Iterator[str]:
    """Lock files pin versions, not the registry that one machine happened to use."""
    if path.name in {"package-lock.json", "requirements.lock", ".npmrc"}:
        for word in ('"resolved"', "--index-url", "--find-links", "registry="):
            if word in _text(path):
                yield f"names a registry ({word})"


def machine(path: Path) -> Iterator[str]:
    """No file bears a path of the machine it was written on."""
    text = _text(path)
    own = str(REPOSITORY)
    # A checkout in /src or /app says nothing; those words are everywhere.
    if own.count("/") > 1 and re.search(re.escape(own) + r"(?![\w-])", text):
        yield f"bears this checkout's path {own}"
    for found in HOMES.findall(text):
        yield f"bears a path of somebody's machine: {found}"


def words(path: Path) -> Iterator[str]:
    """Code is finished or an issue is open; it bears no reminders."""
    if path.suffix not in DATA:
        for number, line in enumerate(_text(path).splitlines(), 1):
            if LATER.search(line):
                yield f"line {number} says {LATER.findall(line)[0]}"


RULES = (length, hosts, lock, machine, words)
