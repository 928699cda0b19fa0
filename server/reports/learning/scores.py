"""F1 and thresholds, per label."""

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def f1(truth: Bools, said: Bools) -> float:
    """Return F1 of one label; 1.0 where there is nothing to find and nothing was found."""
    both, either = int((truth & said).sum()), int(truth.sum()) + int(said.sum())
    return 2 * both / either if either else 1.0


def wins(truth: Bools, new: Bools, old: Bools, folds: Ints) -> int:
    """Return in how many folds `new` is better than `old`; a fold with nothing to find is no fold won or lost: half."""
    won = 0.0
    for fold in np.unique(folds):
        mine = folds == fold
        if not truth[mine].any():
            won += 0.5
        else:
            won += f1(truth[mine], new[mine]) > f1(truth[mine], old[mine])
    return int(won)


def best_threshold(truth: Bools, scores: npt.NDArray[np.float32], folds: Ints) -> float:
    """Return the score from which a label is said to be so: of best F1, the median of what all but one fold choose."""
    chosen = [_best(truth, scores)]
    for fold in np.unique(folds):
        rest = folds != fold
        if truth[rest].any():
            chosen.append(_best(truth[rest], scores[rest]))
    return float(np.median(chosen))


def _best(truth: Bools, scores: npt.NDArray[np.float32]) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    figure = 2 * hits / (np.arange(1, len(order) + 1) + max(1, int(truth.sum())))
    at = int(np.argmax(figure))
    below = scores[order[min(at + 1, len(order) - 1)]]
    return float((scores[order[at]] + below) / 2)
