"""The base model at work: taught by this project's own phrases alone, shipped with it, plain numbers in one file.

A linear model and a small net over what `base_seeing` sees; weights are whole numbers of eight bits. numpy alone.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.places.names import fold
from server.reports.learning import labels
from server.reports.learning.base_seeing import BITS, VIEWS, Seen, Sight, seen_of, sight
from server.reports.learning.features import MOST_CHARS
from server.reports.learning.labels import KINDS, URGENCIES
from server.reports.learning.settling import Verdict
from server.reports.learning.store import BadModel
from server.reports.reading import Reading

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

FOLDER: Final = Path(__file__).parent / "base"
NAME: Final = "base"
FORMAT: Final = 1
ONE_OF: Final = ("kind.", "urgency.")
_MOST_BYTES: Final = 50_000_000
_ARRAYS: Final = (
    "keys",
    "views",
    "scale",
    "weights",
    "step",
    "bias",
    "thresholds",
    "first",
    "first_step",
    "first_bias",
    "second",
)
_NOTHING: Final = np.zeros(0)
_VIEW_WEIGHT: Final = np.array([weight for _, weight in VIEWS], dtype=np.float32)


def valued(seen: Seen, keys: Ints, scale: Floats) -> tuple[Ints, Ints, Floats, Ints]:
    """Return (doc, row, value, word) of the features that are known: idf, each view of a message of its own length."""
    row = np.searchsorted(keys, seen.key)
    row[row == len(keys)] = 0
    keep = keys[row] == seen.key
    doc, row, view = seen.doc[keep], row[keep], seen.key[keep] >> BITS
    value = scale[row]
    place = doc * len(VIEWS) + view
    length = np.sqrt(np.bincount(place, value * value, minlength=seen.docs * len(VIEWS)))
    return doc, row, (value * _VIEW_WEIGHT[view] / length[place]).astype(np.float32), seen.word[keep]


@dataclass(frozen=True, slots=True, repr=False)
class BaseModel:
    """Weights of features by key, rows x (labels, then hidden units); the net's second layer; where labels begin."""

    name: str
    labels: tuple[str, ...]
    keys: Ints
    scale: Floats
    weights: Floats
    bias: Floats
    thresholds: Floats
    first_bias: Floats
    second: Floats
    known: frozenset[str] = frozenset()

    def over(self, texts: Sequence[str], readings: Sequence[Reading]) -> Floats:
        """Return messages x labels: how far over its threshold each label is."""
        over: Floats = self._weighed([sight(*pair) for pair in zip(texts, readings, strict=True)])[0]
        return over

    def suggest(self, texts: Sequence[str], readings: Sequence[Reading]) -> list[Verdict]:
        """Say what the model makes of messages that the rules have read."""
        if not texts:
            return []
        sights = [sight(*pair) for pair in zip(texts, readings, strict=True)]
        over, (doc, row, value, word) = self._weighed(sights)
        cuts = np.searchsorted(doc, np.arange(len(texts) + 1)).tolist()
        yes: list[list[str]] = [[] for _ in texts]
        for number, column in zip(*(part.tolist() for part in np.nonzero(over >= 0)), strict=True):
            yes[number].append(self.labels[column])
        kinds = over[:, self._columns("kind", KINDS)].tolist()
        levels = over[:, self._columns("urgency", URGENCIES)].tolist()
        verdicts = []
        for number, (text, reading) in enumerate(zip(texts, readings, strict=True)):
            said = labels.of_reading(reading)
            new = [name for name in yes[number] if name not in said and not name.startswith(ONE_OF)]
            mine = slice(cuts[number], cuts[number + 1])
            spans = self._spans(text, sights[number], new, row[mine], value[mine], word[mine]) if new else {}
            verdicts.append(
                Verdict(self.name, self.known, frozenset(yes[number]), kinds[number], levels[number], spans)
            )
        return verdicts

    def _columns(self, group: str, codes: Sequence[str]) -> list[int]:
        return [self.labels.index(f"{group}.{code}") for code in codes]

    def _weighed(self, sights: Sequence[Sight]) -> tuple[Floats, tuple[Ints, Ints, Floats, Ints]]:
        known = valued(seen_of(sights), self.keys, self.scale)
        doc, row, value, _ = known
        both = np.zeros((len(sights), self.weights.shape[1]), dtype=np.float32)
        cuts = np.searchsorted(doc, np.arange(len(sights) + 1)).tolist()
        # One message at a time: its rows fit into the processor's cache, those of a batch do not.
        for number, (begin, end) in enumerate(pairwise(cuts)):
            both[number] = value[begin:end] @ self.weights[row[begin:end]]
        of = len(self.labels)
        hidden = np.maximum(both[:, of:] + self.first_bias, 0)
        found = both[:, :of] + hidden @ self.second + (self.bias - self.thresholds)
        return found, known

    def _spans(
        self, text: str, one: Sight, new: Sequence[str], row: Ints, value: Floats, word: Ints
    ) -> dict[str, tuple[int, int]]:
        """Return for each new label the word of the original text that speaks most for it, if any does."""
        inside = word >= 0
        if not inside.any():
            return {}
        columns = [self.labels.index(name) for name in new]
        said = np.zeros((len(one.spans), len(new)), dtype=np.float32)
        np.add.at(said, word[inside], self.weights[row[inside]][:, columns] * value[inside, None])
        folded = fold(text[:MOST_CHARS])
        best = said.argmax(axis=0).tolist()
        return {
            name: folded.span(*one.spans[at])
            for column, (name, at) in enumerate(zip(new, best, strict=True))
            if said[at, column] > 0
        }


@lru_cache(maxsize=1)
def base() -> BaseModel:
    """Return the model that is shipped. Raises BadModel when its file cannot be used."""
    return opened(FOLDER)


def opened(folder: Path) -> BaseModel:
    """Open a base model: a bounded zip of plain arrays and its card. Raises BadModel."""
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        arrays = _arrays(folder / "base.npz")
        names, version = card["labels"], str(card["version"])
        if card["format"] != FORMAT or card["views"] != [name for name, _ in VIEWS]:
            raise BadModel("made for another reading")
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise error if isinstance(error, BadModel) else BadModel("its file cannot be read") from error
    if not isinstance(names, list) or not all(isinstance(n, str) and labels.known(n) for n in names):
        raise BadModel("its card names labels that nobody knows")
    part = {name: arrays.get(name, _NOTHING) for name in _ARRAYS}
    hidden = part["first_step"].size
    shapes: dict[str, tuple[int, ...]] = {"first_bias": (hidden,)}
    shapes |= {"step": (len(names),), "bias": (len(names),), "thresholds": (len(names),)}
    shapes |= {"second": (hidden, len(names)), "first": (part["keys"].size, hidden)}
    if any(part[name].shape != shape for name, shape in shapes.items()):
        raise BadModel("its arrays do not fit its card")
    low, views, scale, weights = (part[name] for name in ("keys", "views", "scale", "weights"))
    if not low.size or not low.shape == views.shape == scale.shape or weights.shape != (low.size, len(names)):
        raise BadModel("its arrays do not fit together")
    keys = low.astype(np.int64) | views.astype(np.int64) << BITS
    if np.any(np.diff(keys) <= 0):
        raise BadModel("its rows are in no order")
    weights, first = weights.astype(np.float32) * part["step"], part["first"].astype(np.float32) * part["first_step"]
    return BaseModel(
        f"{NAME}@{version}",
        tuple(names),
        keys,
        scale.astype(np.float32),
        np.ascontiguousarray(np.concatenate([weights, first], axis=1)),
        part["bias"].astype(np.float32),
        part["thresholds"].astype(np.float32),
        part["first_bias"].astype(np.float32),
        part["second"].astype(np.float32),
        frozenset(names),
    )


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    found: dict[str, npt.NDArray[Any]] = {}
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
            raise BadModel("too large for a model")
        for member in archive.infolist():
            raw = io.BytesIO(archive.read(member))
            array = np.lib.format.read_array(raw, allow_pickle=False)
            if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
                raise BadModel("it holds what is no plain number")
            found[member.filename.removesuffix(".npy")] = array
    return found
