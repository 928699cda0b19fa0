"""Which sentences the interface says: gathered from templates and browser modules, to hold the catalogue
against.

`python -m server.pages.extract` prints what Persian still lacks, ready to be translated and put into
messages.po.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mapping.layers import LAYERS
from server.pages.i18n import catalogue

ROOT: Final = Path(__file__).parents[2]
_TEMPLATE: Final = re.compile(r"""(?<![\w.])_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
_SCRIPT: Final = re.compile(r"""(?<![\w.$])(?:t|m)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""")
_SOURCES: Final = (
    (ROOT / "server/pages/templates", "*.html", _TEMPLATE),
    (ROOT / "server/pages/client", "*.ts", _SCRIPT),
    (ROOT / "mapping/client", "*.ts", _SCRIPT),
)
#: Said through a variable, so that no pattern finds them: the names of roles.
SAID_BY_NAME: Final = (
    "gateway",
    "volunteer",
    "field",
    "dispatcher",
    "coordinator",
    "donor",
    "auditor",
    "admin",
    "applicant",
)


def sentences() -> dict[str, list[str]]:
    """Every English sentence of the interface with the files that say it, relative to the repository."""
    found: dict[str, list[str]] = {name: ["server/pages/extract.py"] for name in SAID_BY_NAME}
    found |= {layer.label: ["mapping/layers.py"] for layer in LAYERS}
    for path, pattern in _files():
        for match in pattern.finditer(path.read_text(encoding="utf-8")):
            raw = next(group for group in match.groups() if group is not None)
            found.setdefault(re.sub(r"\\(.)", r"\1", raw), []).append(str(path.relative_to(ROOT)))
    return found


def missing(lang: str) -> list[str]:
    """The sentences that `lang` does not say yet, in alphabetical order."""
    known = catalogue(lang)
    return sorted(one for one in sentences() if one not in known)


def _files() -> Iterator[tuple[Path, re.Pattern[str]]]:
    for folder, glob, pattern in _SOURCES:
        for path in sorted(folder.rglob(glob)):
            if not path.name.endswith(".test.ts"):
                yield path, pattern


def main() -> int:
    """Print the entries that Persian lacks; exit 1 when there are any."""
    lacking = missing("fa")
    for one in lacking:
        quoted = one.replace("\\", "\\\\").replace('"', '\\"')
        print(f'msgid "{quoted}"\nmsgstr ""\n')  # noqa: T201 - this is its result
    print(f"{len(lacking)} sentences lack Persian", file=sys.stderr)  # noqa: T201
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
