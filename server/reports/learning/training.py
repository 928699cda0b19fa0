"""Learning: linear support vector machines over hashed n-grams and the rules' findings, one a label, measured in folds.

Every figure and every threshold comes from folds that the machine behind it never saw; a label speaks only if the
reading with it beats the reading without it. scikit-learn is imported here alone, by those who learn.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.reports.learning import features, fusing, labels
from server.reports.learning.corpus import Corpus, Line
from server.reports.learning.features import BITS, RULES, Batch
from server.reports.learning.model import Model, margins, verdicts_of, weighted
from server.reports.learning.scores import best_threshold, f1, wins
from server.reports.reading import RULES_VERSION, Reading

FOLDS: Final = 5
LEAST_LINES: Final = 30
LEAST_TRUE: Final = 8
"""A label with fewer true lines is not learnt: there is nothing to measure it on."""
LEAST_GROUPS: Final = 3
"""An n-gram seen in fewer different messages is not kept: it would speak of one message, perhaps of one person."""
MARGIN: Final = 0.02
"""By how much F1 must be better before a label speaks."""
FOLDS_WON: Final = 4
_COST: Final = 0.1
_MOST_ROWS: Final = 400_000
_APART: Final = 40
"""True lines beside the main language before these get a threshold of their own."""

Talk = Callable[[str], None]
Matrix = Any
Bools = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Lines with what the rules read in them, as numbers."""

    lines: Sequence[Line]
    readings: Sequence[Reading]
    batch: Batch
    folds: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]

    def lang(self) -> str:
        """Return the language most lines are in."""
        said = [reading.lang for reading in self.readings]
        return max(sorted(set(said)), key=said.count)


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model, its card without name and version, and how each line scored in the fold that did not see it."""

    model: Model
    card: dict[str, Any]
    held_out: Scores
    prepared: Prepared


def prepare(lines: Sequence[Line], read: Callable[[str], Reading], talk: Talk = lambda _: None) -> Prepared:
    """Read the lines by the rules and turn them into numbers."""
    readings = []
    for number, line in enumerate(lines, start=1):
        readings.append(read(line.text))
        if number % 5000 == 0:
            talk(f"{number} of {len(lines)} lines read")
    parts = []
    for start in range(0, len(lines), 512):
        chosen = lines[start : start + 512]
        folded = [features.folded_of(line.text) for line in chosen]
        parts.append((start, features.batch_of(folded, readings[start : start + 512])))
    batch = Batch(
        len(lines),
        np.concatenate([part.doc + start for start, part in parts]),
        np.concatenate([part.bucket for _, part in parts]),
        np.concatenate([part.count for _, part in parts]),
    )
    known = {group: number for number, group in enumerate(dict.fromkeys(line.group for line in lines))}
    group = np.array([known[line.group] for line in lines], dtype=np.int64)
    return Prepared(lines, readings, batch, folds_of(lines), group)


def folds_of(lines: Sequence[Line]) -> npt.NDArray[np.int64]:
    """Return the fold of each line; lines of one group are never torn apart."""
    return np.array([zlib.crc32(line.group.encode()) % FOLDS for line in lines], dtype=np.int64)


def learn(corpus: Corpus, read: Callable[[str], Reading], talk: Talk = lambda _: None) -> Learnt:
    """Learn every label of a corpus that occurs often enough. Raises ValueError when there is too little."""
    if len(corpus.lines) < LEAST_LINES:
        raise ValueError(f"{len(corpus.lines)} lines are too few to learn from: at least {LEAST_LINES}")
    prepared = prepare(corpus.lines, read, talk)
    names, rare = _learnable(prepared.lines, sorted(corpus.asked))
    if not names:
        raise ValueError("no label occurs often enough to be learnt")
    rows, scale = vocabulary(prepared)
    matrix = matrix_of(prepared.batch, rows, scale)
    truth = truth_of(prepared.lines, names)
    held_out, weights, bias = _fit_all(matrix, truth, prepared.folds, talk)
    lang = prepared.lang()
    thresholds = _thresholds(held_out, truth, prepared, lang)
    draft = Model("draft@0", names, frozenset(), lang, rows, scale, weights, bias, thresholds, corpus.coarse)
    figures, speaks = judge(prepared, draft, held_out, truth)
    card = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rules": RULES_VERSION,
        "lines": len(prepared.lines),
        "messages": len(set(prepared.group.tolist())),
        "lang": lang,
        "coarse": corpus.coarse,
        "labels": list(names),
        "speaks": sorted(speaks),
        "too_rare": rare,
        "names": dict(corpus.names),
        "rows": len(rows),
        "figures": figures,
    }
    model = Model("draft@0", names, speaks, lang, rows, scale, weights, bias, thresholds, corpus.coarse)
    return Learnt(model, card, held_out, prepared)


def arrays_of(model: Model) -> dict[str, npt.NDArray[Any]]:
    """Return what is stored of a model; half precision moves no score by a thousandth."""
    return {
        "rows": model.rows.astype(np.int32),
        "scale": model.scale,
        "weights": model.weights.astype(np.float16),
        "bias": model.bias,
        "thresholds": model.thresholds,
    }


def against(learnt: Learnt, rival: Model | None, theirs: Prepared | None = None) -> tuple[float, float]:
    """Return micro-F1 of the new model's readings in held-out folds, and of the rival's (or the rules').

    Over all labels but urgency, which follows from the others. A rival may have learnt from some of these lines: it is
    favoured, so nothing is replaced without need. `theirs`: the lines as the rival reads them, if it does not stand on
    what the new model stands on.
    """
    model, prepared = learnt.model, learnt.prepared
    truth = truth_of(prepared.lines, model.labels)
    over = margins(learnt.held_out, prepared.readings, model.thresholds, model.lang)
    new = fused_by(prepared.readings, model, model.speaks, over)
    old = list(prepared.readings)
    if rival is not None:
        seen = theirs or prepared
        over = margins(rival.scores(seen.batch), seen.readings, rival.thresholds, rival.lang)
        old = fused_by(seen.readings, rival, rival.speaks, over)
    own = [not name.startswith("urgency.") for name in model.labels]
    figures = [f1(truth[:, own], said_by(readings, model.labels)[:, own]) for readings in (new, old)]
    return _round(figures[0]), _round(figures[1])


def truth_of(lines: Sequence[Line], names: Sequence[str]) -> Bools:
    """Return lines x labels: what is true of each."""
    return np.array([[name in line.labels for name in names] for line in lines], dtype=bool)


def vocabulary(prepared: Prepared) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the buckets worth keeping, sorted, and the inverse document frequency of each."""
    batch = prepared.batch
    seen = np.bincount(batch.bucket, minlength=3 << BITS)
    pairs = np.unique(prepared.group[batch.doc] << (BITS + 2) | batch.bucket)
    apart = np.bincount(pairs & ((1 << (BITS + 2)) - 1), minlength=3 << BITS)
    rows = np.flatnonzero(apart >= LEAST_GROUPS)
    if len(rows) > _MOST_ROWS:
        rows = np.sort(rows[np.argsort(-seen[rows], kind="stable")[:_MOST_ROWS]])
    scale = np.log((batch.docs + 1) / (seen[rows] + 1)) + 1
    scale[rows >> BITS == RULES] = 1.0
    return rows, scale.astype(np.float32)


def matrix_of(batch: Batch, rows: npt.NDArray[np.int64], scale: npt.NDArray[np.float32]) -> Matrix:
    """Return the messages as a sparse matrix, docs x rows."""
    from scipy.sparse import csr_matrix

    doc, column, value = weighted(batch, rows, scale)
    return csr_matrix((value, (doc, column)), shape=(batch.docs, len(rows)))


def judge(
    prepared: Prepared, model: Model, held_out: Scores, truth: Bools
) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """Measure on the held-out folds what fusing would do, label by label; return the figures and who may speak.

    Labels of a group of which exactly one is true (kind, urgency) speak together or not at all.
    """
    rules = said_by(prepared.readings, model.labels, coarse=model.coarse)
    over = margins(held_out, prepared.readings, model.thresholds, model.lang)
    alone = np.array([[v[n] for n in model.labels] for v in _verdicts(model.labels, frozenset(model.labels), over)])
    able = frozenset(name for name in model.labels if labels.known(name))
    fused = said_by(fused_by(prepared.readings, model, able, over), model.labels, coarse=model.coarse)
    better = {
        name: _better(truth[:, j], fused[:, j], rules[:, j], prepared.folds)
        for j, name in enumerate(model.labels)
        if name in able
    }
    for group in ("kind", "urgency"):
        mine = [j for j, name in enumerate(model.labels) if name.startswith(f"{group}.")]
        whole = bool(mine) and _better_together(truth[:, mine], fused[:, mine], rules[:, mine], prepared.folds)
        better |= {model.labels[j]: whole for j in mine}
    speaks = frozenset(name for name, yes in better.items() if yes)
    final = said_by(fused_by(prepared.readings, model, speaks, over), model.labels, coarse=model.coarse)
    figures = []
    for j, name in enumerate(model.labels):
        ours, theirs = truth[:, j], alone[:, j]
        figures.append(
            {"label": name, "true": int(ours.sum()), "rules": _round(f1(ours, rules[:, j])) if name in able else None}
            | {"model": _round(f1(ours, theirs)), "fused": _round(f1(ours, final[:, j])) if name in able else None}
            | {"speaks": name in speaks}
        )
    return figures, speaks


def said_by(readings: Sequence[Reading], names: Sequence[str], *, coarse: bool = False) -> Bools:
    """Return readings x labels: what they say."""
    found = [labels.of_reading(reading) for reading in readings]
    return np.array([[labels.says(said, name, coarse=coarse) for name in names] for said in found], dtype=bool)


def fused_by(readings: Sequence[Reading], model: Model, speaks: frozenset[str], over: Scores) -> list[Reading]:
    """Return the readings with the model's labels."""
    return [
        fusing.fuse(reading, fusing.Suggestion("draft@0", verdicts, coarse=model.coarse))
        for reading, verdicts in zip(readings, _verdicts(model.labels, speaks, over), strict=True)
    ]


def _verdicts(names: Sequence[str], speaks: frozenset[str], over: Scores) -> list[dict[str, bool]]:
    return [verdicts_of(names, speaks, row) for row in over]


def _learnable(lines: Sequence[Line], asked: Sequence[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    count = {name: len({line.group for line in lines if name in line.labels}) for name in asked}
    enough = tuple(n for n in asked if count[n] >= LEAST_TRUE and any(n not in line.labels for line in lines))
    return enough, {name: count[name] for name in asked if name not in enough}


def _fit_all(matrix: Matrix, truth: Bools, folds: npt.NDArray[np.int64], talk: Talk) -> tuple[Scores, Any, Any]:
    """Return (scores of each line by a machine that did not see it, weights, bias of machines that saw all)."""
    held_out = np.zeros(truth.shape, dtype=np.float32)
    for fold in range(FOLDS):
        out = folds == fold
        if out.any() and not out.all():
            inside, outside = matrix[~out], matrix[out]
            for j in range(truth.shape[1]):
                weights, bias = _fit(inside, truth[~out, j])
                held_out[out, j] = outside @ weights + bias
        talk(f"fold {fold + 1} of {FOLDS} measured")
    fitted = [_fit(matrix, truth[:, j]) for j in range(truth.shape[1])]
    stacked = np.stack([weights for weights, _ in fitted], axis=1)
    return held_out, stacked.astype(np.float32), np.array([bias for _, bias in fitted], dtype=np.float32)


def _fit(matrix: Matrix, truth: Bools) -> tuple[npt.NDArray[np.float32], float]:
    """Fit one label: squared hinge, dual; nothing to tell apart gives a machine that says no."""
    from sklearn.svm import LinearSVC

    if truth.all() or not truth.any():
        return np.zeros(matrix.shape[1], dtype=np.float32), 1.0 if truth.all() else -1.0
    machine = LinearSVC(C=_COST, dual=True, random_state=1, max_iter=2000).fit(matrix, truth)
    return machine.coef_[0].astype(np.float32), float(machine.intercept_[0])


def _thresholds(held_out: Scores, truth: Bools, prepared: Prepared, lang: str) -> Scores:
    """Choose where each label begins, in the main language and beside it: the median over folds left out in turn."""
    main = np.array([reading.lang == lang for reading in prepared.readings])
    found = np.zeros((2, truth.shape[1]), dtype=np.float32)
    for j in range(truth.shape[1]):
        for row, part in enumerate((main, ~main)):
            own = part if truth[part, j].sum() >= _APART else np.ones(len(main), dtype=bool)
            found[row, j] = best_threshold(truth[own, j], held_out[own, j], prepared.folds[own])
    return found


def _better(truth: Bools, new: Bools, old: Bools, folds: npt.NDArray[np.int64]) -> bool:
    gain = f1(truth, new) - f1(truth, old)
    return gain >= MARGIN and wins(truth, new, old, folds) >= FOLDS_WON


def _better_together(truth: Bools, new: Bools, old: Bools, folds: npt.NDArray[np.int64]) -> bool:
    right_new, right_old = (truth == new).all(axis=1), (truth == old).all(axis=1)
    won = sum(right_new[folds == k].mean() > right_old[folds == k].mean() for k in range(FOLDS) if (folds == k).any())
    return bool(right_new.mean() - right_old.mean() >= MARGIN and won >= FOLDS_WON)


def _round(value: float) -> float:
    return round(value, 4)
