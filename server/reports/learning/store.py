"""Models on disk: `HAMYAR_HOME/models/<name>/` holds versions, each one file of plain arrays and its card.

A model file may come from a stranger's stick: it is a zip of .npy arrays of numbers, opened without pickle, every shape
checked, so that opening one runs nothing. What speaks is named in `active.json`.
"""

import io
import json
import os
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.reports.learning.active import FILE as ACTIVE
from server.reports.learning.active import folder_of

FORMAT: Final = 1
RULES: Final = "rules"
"""Chosen instead of a model's name: the rules alone."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VERSION: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z(-[0-9]+)?")
_TAKEN: Final = frozenset({RULES, "none", "base", "active"})
_MOST_BYTES: Final = 400_000_000
_MOST_MEMBERS: Final = 64
_HALF_MADE_S: Final = 3600

Arrays = Mapping[str, npt.NDArray[Any]]


class BadModel(ValueError):
    """A model that is not there or cannot be trusted; the text says why."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a model: where it lies and what its card says."""

    name: str
    version: str
    folder: Path
    card: dict[str, Any]


def valid_name(name: str) -> bool:
    """Tell whether a model may bear this name: it becomes a folder."""
    return _NAME.fullmatch(name) is not None and name not in _TAKEN


def save(home: Path, name: str, version: str, arrays: Arrays, card: Mapping[str, Any]) -> Stored:
    """Write a new version: it is there whole or not at all. Raises BadModel for a name that is none."""
    if not valid_name(name):
        raise BadModel(f"no name for a model: {name!r}")
    models = folder_of(home) / name
    models.mkdir(parents=True, exist_ok=True)
    numbered = version
    while (models / numbered).exists():
        numbered = f"{version}-{int(numbered[len(version) + 1 :] or 1) + 1}"
    card = dict(card) | {"format": FORMAT, "name": name, "version": numbered}
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=models))
    with (making / "arrays.npz").open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **dict(arrays))
        _flush(stream)
    with (making / "card.json").open("w", encoding="utf-8") as text:
        json.dump(card, text, ensure_ascii=False, indent=1)
        _flush(text)
    making.chmod(0o755)
    making.rename(models / numbered)
    _flush_folder(models)
    return Stored(name, numbered, models / numbered, card)


def every(home: Path) -> Iterator[Stored]:
    """Yield every model there is, by name, the newest version first; what has no readable card is passed over."""
    models = folder_of(home)
    for folder in sorted(models.iterdir()) if models.is_dir() else ():
        if folder.is_dir() and valid_name(folder.name):
            yield from _versions(folder)


def newest(home: Path, name: str) -> Stored:
    """Return the newest version of a model, or the one of `name@version`. Raises BadModel."""
    name, _, version = name.partition("@")
    if valid_name(name):
        for stored in _versions(folder_of(home) / name):
            if version in ("", stored.version):
                return stored
    raise BadModel("there is no model of this name")


def active(home: Path) -> Stored | None:
    """Return the model that speaks in this instance; None when none does, or when it is no longer there."""
    try:
        said = json.loads((folder_of(home) / ACTIVE).read_text(encoding="utf-8"))
        return newest(home, f"{said['name']}@{said['version']}")
    except (OSError, ValueError, KeyError, TypeError):
        return None


def rules_alone(home: Path) -> bool:
    """Tell whether somebody has chosen that no model speaks here, not even the base."""
    try:
        return bool(json.loads((folder_of(home) / ACTIVE).read_text(encoding="utf-8"))["name"] == RULES)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def activate(home: Path, stored: Stored | None) -> None:
    """Let a model speak from the next message on; None leaves the base model alone."""
    if stored is None:
        (folder_of(home) / ACTIVE).unlink(missing_ok=True)
        return
    _choose(home, {"name": stored.name, "version": stored.version})


def silence(home: Path) -> None:
    """Let no model speak from the next message on, not even the base: the rules alone."""
    _choose(home, {"name": RULES})


def _choose(home: Path, chosen: Mapping[str, str]) -> None:
    models = folder_of(home)
    models.mkdir(parents=True, exist_ok=True)
    making = models / f".{ACTIVE}.{os.getpid()}"
    with making.open("w", encoding="utf-8") as stream:
        json.dump(chosen, stream)
        _flush(stream)
    making.replace(models / ACTIVE)
    _flush_folder(models)


def forget(home: Path, name: str, keep: int) -> None:
    """Remove all but the newest `keep` versions of a model, and what a killed process left; never what speaks."""
    speaking = active(home)
    models = folder_of(home) / name
    for old in list(_versions(models))[keep:]:
        if speaking is None or speaking.folder != old.folder:
            shutil.rmtree(old.folder, ignore_errors=True)
    for half in models.glob(".making-*"):
        if time.time() - half.stat().st_mtime > _HALF_MADE_S:
            shutil.rmtree(half, ignore_errors=True)


def arrays_of(stored: Stored) -> dict[str, npt.NDArray[Any]]:
    """Open a model's arrays. Raises BadModel for anything but a bounded zip of plain arrays."""
    path = stored.folder / "arrays.npz"
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(m.file_size for m in members) > _MOST_BYTES:
                raise BadModel("too large for a model")
            found = {}
            for member in members:
                raw = io.BytesIO(archive.read(member))
                found[member.filename.removesuffix(".npy")] = np.lib.format.read_array(raw, allow_pickle=False)
            return found
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise error if isinstance(error, BadModel) else BadModel("its arrays cannot be read") from error


def _versions(folder: Path) -> Iterator[Stored]:
    names = (
        sorted((f.name for f in folder.iterdir() if _VERSION.fullmatch(f.name)), key=_age) if folder.is_dir() else []
    )
    for version in reversed(names):
        try:
            card = json.loads((folder / version / "card.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(card, dict) and card.get("format") == FORMAT:
            yield Stored(folder.name, version, folder / version, card)


def _age(version: str) -> tuple[str, int]:
    stamp, _, again = version.partition("-")
    return stamp, int(again or 1)


def _flush(stream: Any) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
