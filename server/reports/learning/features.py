"""What a classifier sees of a message: hashed n-grams of its folded words and letters, and what the rules made of it.

N-grams are hashed to numbers at once, so a model holds weights of numbers, no words. One polynomial hash over the whole
batch gives the hash of any piece of text in a few operations on arrays: there is no loop over n-grams in Python.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.places.names import Folded, fold
from server.reports.reading import Reading

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]

BITS: Final = 20
WORDS, LETTERS, RULES = 0, 1, 2
"""The three views of a message; each has its own range of buckets and its own length."""
MOST_CHARS: Final = 1500
"""Letters beyond this are not looked at: the longest text message of ten parts is shorter."""

_BASE: Final = 0x9E3779B97F4A7C15
_BACK: Final = pow(_BASE, -1, 1 << 64)
_LETTER_SIZES: Final = (3, 4, 5)
_SPACE: Final = 32
_DIGIT: Final = 48


@dataclass(frozen=True, slots=True)
class Batch:
    """Distinct n-grams of messages: `doc`, `bucket` (view · 2**BITS + hash) and `count`, sorted by doc and bucket."""

    docs: int
    doc: Ints
    bucket: Ints
    count: Floats


@dataclass(frozen=True, slots=True)
class Pieces:
    """Every n-gram as it stands: its message, its bucket, and where it is in the folded text of that message."""

    doc: Ints
    bucket: Ints
    start: Ints
    end: Ints


def folded_of(text: str) -> Folded:
    """Fold a message as reading does, its first MOST_CHARS characters."""
    return fold(text[:MOST_CHARS])


def batch_of(folded: Sequence[Folded], readings: Sequence[Reading]) -> Batch:
    """Count the n-grams of messages and the rules' findings."""
    pieces = pieces_of(folded)
    said = [(d, _bucket_of_name(n)) for d, reading in enumerate(readings) for n in rule_names(reading)]
    doc = np.concatenate([pieces.doc, np.array([d for d, _ in said], dtype=np.int64)])
    bucket = np.concatenate([pieces.bucket, np.array([b for _, b in said], dtype=np.int64)])
    keys, counts = np.unique(doc << (BITS + 2) | bucket, return_counts=True)
    return Batch(len(folded), keys >> (BITS + 2), keys & ((1 << (BITS + 2)) - 1), counts.astype(np.float32))


def pieces_of(folded: Sequence[Folded], *, letters: bool = True) -> Pieces:
    """Cut messages into words, pairs of words, and (if asked) runs of letters that stay within a word and its edges."""
    codes, starts = _codes(folded)
    space = codes == _SPACE
    power = np.full(len(codes) + 1, _BASE, dtype=np.uint64)
    power[0] = 1
    back = np.full(len(codes) + 1, _BACK, dtype=np.uint64)
    back[0] = 1
    np.cumprod(power, out=power)
    np.cumprod(back, out=back)
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(codes.astype(np.uint64) * power[:-1], out=sums[1:])
    begin, end = _words(space)
    single = (sums[end] - sums[begin]) * back[begin]
    near = np.flatnonzero(np.diff(np.searchsorted(starts, begin, side="right")) == 0)
    pair = _mixed(single[near], WORDS) + single[near + 1]
    spans = [(WORDS, 1, begin, end, single), (WORDS, 2, begin[near], end[near + 1], pair)]
    for size in _LETTER_SIZES if letters else ():
        begin, end = _letters(space, size)
        spans.append((LETTERS, size, begin, end, (sums[end] - sums[begin]) * back[begin]))
    docs, buckets, begins, ends = [], [], [], []
    for view, size, begin, end, raw in spans:
        hashes = _mixed(raw, view * 16 + size)
        doc = np.searchsorted(starts, begin, side="right") - 1
        docs.append(doc)
        buckets.append((hashes >> np.uint64(64 - BITS)).astype(np.int64) | view << BITS)
        # Each message stands behind one space of its own; its edges may be part of a run of letters.
        length = starts[doc + 1] - starts[doc] - 2
        begins.append(np.clip(begin - starts[doc] - 1, 0, length))
        ends.append(np.clip(end - starts[doc] - 1, 0, length))
    return Pieces(*(np.concatenate(part) for part in (docs, buckets, begins, ends)))


def rule_names(reading: Reading) -> set[str]:
    """What the rules said, as names: codes, kind, urgency, whether numbers and places were found, which rules fired."""
    names = {f"kind.{reading.kind}", f"urgency.{reading.urgency}", f"lang.{reading.lang}"}
    names.update(f"incident.{code}" for code in reading.incidents)
    names.update(f"need.{need.category}" for need in reading.needs)
    names.update(f"offer.{code}" for code in reading.offers)
    names.update(f"vulnerable.{code}" for code in reading.vulnerable)
    names.update(f"why.{why.rule}" for why in reading.why)
    known: tuple[tuple[str, Any], ...] = (
        ("people", reading.people),
        ("households", reading.households),
        ("place", reading.place),
        ("command", reading.command),
    )
    names.update(name for name, value in known if value is not None)
    return names


def _codes(folded: Sequence[Folded]) -> tuple[Ints, Ints]:
    """Return the letters of all messages, each between two spaces, and where each message begins (and the end)."""
    texts = [f.text for f in folded]
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(t) + 2 for t in texts], out=starts[1:])
    joined = "".join([f" {t} " for t in texts])
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.int64)
    distinct, place = np.unique(codes, return_inverse=True)
    made = [_DIGIT if chr(c).isdigit() else c if chr(c).isalnum() else _SPACE for c in distinct.tolist()]
    return np.array(made, dtype=np.int64)[place], starts


def _words(space: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return begin and end of each word."""
    begin = np.flatnonzero(space[:-1] & ~space[1:]) + 1
    end = np.flatnonzero(~space[:-1] & space[1:]) + 1
    return begin, end


def _letters(space: npt.NDArray[np.bool_], size: int) -> tuple[Ints, Ints]:
    """Return begin and end of each run of `size` letters with a space at its edges at most."""
    spaces = np.concatenate([[0], np.cumsum(space)])
    begin = np.arange(max(0, len(space) - size + 1))
    inside = spaces[begin + size - 1] - spaces[begin + 1]
    begin = begin[inside == 0]
    return begin, begin + size


def _mixed(hashes: Hashes, seed: int) -> Hashes:
    """Spread a polynomial hash over all 64 bits (the finisher of SplitMix64), each kind of n-gram apart."""
    h = hashes ^ np.uint64((seed * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) & ((1 << 64) - 1))
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = h ^ (h >> np.uint64(31))
    return mixed


_NAMES: dict[str, int] = {}


def _bucket_of_name(name: str) -> int:
    """Return the bucket of a rule's name; remembered: there are some hundred."""
    bucket = _NAMES.get(name)
    if bucket is None:
        if len(_NAMES) > 20_000:  # noqa: PLR2004 - coordinators' own rules have names too
            _NAMES.clear()
        raw = 0
        for sign in name:
            raw = (raw * _BASE + ord(sign)) & ((1 << 64) - 1)
        hashed = int(_mixed(np.array([raw], dtype=np.uint64), RULES * 16)[0])
        bucket = _NAMES[name] = hashed >> (64 - BITS) | RULES << BITS
    return bucket
