"""A small net over the same features: what several labels have in common is learnt once, from all of them.

One hidden layer; features and hidden units left out at random while it learns; Adam with a falling rate. A batch
touches few of the features, so only their weights are moved. numpy alone; same numbers in, same numbers out.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Matrix = Any

HIDDEN: Final = 64
_EPOCHS: Final = 12
_BATCH: Final = 64
_RATE: Final = 4e-3
_LEFT_OUT: Final = 0.4
_HIDDEN_LEFT_OUT: Final = 0.3
_DECAY: Final = 1e-5
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-7


@dataclass(frozen=True, slots=True)
class Net:
    """`first` (features x hidden), `second` (hidden x labels), and what each begins with."""

    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats

    def scores(self, matrix: Matrix) -> Floats:
        """Return messages x labels, before any threshold."""
        found: Floats = np.maximum(matrix @ self.first + self.first_bias, 0) @ self.second + self.second_bias
        return found


class _Adam:
    """The running means of one array's slopes; `at`: only these rows are moved."""

    def __init__(self, array: Floats) -> None:
        self.array, self.mean, self.power = array, np.zeros_like(array), np.zeros_like(array)

    def step(self, slope: Floats, rate: float, count: int, at: Any = slice(None)) -> None:
        mean = self.mean[at] = _FIRST * self.mean[at] + (1 - _FIRST) * slope
        power = self.power[at] = _SECOND * self.power[at] + (1 - _SECOND) * slope * slope
        move = mean / (1 - _FIRST**count) / (np.sqrt(power / (1 - _SECOND**count)) + _TINY)
        self.array[at] -= np.float32(rate) * move


def learn(matrix: Matrix, truth: npt.NDArray[np.bool_], one_of: list[list[int]]) -> Net:
    """Learn from messages x features (sparse rows) what is true of each; of the labels in a list of `one_of` one is."""
    chance = np.random.default_rng(1)
    count, features = matrix.shape
    share = truth.mean(axis=0)
    first = _Adam((chance.standard_normal((features, HIDDEN)) * 0.18).astype(np.float32))
    first_bias = _Adam(np.zeros(HIDDEN, dtype=np.float32))
    second = _Adam((chance.standard_normal((HIDDEN, truth.shape[1])) / np.sqrt(HIDDEN)).astype(np.float32))
    second_bias = _Adam(np.log((share + 1e-3) / (1 - share + 1e-3)).astype(np.float32))
    aim, done = truth.astype(np.float32), 0
    steps = _EPOCHS * -(-count // _BATCH)
    for _ in range(_EPOCHS):
        order = chance.permutation(count)
        for start in range(0, count, _BATCH):
            chosen, done = order[start : start + _BATCH], done + 1
            rate = _RATE * (1 - done / (steps + 1))
            columns, some = _thinned(matrix[chosen], chance)
            raw = some @ first.array[columns] + first_bias.array
            kept = (chance.random(raw.shape) >= _HIDDEN_LEFT_OUT).astype(np.float32) / (1 - _HIDDEN_LEFT_OUT)
            hidden = np.maximum(raw, 0) * kept
            wrong = (_likely(hidden @ second.array + second_bias.array, one_of) - aim[chosen]) / len(chosen)
            back = (wrong @ second.array.T) * kept * (raw > 0)
            second.step(hidden.T @ wrong + _DECAY * second.array, rate, done)
            second_bias.step(wrong.sum(axis=0), rate, done)
            first_bias.step(back.sum(axis=0), rate, done)
            first.step(some.T @ back + _DECAY * first.array[columns], rate, done, columns)
    return Net(first.array, first_bias.array, second.array, second_bias.array)


def _thinned(some: Matrix, chance: np.random.Generator) -> tuple[Any, Matrix]:
    """Leave out features at random; return which there are, and the messages x those."""
    kept = chance.random(len(some.data), dtype=np.float32) >= _LEFT_OUT
    value = some.data * kept / np.float32(1 - _LEFT_OUT)
    columns, place = np.unique(some.indices, return_inverse=True)
    return columns, type(some)((value, place, some.indptr), shape=(some.shape[0], len(columns)))


def _likely(scores: Floats, one_of: list[list[int]]) -> Floats:
    likely = (1 / (1 + np.exp(-np.clip(scores, -30, 30)))).astype(np.float32)
    for group in one_of:
        power = np.exp(scores[:, group] - scores[:, group].max(axis=1, keepdims=True))
        likely[:, group] = power / power.sum(axis=1, keepdims=True)
    return likely
