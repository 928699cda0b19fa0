"""A model measured on lines that it never saw, beside the rules and beside plain TF-IDF with logistic regression."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from server.reports.learning.corpus import Line
from server.reports.learning.fusing import fuse
from server.reports.learning.model import Model
from server.reports.learning.scores import Bools, Ints, best_threshold, f1
from server.reports.learning.training import FOLDS, said_by, truth_of
from server.reports.reading import Reading

_BATCH: Final = 512
Columns = dict[str, Bools]


def said_of(model: Model, lines: Sequence[Line], read: Callable[[str], Reading]) -> Columns:
    """Return what the rules, the model alone and both together say: lines x labels each."""
    rules, alone, fused = [], [], []
    for start in range(0, len(lines), _BATCH):
        texts = [line.text for line in lines[start : start + _BATCH]]
        readings = [read(text) for text in texts]
        suggested = model.suggest(texts, readings)
        alone += [[said[name] for name in model.labels] for said in model.all_labels(texts, readings)]
        rules.append(said_by(readings, model.labels, coarse=model.coarse))
        mixed = [fuse(r, s, len(text)) for r, s, text in zip(readings, suggested, texts, strict=True)]
        fused.append(said_by(mixed, model.labels, coarse=model.coarse))
    return {"rules": np.concatenate(rules), "model": np.array(alone, dtype=bool), "fused": np.concatenate(fused)}


def baseline(seen: Sequence[Line], asked: Sequence[Line], names: Sequence[str], *, tuned: bool = False) -> Bools:
    """Return what TF-IDF with one logistic regression a label says of `asked`, learnt from `seen`: lines x labels.

    Plain: the libraries' own settings. Tuned: pairs of words, logarithmic counts, cost 10, classes weighted by their
    size, and a threshold a label, chosen by folds within `seen`.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    how: dict[str, Any] = {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True} if tuned else {}
    vectoriser = TfidfVectorizer(**how)
    inside = vectoriser.fit_transform([line.text for line in seen])
    outside = vectoriser.transform([line.text for line in asked])
    truth = truth_of(seen, names)
    groups = {group: number for number, group in enumerate(dict.fromkeys(line.group for line in seen))}
    folds = np.array([groups[line.group] % FOLDS for line in seen], dtype=np.int64)

    def machine() -> Any:
        if tuned:
            return LogisticRegression(C=10, class_weight="balanced", solver="liblinear", dual=True)
        return LogisticRegression()

    said = np.zeros((len(asked), len(names)), dtype=bool)
    for j in range(len(names)):
        mine = truth[:, j]
        if mine.all() or not mine.any():
            said[:, j] = mine.all()
            continue
        start = _threshold(machine, inside, mine, folds) if tuned else 0.0
        said[:, j] = machine().fit(inside, mine).decision_function(outside) >= start
    return said


def _threshold(machine: Callable[[], Any], inside: Any, truth: Bools, folds: Ints) -> float:
    scores = np.zeros(len(truth), dtype=np.float32)
    for fold in range(FOLDS):
        out = folds == fold
        if truth[~out].any():
            scores[out] = machine().fit(inside[~out], truth[~out]).decision_function(inside[out])
    return best_threshold(truth, scores, folds)


def in_folds(lines: Sequence[Line], names: Sequence[str], folds: Ints) -> Bools:
    """Return what the plain baseline says of each line, learnt from the other folds."""
    said = np.zeros((len(lines), len(names)), dtype=bool)
    for fold in range(FOLDS):
        out = np.flatnonzero(folds == fold)
        if len(out):
            seen = [line for line, mine in zip(lines, folds, strict=True) if mine != fold]
            said[out] = baseline(seen, [lines[i] for i in out.tolist()], names)
    return said


def table(names: Sequence[str], truth: Bools, columns: Columns) -> list[dict[str, Any]]:
    """Return a row a label: how many lines it is true of, and F1 of each column."""
    return [
        {"label": name, "true": int(truth[:, j].sum())}
        | {column: round(f1(truth[:, j], said[:, j]), 4) for column, said in columns.items()}
        for j, name in enumerate(names)
    ]


def macro(rows: Iterable[dict[str, Any]], column: str) -> float:
    """Return the mean F1 of a column over the labels that are true of some line."""
    figures = [row[column] for row in rows if row["true"] and row.get(column) is not None]
    return round(sum(figures) / len(figures), 4) if figures else 0.0


def speed(model: Model, texts: Sequence[str], readings: Sequence[Reading], clock: Callable[[], float]) -> float:
    """Return how many messages a second the model and the fusing take, by `clock`, in batches as the chain has them."""
    begun = clock()
    for start in range(0, len(texts), _BATCH):
        some, read = texts[start : start + _BATCH], readings[start : start + _BATCH]
        for reading, suggestion in zip(read, model.suggest(some, read), strict=True):
            fuse(reading, suggestion)
    return len(texts) / max(1e-9, clock() - begun)
