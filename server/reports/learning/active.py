"""Which model speaks, asked for cheaply: no library is loaded to learn that none does."""

from pathlib import Path
from typing import Final

NONE: Final = (0, 0)
FILE: Final = "active.json"


def folder_of(home: Path) -> Path:
    """Where an instance keeps its models."""
    return home / "models"


def stamp(home: Path) -> tuple[int, int]:
    """Return what changes when another model is activated; NONE when none speaks."""
    try:
        found = (folder_of(home) / FILE).stat()
    except OSError:
        return NONE
    return (found.st_mtime_ns, found.st_ino)
