"""A model at work: numbers in, what it thinks of each message out. numpy alone; scikit-learn is not needed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.places.names import Folded
from server.reports.learning import features, labels
from server.reports.learning.features import BITS, LETTERS, RULES, WORDS, Batch
from server.reports.learning.fusing import Suggestion
from server.reports.learning.store import BadModel, Stored, arrays_of
from server.reports.reading import Reading

VIEW_WEIGHTS: Final = {WORDS: 1.0, LETTERS: 1.0, RULES: 0.3}
"""Words and letters are scaled to length one each; a rule's finding has this weight by itself."""
_MOST_LABELS: Final = 500
ONE_OF: Final = ("kind", "urgency")
"""Groups of labels of which a message bears exactly one."""


def weighted(batch: Batch, rows: npt.NDArray[np.int64], scale: npt.NDArray[np.float32]) -> tuple[Any, Any, Any]:
    """Return (doc, column, value) of the n-grams a model knows: tf-idf, each view of a message scaled to its length."""
    at = np.searchsorted(rows, batch.bucket)
    at[at == len(rows)] = 0
    keep = rows[at] == batch.bucket
    doc, column, view = batch.doc[keep], at[keep], batch.bucket[keep] >> BITS
    value = np.where(view == RULES, 1.0, 1.0 + np.log(batch.count[keep])) * scale[column]
    for one in (WORDS, LETTERS):
        mine = view == one
        length = np.sqrt(np.bincount(doc[mine], value[mine] ** 2, minlength=batch.docs))
        value[mine] *= VIEW_WEIGHTS[one] / length[doc[mine]]
    return doc, column, value.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of hashed n-grams for each label, and where each label begins.

    `rows` (sorted buckets), `scale` (a row's idf), `weights` (rows x labels), `bias` (labels), `thresholds`
    (2 x labels: for messages in the language most were learnt in, `lang`, and for the others).
    """

    name: str
    labels: tuple[str, ...]
    speaks: frozenset[str]
    lang: str
    rows: npt.NDArray[np.int64]
    scale: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    thresholds: npt.NDArray[np.float32]
    coarse: bool = False
    on_base: bool = False
    """Learnt from readings that the base model had helped with: it stands on it, not in its place."""

    def scores(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Return docs x labels: how far each message is on the label's side, before thresholds."""
        found = np.repeat(self.bias[None, :], batch.docs, axis=0)
        doc, column, value = weighted(batch, self.rows, self.scale)
        if len(doc):
            begins = np.flatnonzero(np.diff(doc, prepend=-1))
            found[doc[begins]] += np.add.reduceat(self.weights[column] * value[:, None], begins, axis=0)
        return found

    def suggest(self, texts: Sequence[str], readings: Sequence[Reading]) -> list[Suggestion]:
        """Say what the model thinks of messages that the rules have read."""
        if not texts:
            return []
        folded = [features.folded_of(text) for text in texts]
        over = margins(self.scores(features.batch_of(folded, readings)), readings, self.thresholds, self.lang)
        verdicts = [verdicts_of(self.labels, self.speaks, row) for row in over]
        new = [self._new(*pair) for pair in zip(readings, verdicts, strict=True)]
        spans = self._strongest(folded, new)
        return [Suggestion(self.name, *pair, self.coarse) for pair in zip(verdicts, spans, strict=True)]

    def all_labels(self, texts: Sequence[str], readings: Sequence[Reading]) -> list[dict[str, bool]]:
        """Say for every label of the model, also those it does not speak on, whether it would set it."""
        batch = features.batch_of([features.folded_of(text) for text in texts], readings)
        over = margins(self.scores(batch), readings, self.thresholds, self.lang)
        return [verdicts_of(self.labels, frozenset(self.labels), row) for row in over]

    def _new(self, reading: Reading, verdicts: Mapping[str, bool]) -> list[str]:
        """Return the labels that the rules did not see."""
        said = labels.of_reading(reading)
        return [label for label, yes in verdicts.items() if yes and not labels.says(said, label, coarse=self.coarse)]

    def _strongest(
        self, folded: Sequence[Folded], new: Sequence[Sequence[str]]
    ) -> list[dict[str, tuple[int, int] | None]]:
        """Return for each new label of each message the span of the word or pair that speaks most for it, or None."""
        spans: list[dict[str, tuple[int, int] | None]] = [{} for _ in folded]
        asked = [number for number, names in enumerate(new) if names]
        if not asked:
            return spans
        pieces = features.pieces_of([folded[number] for number in asked], letters=False)
        order = np.argsort(pieces.doc, kind="stable")
        at = np.searchsorted(self.rows, pieces.bucket[order])
        at[at == len(self.rows)] = 0
        scale = np.where(self.rows[at] == pieces.bucket[order], self.scale[at], 0.0)
        cuts = np.searchsorted(pieces.doc[order], np.arange(len(asked) + 1)).tolist()
        for number, begin, end in zip(asked, cuts, cuts[1:], strict=False):
            for label in new[number]:
                weight = self.weights[at[begin:end], self.labels.index(label)] * scale[begin:end]
                best = int(order[begin + int(np.argmax(weight))]) if weight.max(initial=0.0) > 0 else None
                spans[number][label] = (
                    None if best is None else folded[number].span(int(pieces.start[best]), int(pieces.end[best]))
                )
        return spans


def margins(
    scores: npt.NDArray[np.float32], readings: Sequence[Reading], thresholds: npt.NDArray[np.float32], lang: str
) -> npt.NDArray[np.float32]:
    """Return how far over its threshold each score is, by the language of each message."""
    which = np.array([0 if reading.lang == lang else 1 for reading in readings], dtype=np.int64)
    over: npt.NDArray[np.float32] = scores - thresholds[which]
    return over


def verdicts_of(names: Sequence[str], speaks: frozenset[str], row: npt.NDArray[np.float32]) -> dict[str, bool]:
    """Return yes or no for each label that speaks; of a group that one label is true of, the likeliest alone."""
    verdicts = {name: bool(value >= 0) for name, value in zip(names, row, strict=True) if name in speaks}
    for group in ONE_OF:
        mine = [(float(value), name) for name, value in zip(names, row, strict=True) if name.startswith(f"{group}.")]
        if mine and max(mine)[1] in speaks:
            verdicts |= {name: False for _, name in mine} | {max(mine)[1]: True}
    return verdicts


def opened(stored: Stored) -> Model:
    """Open a stored model. Raises BadModel when its arrays do not fit its card."""
    arrays, card = arrays_of(stored), stored.card
    names, speaks, lang = _names(card.get("labels")), _names(card.get("speaks")), str(card.get("lang"))
    rows, scale, weights, bias, thresholds = (
        _checked(arrays, name, dims)
        for name, dims in (("rows", 1), ("scale", 1), ("weights", 2), ("bias", 1), ("thresholds", 2))
    )
    count, of = len(rows), len(names)
    if scale.shape != (count,) or weights.shape != (count, of) or bias.shape != (of,) or thresholds.shape != (2, of):
        raise BadModel("its arrays do not fit together")
    if not count or np.any(np.diff(rows) <= 0):
        raise BadModel("its rows are in no order")
    allowed = frozenset(label for label in speaks if label in names and labels.known(label))
    return Model(
        f"{stored.name}@{stored.version}",
        tuple(names),
        allowed,
        lang,
        rows.astype(np.int64),
        scale.astype(np.float32),
        weights.astype(np.float32),
        bias.astype(np.float32),
        thresholds.astype(np.float32),
        card.get("coarse") is True,
        card.get("on_base") is True,
    )


def only_speaking(model: Model) -> Model:
    """Return a model without the labels that never speak: less to multiply. Groups of which one is true stay whole."""
    groups = {name.partition(".")[0] for name in model.speaks} & set(ONE_OF)
    keep = [i for i, n in enumerate(model.labels) if n in model.speaks or n.partition(".")[0] in groups]
    return Model(
        model.name,
        tuple(model.labels[i] for i in keep),
        model.speaks,
        model.lang,
        model.rows,
        model.scale,
        np.ascontiguousarray(model.weights[:, keep]),
        model.bias[keep],
        model.thresholds[:, keep],
        model.coarse,
        model.on_base,
    )


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > _MOST_LABELS or not all(isinstance(name, str) for name in value):
        raise BadModel("its card names no labels")
    return value


def _checked(arrays: Mapping[str, npt.NDArray[Any]], name: str, dims: int) -> npt.NDArray[Any]:
    part = arrays.get(name)
    if part is None or part.ndim != dims or part.dtype.kind not in "iuf" or not np.all(np.isfinite(part)):
        raise BadModel(f"array {name} is missing or no plain numbers")
    return part
