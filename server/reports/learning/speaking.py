"""The models that speak in this instance, as each process has them: loaded when first needed, anew when changed.

Beside the rules the base model speaks, shipped and taught by this project's own phrases; on it, or in its place, one
that was learnt here. A model that cannot be opened, or that breaks on a message, is silent: the rules read on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from server.reports.learning.fusing import changed, fuse
from server.reports.learning.labels import KINDS, URGENCIES, of_reading
from server.reports.learning.settling import settle
from server.reports.reading import OWN_SIGN, Reading
from server.reports.reading.model import Kind

if TYPE_CHECKING:
    from server.reports.learning.base_model import BaseModel
    from server.reports.learning.model import Model

log = structlog.get_logger("learning")

Again = Callable[[int, Kind], Reading]
"""Reads the n-th message once more by the rules, its kind being known."""


@dataclass(frozen=True, slots=True)
class Helper:
    """The loaded models beside the rules: the base, one that was learnt here, or both."""

    model: "Model | None"
    base: "BaseModel | None" = None

    @property
    def name(self) -> str:
        """Names of those who speak, with their versions."""
        return "+".join(one.name for one in (self.base, self.model) if one is not None)

    def helped(
        self,
        texts: Sequence[str],
        readings: Sequence[Reading],
        again: Again | None = None,
        spared: Sequence[frozenset[str]] = (),
    ) -> list[Reading]:
        """Return the readings with the models' labels; the rules' own where a model fails.

        `spared`: for each message labels that stay as the rules have them. Without `again` what the rules would find
        if they knew a kind is not looked for.
        """
        made = list(readings)
        if self.base is not None:
            made = self._settled(self.base, texts, made, again, spared)
        if self.model is not None:
            made = self._fused(self.model, texts, made, spared)
        return made

    def stored(self, body: dict[str, Any], reading: Reading, fused: Reading) -> dict[str, Any]:
        """Add the models' versions to a reading that they changed, as it is kept."""
        return body | {"model": self.name} if changed(reading, fused) else body

    def _settled(
        self,
        base: "BaseModel",
        texts: Sequence[str],
        readings: list[Reading],
        again: Again | None,
        spared: Sequence[frozenset[str]],
    ) -> list[Reading]:
        try:
            made = []
            for number, verdict in enumerate(base.suggest(texts, readings)):
                as_kind = partial(again, number) if again else partial(_as_it_is, readings[number])
                kept = spared[number] if spared else frozenset()
                made.append(settle(readings[number], verdict, as_kind, len(texts[number]), kept))
        except Exception as error:  # noqa: BLE001 - reports are read whatever a model does
            log.warning("model.silent", model=base.name, kind=type(error).__name__)
            return readings
        return made

    def _fused(
        self, model: "Model", texts: Sequence[str], readings: list[Reading], spared: Sequence[frozenset[str]]
    ) -> list[Reading]:
        try:
            suggested = model.suggest(texts, readings)
            if spared:
                suggested = [one.without(kept) for one, kept in zip(suggested, spared, strict=True)]
            return [fuse(r, said, len(text)) for r, said, text in zip(readings, suggested, texts, strict=True)]
        except Exception as error:  # noqa: BLE001 - a model may come from anywhere; reports are read all the same
            log.warning("model.silent", model=model.name, kind=type(error).__name__)
            return readings


def _as_it_is(reading: Reading, _kind: Kind) -> Reading:
    return reading


_KINDS: Final = frozenset(f"kind.{kind}" for kind in KINDS)
_URGENCIES: Final = frozenset(f"urgency.{level}" for level in URGENCIES)


def told_by_own(with_own: Reading, without: Reading) -> frozenset[str]:
    """Labels that coordinators' own words decided: no model knows better. Where they did, the kind is theirs too."""
    said = of_reading(with_own)
    decided = said ^ of_reading(without)
    for sign in with_own.signs:
        if sign.startswith(OWN_SIGN):
            label = sign.removeprefix(OWN_SIGN).replace("signal.vulnerable_", "vulnerable.")
            decided |= {label} & said
            decided |= _URGENCIES if label in ("signal.life", "signal.pressing") else frozenset()
    if decided or with_own.place != without.place:
        decided |= _KINDS | (_URGENCIES if decided & _URGENCIES else frozenset())
    return decided


@dataclass(frozen=True, slots=True)
class _Loaded:
    stamp: tuple[int, int]
    helper: Helper | None


_loaded: dict[Path, _Loaded] = {}


def helper(home: Path) -> Helper | None:
    """Return who speaks beside the rules now; None when nobody does. One look at a file when nothing has changed."""
    from server.reports.learning import active

    stamp = active.stamp(home)
    known = _loaded.get(home)
    if known is None or known.stamp != stamp:
        known = _loaded[home] = _Loaded(stamp, _load(home, chosen=stamp != active.NONE))
    return known.helper


def shipped() -> "BaseModel | None":
    """Return the base model; None, and a line in the log, when its file cannot be used."""
    from server.reports.learning.base_model import base
    from server.reports.learning.store import BadModel

    try:
        return base()
    except BadModel as error:
        log.warning("model.unusable", model="base", kind=type(error).__name__, why=str(error))
        return None


def _load(home: Path, *, chosen: bool) -> Helper | None:
    from server.reports.learning import store

    if chosen and store.rules_alone(home):
        log.info("model.speaks", model="rules", labels=0)
        return None
    model = _model(home) if chosen else None
    base = shipped() if model is None or model.on_base else None
    if base is None and model is None:
        return None
    found = Helper(model, base)
    log.info("model.speaks", model=found.name, labels=len(base.labels if base else model.speaks if model else ()))
    return found


def _model(home: Path) -> "Model | None":
    """Return the model that was learnt here and chosen to speak; None when there is none, or none that can be used."""
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
    return model if model.speaks else None
