"""Teaching the base model: ridge regression and a small net over what `base_seeing` sees, measured on unseen writers.

The same phrases give the same file. A threshold is chosen on scores of models that knew none of the writer's phrases.
scipy is imported here by those who teach alone.
"""

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.reports.learning import base_net, labels
from server.reports.learning.base_model import FORMAT, ONE_OF, valued
from server.reports.learning.base_seeing import BITS, VIEWS, Seen, seen_of, sight, unhelped
from server.reports.learning.labels import KINDS, URGENCIES
from server.reports.learning.phrases import Phrase
from server.reports.learning.scores import best_threshold, f1
from server.reports.learning.settling import Verdict, settle
from server.reports.reading import RULES_VERSION, Reading
from server.reports.reading.model import Kind

Read = Callable[[str, Kind | None], Reading]
Talk = Callable[[str], None]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

LEAST: Final = 2
"""A feature of fewer messages is not kept."""
ROWS: Final = 19_000
"""So many features are kept: more read no better in the folds, and the file stays small."""
RIDGE: Final = 1.0
NET_SHARE: Final = 0.15
"""The net's part of a score beside that of the ridge regression: about as much, by how far their scores vary."""
LIFE_LEAN: Final = 0.3
"""By how much `life` is preferred: a life that is missed is the worst error."""
_BLOCK: Final = 500
_STEPS: Final = 127


@dataclass(frozen=True, slots=True)
class Taught:
    """A base model as it is stored, and how each phrase scored with models that did not know its writer."""

    arrays: dict[str, npt.NDArray[Any]]
    card: dict[str, Any]
    held_out: Floats


def teach(
    phrases: Sequence[Phrase], read: Read, version: str, talk: Talk = lambda _: None, more: Sequence[Phrase] = ()
) -> Taught:
    """Teach a model with all phrases; every figure is of writers left out. At least two writers.

    `more`: lines that teach and are not measured on.
    """
    lines = [*phrases, *more]
    readings = [read(line.text, None) for line in lines]
    talk(f"{len(lines)} messages read by the rules")
    names = _names(lines)
    truth = np.array([[name in line.labels for name in names] for line in lines], dtype=bool)
    writers = sorted({phrase.writer for phrase in phrases})
    writer = np.array([writers.index(p.writer) for p in phrases] + [-1] * len(more), dtype=np.int64)
    sights = [sight(line.text, reading) for line, reading in zip(lines, readings, strict=True)]
    seen = seen_of([unhelped(one) if line.tuned else one for one, line in zip(sights, lines, strict=True)])
    keys, scale = _known(seen)
    matrix = _matrix(seen, keys, scale)
    gram = _gram(matrix)
    one_of = [[j for j, name in enumerate(names) if name.startswith(group)] for group in ONE_OF]
    held_out = np.zeros((len(phrases), len(names)), dtype=np.float32)
    for number, name in enumerate(writers):
        out = writer == number
        held_out[out[: len(phrases)]] = _unseen(matrix, gram, truth, out, one_of)
        talk(f"measured on the phrases of {name}")
    thresholds = _thresholds(names, truth[: len(phrases)], held_out, writer[: len(phrases)])
    duals, _ = _duals(gram, truth, np.ones(len(truth), dtype=bool))
    best = _strongest(matrix, duals)
    keys, scale = keys[best], scale[best]
    arrays = _arrays(_matrix(seen, keys, scale), truth, one_of)
    arrays |= {
        "keys": (keys & ((1 << BITS) - 1)).astype(np.uint32),
        "views": (keys >> BITS).astype(np.uint8),
        "scale": scale.astype(np.float16),
        "thresholds": thresholds,
    }
    talk("judged with what the readings say")
    readings = readings[: len(phrases)]
    settled = settled_by(phrases, readings, names, held_out - thresholds, read)
    card = {
        "format": FORMAT,
        "version": version,
        "rules": RULES_VERSION,
        "phrases": len(phrases),
        "more": len(more),
        "writers": {name: int((writer == number).sum()) for number, name in enumerate(writers)},
        "views": [name for name, _ in VIEWS],
        "labels": names,
        "rows": len(keys),
        "measures": {"rules": measures(phrases, readings), "with_model": measures(phrases, settled)},
        "figures": _figures(names, truth[: len(phrases)], readings, settled),
    }
    return Taught(arrays, card, held_out)


def _thresholds(names: Sequence[str], truth: Bools, held_out: Floats, writer: Ints) -> Floats:
    """Choose where each label begins: best F1 over the writers; of kinds and urgencies the likeliest is true."""
    best = [best_threshold(truth[:, j], held_out[:, j], writer) for j in range(len(names))]
    thresholds = np.where([name.startswith(ONE_OF) for name in names], 0.0, best).astype(np.float32)
    thresholds[list(names).index("urgency.life")] = -LIFE_LEAN
    return thresholds


def store(folder: Path, taught: Taught) -> None:
    """Write the model where it is shipped; the same numbers give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "base.npz", "w") as archive:
        for name, array in sorted(taught.arrays.items()):
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
    card = json.dumps(taught.card, ensure_ascii=False, indent=1) + "\n"
    (folder / "card.json").write_text(card, encoding="utf-8")


def settled_by(
    phrases: Sequence[Phrase], readings: Sequence[Reading], names: Sequence[str], over: Floats, read: Read
) -> list[Reading]:
    """Return the readings as the scores would have them."""
    found = []
    known, plain = frozenset(names), [not name.startswith(ONE_OF) for name in names]
    groups = [[names.index(f"{g}.{code}") for code in codes] for g, codes in (("kind", KINDS), ("urgency", URGENCIES))]
    for phrase, reading, row in zip(phrases, readings, over, strict=True):
        yes = frozenset(name for name, score, own in zip(names, row.tolist(), plain, strict=True) if own and score >= 0)
        verdict = Verdict("base", known, yes, row[groups[0]].tolist(), row[groups[1]].tolist())
        found.append(settle(reading, verdict, partial(read, phrase.text), len(phrase.text)))
    return found


def measures(phrases: Sequence[Phrase], readings: Sequence[Reading]) -> dict[str, float]:
    """Return micro-F1 of codes and vulnerable, how often kind and urgency are right, recall and precision of life."""
    true = [phrase.labels for phrase in phrases]
    said = [labels.of_reading(reading) for reading in readings]
    found = {}
    for measure, groups in (("codes", ("incident.", "need.")), ("vulnerable", ("vulnerable.",))):
        pairs = [
            ({x for x in t if x.startswith(groups)}, {x for x in s if x.startswith(groups)})
            for t, s in zip(true, said, strict=True)
        ]
        both = sum(len(t & s) for t, s in pairs)
        found[measure] = 2 * both / max(1, sum(len(t) + len(s) for t, s in pairs))
    for measure in ("kind", "urgency"):
        found[measure] = sum(
            any(x.startswith(f"{measure}.") for x in t & s) for t, s in zip(true, said, strict=True)
        ) / len(true)
    life = [("urgency.life" in t, "urgency.life" in s) for t, s in zip(true, said, strict=True)]
    hit = sum(t and s for t, s in life)
    found["life_recall"] = hit / max(1, sum(t for t, _ in life))
    found["life_precision"] = hit / max(1, sum(s for _, s in life))
    return {measure: round(value, 4) for measure, value in found.items()}


def _names(phrases: Sequence[Phrase]) -> list[str]:
    """Return the labels that are learnt: all that some phrase bears, kinds and urgencies whole."""
    said = {label for phrase in phrases for label in phrase.labels}
    said |= {f"kind.{k}" for k in labels.KINDS} | {f"urgency.{u}" for u in labels.URGENCIES}
    return sorted(said)


def _known(seen: Seen) -> tuple[Ints, Floats]:
    """Return the features that several messages have, in order, and the inverse document frequency of each."""
    order = np.lexsort((seen.key, seen.doc))
    doc, key = seen.doc[order], seen.key[order]
    first = np.flatnonzero((np.diff(doc, prepend=-1) != 0) | (np.diff(key, prepend=-1) != 0))
    keys, counts = np.unique(key[first], return_counts=True)
    often = counts >= LEAST
    scale = np.log((seen.docs + 1) / (counts[often] + 1)) + 1
    return keys[often], scale.astype(np.float32)


def _matrix(seen: Seen, keys: Ints, scale: Floats) -> Any:
    from scipy.sparse import csr_matrix

    doc, row, value, _ = valued(seen, keys, scale)
    return csr_matrix((value, (doc, row)), shape=(seen.docs, len(keys)), dtype=np.float32)


def _gram(matrix: Any) -> Floats:
    size, other = matrix.shape[0], matrix.T.tocsr()
    gram = np.empty((size, size), dtype=np.float32)
    for start in range(0, size, _BLOCK):
        gram[start : start + _BLOCK] = (matrix[start : start + _BLOCK] @ other).toarray()
    return gram


def _duals(gram: Floats, truth: Bools, chosen: Bools) -> tuple[Floats, Floats]:
    """Return the duals of ridge regression on the chosen messages, and the mean of each label."""
    from scipy.linalg import solve

    aim = truth[chosen].astype(np.float32) * 2 - 1
    mean = aim.mean(axis=0)
    square = gram[np.ix_(chosen, chosen)]
    square[np.diag_indices_from(square)] += RIDGE
    return solve(square, aim - mean, assume_a="pos", overwrite_a=True, check_finite=False), mean


def _unseen(matrix: Any, gram: Floats, truth: Bools, out: Bools, one_of: list[list[int]]) -> Floats:
    """Return the scores of a writer's messages with models that know the others' alone."""
    duals, mean = _duals(gram, truth, ~out)
    scores: Floats = gram[np.ix_(out, ~out)] @ duals + mean
    some = matrix[:, _strongest(matrix[~out], duals)]
    net = base_net.learn(some[~out], truth[~out], one_of)
    return scores + NET_SHARE * net.scores(some[out])


def _arrays(matrix: Any, truth: Bools, one_of: list[list[int]]) -> dict[str, npt.NDArray[Any]]:
    """Learn from all messages; weights in steps of eight bits."""
    duals, mean = _duals(_gram(matrix), truth, np.ones(len(truth), dtype=bool))
    net = base_net.learn(matrix, truth, one_of)
    weights, step = _stepped(np.asarray(matrix.T @ duals))
    first, first_step = _stepped(net.first)
    return {
        "weights": weights,
        "step": step,
        "bias": (mean + NET_SHARE * net.second_bias).astype(np.float32),
        "first": first,
        "first_step": first_step,
        "first_bias": net.first_bias,
        "second": (NET_SHARE * net.second).astype(np.float32),
    }


def _stepped(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    step = (np.maximum(np.abs(weights).max(axis=0), 1e-9) / _STEPS).astype(np.float32)
    return np.round(weights / step).astype(np.int8), step


def _strongest(matrix: Any, duals: Floats) -> Ints:
    """Return which features move the scores of ridge regression most over its messages, in order."""
    weights = np.asarray(matrix.T @ duals)
    power = np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel() * (weights * weights).sum(axis=1)
    best: Ints = np.sort(np.argsort(-power, kind="stable")[:ROWS])
    return best


def _figures(
    names: Sequence[str], truth: Bools, readings: Sequence[Reading], settled: Sequence[Reading]
) -> list[dict[str, Any]]:
    before, after = (
        np.array([[name in labels.of_reading(reading) for name in names] for reading in some], dtype=bool)
        for some in (readings, settled)
    )
    return [
        {"label": name, "true": int(truth[:, j].sum())}
        | {"rules": round(f1(truth[:, j], before[:, j]), 3), "with_model": round(f1(truth[:, j], after[:, j]), 3)}
        for j, name in enumerate(names)
    ]
