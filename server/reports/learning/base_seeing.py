"""What the base model sees of a message: words, letters, consonants, meanings, and what the rules found, as numbers.

Persian in Latin letters is respelt first, and every word also counts by its consonants, so that what is learnt in one
script serves the other. Meanings are those of the rules' own word lists. A feature is the CRC-32 of its name.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from server.places.names import Folded, fold
from server.reports.learning.features import MOST_CHARS, rule_names
from server.reports.reading import Reading
from server.reports.reading.finglish import is_english, persian
from server.reports.reading.frames import frames

Keys = npt.NDArray[np.int64]

VIEWS: Final = (
    ("word", 1.0),
    ("pair", 0.4),
    ("letters3", 0.5),
    ("letters4", 0.5),
    ("letters5", 0.5),
    ("bones", 0.7),
    ("bone_pair", 0.3),
    ("bone_letters", 0.4),
    ("meaning", 1.4),
    ("meanings", 0.5),
    ("rule", 1.0),
    ("sign", 1.4),
)
"""Name and weight of each view: a message's features of one view together have this length."""
_WORD, _PAIR, _LETTERS, _BONES, _BONE_PAIR = 0, 1, 2, 5, 6
_BONE_LETTERS, _MEANING, _MEANINGS, _RULE, _SIGN = 7, 8, 9, 10, 11
BITS: Final = 32
_LOW: Final = (1 << BITS) - 1
_MIX: Final = 0x9E3779B1
"""Odd, of 32 bits; times another number of 32 bits it wraps in 64, and its low bits are what counts."""
_SIZES: Final = (3, 4, 5)
_BONE_SIZES: Final = (3, 4)
_NEAR: Final = 6
"""Two words' meanings are seen together within so many words of one clause."""
_TOKEN: Final = re.compile(r"[^\W\d_]+|\d+")
_CUT: Final = re.compile(r"[.!?؟;؛…\n،,:()|/]")
_TURNS: Final = frozenset(("ولی", "اما", "بلکه", "but", "hovever", "vali", "ama"))
_DIGITS: Final = 3
# One sound, one sign: what a word sounds like without its vowels, in either script.
_BONE: Final = str.maketrans(
    {"ب": "b", "پ": "p", "ت": "t", "ط": "t", "ث": "s", "س": "s", "ص": "s", "ج": "J", "ژ": "J", "چ": "C", "خ": "X"}
    | {"د": "d", "ذ": "z", "ز": "z", "ض": "z", "ظ": "z", "ر": "r", "ش": "S", "غ": "G", "ق": "G", "گ": "G", "ف": "f"}
    | {"ک": "K", "ل": "l", "م": "m", "ن": "n"}
    | dict.fromkeys("اویهحع", "")
)
_LATIN: Final = re.compile(r"(ch|sh|kh|gh|zh)\1*|[a-z]")
_OF_LATIN: Final = {"ch": "C", "sh": "S", "kh": "X", "gh": "G", "zh": "J", "j": "J", "g": "G", "k": "K", "c": "K"}
_SILENT: Final = frozenset("aeiouyvh")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it counts: its number, that of its consonants (0: none), its meanings, and the features of its own."""

    text: int
    bones: int
    meanings: tuple[str, ...]
    own: Keys


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of one message: its words, the features of no one word, and where words stand in the folded text."""

    words: list[Word]
    loose: list[int]
    spans: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Seen:
    """Features of messages as arrays, by message: key (view and CRC-32), and the word each belongs to (-1: none)."""

    docs: int
    doc: Keys
    key: Keys
    word: Keys


def sight(text: str, reading: Reading) -> Sight:
    """Look at a message that the rules have read."""
    folded = fold(text[:MOST_CHARS].replace("\n", ".").replace("\r", "."))
    words, clauses, spans = _words(folded, reading.lang)
    loose = _together(words, clauses)
    loose += [_named(_RULE, name) for name in sorted(rule_names(reading))]
    loose += [_named(_SIGN, name) for name in reading.signs]
    return Sight(words, loose, spans)


def unhelped(one: Sight) -> Sight:
    """Return a message without what the rules found in it."""
    return Sight(one.words, [key for key in one.loose if key >> BITS not in (_RULE, _SIGN)], one.spans)


def seen_of(sights: Sequence[Sight]) -> Seen:
    """Put the features of messages together: words' own, pairs of neighbours, and what belongs to no one word."""
    words = [word for one in sights for word in one.words]
    counts = np.array([len(one.words) for one in sights], dtype=np.int64)
    of_word = np.repeat(np.arange(len(sights)), counts)
    place = np.arange(len(words)) - np.repeat(np.cumsum(counts) - counts, counts)
    sizes = np.array([len(word.own) for word in words], dtype=np.int64)
    whole = np.array([(word.text, word.bones) for word in words], dtype=np.int64).reshape(-1, 2)
    near = np.flatnonzero(of_word[1:] == of_word[:-1])
    boned = near[(whole[near, 1] > 0) & (whole[near + 1, 1] > 0)]
    loose = np.array([key for one in sights for key in one.loose], dtype=np.int64)
    of_loose = np.repeat(np.arange(len(sights)), [len(one.loose) for one in sights])
    docs = (np.repeat(of_word, sizes), of_word[near], of_word[boned], of_loose)
    keys = (
        np.concatenate([word.own for word in words]) if words else loose[:0],
        _paired(_PAIR, whole[near, 0], whole[near + 1, 0]),
        _paired(_BONE_PAIR, whole[boned, 1], whole[boned + 1, 1]),
        loose,
    )
    where = (np.repeat(place, sizes), place[near], place[boned], np.full(len(loose), -1))
    doc = np.concatenate(docs)
    order = np.argsort(doc, kind="stable")
    return Seen(len(sights), doc[order], np.concatenate(keys)[order], np.concatenate(where)[order])


def _paired(view: int, first: Keys, second: Keys) -> Keys:
    """Return the features of pairs: one number of two."""
    mixed = (first * _MIX + second * 31 + 7) & _LOW
    pairs: Keys = ((mixed ^ (mixed >> 15)) & _LOW) | view << BITS
    return pairs


def _words(folded: Folded, lang: str) -> tuple[list[Word], list[int], list[tuple[int, int]]]:
    """Return the words, the clause of each, and where each stands in the folded text."""
    respell = lang if lang in ("finglish", "mixed") else ""
    words: list[Word] = []
    clauses: list[int] = []
    spans: list[tuple[int, int]] = []
    clause = before = 0
    text = folded.text
    for found in _TOKEN.finditer(text):
        token = found.group()
        start, end = found.span()
        if start > before + 1 or (start > before and text[before] != " ") or token in _TURNS:
            clause += token in _TURNS or _CUT.search(text, before, start) is not None
        before = end
        words.append(word_of(token, respell))
        clauses.append(clause)
        spans.append((start, end))
    return words, clauses, spans


def _together(words: Sequence[Word], clauses: Sequence[int]) -> list[int]:
    """Return the pairs of meanings that stand near each other in one clause, in their order."""
    found: list[int] = []
    telling = [(number, word.meanings) for number, word in enumerate(words) if word.meanings]
    for place, (first, some) in enumerate(telling):
        for second, others in telling[place + 1 : place + 1 + _NEAR]:
            if second - first > _NEAR or clauses[second] != clauses[first]:
                break
            found += _meanings(some, others)
    return found


@lru_cache(maxsize=20_000)
def _meanings(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(_key(_MEANINGS, f"{a}>{b}") for a in some for b in others)


@lru_cache(maxsize=20_000)
def word_of(token: str, respell: str) -> Word:
    """Return a folded word as it counts; `respell`: the message is Persian in Latin letters, or partly so."""
    text = token
    if token[0].isdigit():
        text = "0" * min(_DIGITS, len(token))
    elif "a" <= token[0] <= "z" and respell and (respell == "finglish" or not is_english(token)):
        text = (persian(token) or token).replace(" ", "")
    bones = _bones(token)
    meanings = tuple(sorted(frames().concepts.of_word(text)))
    named = [(_WORD, text)]
    edged = f"<{text}>"
    for place, size in enumerate(_SIZES):
        named += [(_LETTERS + place, edged[i : i + size]) for i in range(len(edged) - size + 1)]
    if len(bones) > 1:
        named.append((_BONES, bones))
        edged = f"<{bones}>"
        named += [(_BONE_LETTERS, edged[i : i + n]) for n in _BONE_SIZES for i in range(len(edged) - n + 1)]
    named += [(_MEANING, meaning) for meaning in meanings]
    own = np.array([_key(view, name) for view, name in named], dtype=np.int64)
    return Word(_key(_WORD, text) & _LOW, _key(_BONES, bones) & _LOW if bones else 0, meanings, own)


def _bones(token: str) -> str:
    if not "a" <= token[0] <= "z":
        return "" if token[0].isdigit() else token.translate(_BONE)
    sounds = (found.group(1) or found.group() for found in _LATIN.finditer(token))
    return "".join([_OF_LATIN.get(sound, sound) for sound in sounds if sound not in _SILENT])


def _key(view: int, name: str) -> int:
    return zlib.crc32(f"{view} {name}".encode("utf-8", "replace")) | view << BITS


_named = lru_cache(maxsize=20_000)(_key)
