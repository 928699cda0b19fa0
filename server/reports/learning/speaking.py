"""The model that speaks in this instance, as each process has it: loaded when it is first needed, anew when changed.

Without one nothing of numpy is loaded. A model that cannot be opened, or that breaks on a message, is silent: the rules
read on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from server.reports.learning.fusing import changed, fuse
from server.reports.reading import Reading

if TYPE_CHECKING:
    from server.reports.learning.model import Model

log = structlog.get_logger("learning")


@dataclass(frozen=True, slots=True)
class Helper:
    """A loaded model beside the rules."""

    model: "Model"

    def helped(self, texts: Sequence[str], readings: Sequence[Reading]) -> list[Reading]:
        """Return the readings with the model's labels; the rules' own where the model fails."""
        try:
            suggested = self.model.suggest(texts, readings)
            return [fuse(r, said, len(text)) for r, said, text in zip(readings, suggested, texts, strict=True)]
        except Exception as error:  # noqa: BLE001 - a model may come from anywhere; reports are read all the same
            log.warning("model.silent", model=self.model.name, kind=type(error).__name__)
            return list(readings)

    def stored(self, body: dict[str, Any], reading: Reading, fused: Reading) -> dict[str, Any]:
        """Add the model's version to a reading that it changed, as it is kept."""
        return body | {"model": self.model.name} if changed(reading, fused) else body


@dataclass(frozen=True, slots=True)
class _Loaded:
    stamp: tuple[int, int]
    helper: Helper | None


_loaded: dict[Path, _Loaded] = {}


def helper(home: Path) -> Helper | None:
    """Return the model that speaks now; None when none does. One look at a file when nothing has changed."""
    from server.reports.learning import active

    stamp = active.stamp(home)
    known = _loaded.get(home)
    if known is None or known.stamp != stamp:
        known = _loaded[home] = _Loaded(stamp, _load(home) if stamp != active.NONE else None)
    return known.helper


def _load(home: Path) -> Helper | None:
    from server.reports.learning import store
    from server.reports.learning.model import only_speaking, opened

    stored = store.active(home)
    if stored is None:
        return None
    try:
        model = only_speaking(opened(stored))
    except (store.BadModel, ValueError) as error:
        log.warning("model.unusable", model=f"{stored.name}@{stored.version}", kind=type(error).__name__)
        return None
    log.info("model.speaks", model=model.name, labels=len(model.speaks))
    return Helper(model) if model.speaks else None
