"""Two sheets of one page must not both say what a class is: the map lies under whatever is added to all pages."""

import re
from pathlib import Path

PAGES, MAP = Path("server/pages/client/pages.css"), Path("mapping/client/map.css")
SHARED = {"chip", "code", "steps", "toasts", "top__slot", "why"}
"""Parts of all pages of which the map has a shade of its own; it says again all that it needs."""
_BARE = re.compile(r"\.([a-z][\w-]*)(?:\[[^\]]*\]|:[\w-]+(?:\([^)]*\))?)*")


def classes(whole: Path) -> set[str]:
    """The classes that a sheet and those it imports say something of by themselves."""
    found: set[str] = set()
    text = re.sub(r"/\*.*?\*/", "", whole.read_text(encoding="utf-8"), flags=re.DOTALL)
    for name in re.findall(r"@import '([^']+)'", text):
        found |= classes(whole.parent / name)
    for selectors in re.findall(r"([^{}]+)\{", text):
        found |= {m[1] for one in selectors.split(",") if (m := _BARE.fullmatch(one.strip()))}
    return found


def test_what_all_pages_have_does_not_dress_the_map() -> None:
    pages, of_map = classes(PAGES), classes(MAP)
    assert {"button", "badge"} <= pages
    assert {"bar", "mark", "stage"} <= of_map
    assert pages & of_map <= SHARED
