"""Frames: what several words say together, in any order: a house and a word of falling, water and a word of rising.

Single phrases know only what somebody thought of. Here words are filed under what they mean (`data/concepts.toml`:
HOUSE, FALL, WATER …) and a frame (`data/frames.toml`) names the meanings that must stand close in one sentence. Persian
in Latin letters is turned into Persian letters before, so that words are given in Persian and English only.

Words: `خونه` with or without the common endings, `خونه!` only so, `خراب*` whatever follows, `~ریخت` a verb's stem
(also with می and ب before it, never with ن; `~ریز!` with می alone), `پشت_بام` several words.

Frames: `HOUSE FALL`, `UNDER > RUBBLE` in this order, `~4` the most words that the whole may span (8 unless told; under
7 it stays between two commas, as with `~9|`), `-PART` when no such word stands within it, `--PART` when none stands
anywhere.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise, product
from typing import Any

from server.places.gazetteer import Token
from server.places.names import fold_key
from server.reports.reading.lexicon import Hit

_SPAN = 8
_OVER_COMMAS = 7
"""A frame of fewer words stays between two commas."""
_MOST = 6
"""So many words of one meaning in a message are looked at: bounds the time that a text of one word repeated takes."""
_ENDINGS = frozenset(
    fold_key(w)
    for w in (
        "ها های هایی هامون هاشون هاتون هام هاش هارو هاست هاس هاشو هامو ا ای ی یی یه م ش ت مون شون تون "
        "مان شان رو و یم ن ه ست س اش ام ات شه مه مونه شونه تونه اند ان ایم مونم مونو شونو شم شو مو ارو "
        "امون اشون اتون ایه هم es s"
    ).split()
)
_LONGEST_ENDING = max(map(len, _ENDINGS))
_SHORT = 2
_JOINED = frozenset({"می", "نمی", "همی"})
_A_NUMBER = frozenset({"NUMBER"})
_VERB_HEADS = ("", "می", "ب", "بی", "همی")
_GOING_ON = ("می", "همی")

Found = dict[str, list[tuple[int, int]]]
"""Where words of a meaning stand: first and last word of each."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What must stand together for a hit of (group, code, part)."""

    group: str
    code: str
    part: str
    needed: tuple[str, ...]
    all_of: frozenset[str]
    without: tuple[str, ...]
    nowhere: frozenset[str]
    ordered: bool
    span: int
    one_clause: bool


class Concepts:
    """Words by what they mean."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._whole: dict[str, set[str]] = {}
        self._bare: dict[str, set[str]] = {}
        self._begun: dict[str, set[str]] = {}
        self._phrases: dict[tuple[str, str], list[tuple[tuple[str, ...], str, str]]] = {}
        self._heads: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.known: dict[str, None] = {}
        self.english: set[str] = set()
        for concept, listed in words.items():
            entries = listed.split()
            self.sizes[concept] = len(entries)
            for entry in entries:
                self._add(concept, entry)
        self.of_word = lru_cache(maxsize=30_000)(self._of_word)

    def _add(self, concept: str, entry: str) -> None:
        open_end, exact, verb = entry.endswith("*"), entry.endswith("!"), entry.startswith("~")
        plain = [fold_key(piece) for piece in entry.strip("~*!").split("_")]
        if plain[0][0] > "z":
            self.known |= dict.fromkeys(plain)
        else:
            self.english.update(plain)
        if len(plain) > 1:
            self._heads.add(plain[0])
            self._phrases.setdefault((plain[0], plain[1][:2]), []).append((tuple(plain[1:]), entry[-1], concept))
            if plain[0][0] <= "z":
                return
        word = "".join(plain)
        if verb:
            for head in _GOING_ON if exact else _VERB_HEADS:
                self._begun.setdefault(head + word, set()).add(concept)
        elif open_end:
            self._begun.setdefault(word, set()).add(concept)
        elif exact or len(word) <= _SHORT:
            self._whole.setdefault(word, set()).add(concept)
        else:
            self._bare.setdefault(word, set()).add(concept)

    def _of_word(self, word: str) -> frozenset[str]:
        if word[:1].isdigit():
            return _A_NUMBER
        found = set(self._whole.get(word, ())) | self._bare.get(word, set())
        for end in range(2, len(word) + 1):
            found |= self._begun.get(word[:end], set())
        for tail in range(1, min(_LONGEST_ENDING, len(word) - _SHORT) + 1):
            if word[-tail:] in _ENDINGS:
                found |= self._bare.get(word[:-tail], set())
        return frozenset(found)

    def find(self, tokens: Sequence[Token]) -> Found:
        """Return where each meaning stands in a message, a handful of places each."""
        found: Found = {}
        words, spans = _joined([token.text for token in tokens])
        for at, word in enumerate(words):
            for concept in self.of_word(word):
                _file(found, concept, *spans[at])
            if word not in self._heads or at + 1 == len(words):
                continue
            for rest, ending, concept in self._phrases.get((word, words[at + 1][:2]), ()):
                if _follows(words[at + 1 : at + len(rest) + 1], rest, ending):
                    _file(found, concept, spans[at][0], spans[at + len(rest)][1])
        return found


def _joined(words: list[str]) -> tuple[list[str], list[tuple[int, int]]]:
    """Put می and نمی to the verb they belong to; return the words and which of the message's words each is."""
    joined: list[str] = []
    spans: list[tuple[int, int]] = []
    for at, word in enumerate(words):
        if joined and words[at - 1] in _JOINED:
            joined[-1] += word
            spans[-1] = (spans[-1][0], at)
        else:
            joined.append(word)
            spans.append((at, at))
    return joined, spans


def _file(found: Found, concept: str, first: int, last: int) -> None:
    places = found.setdefault(concept, [])
    if len(places) < _MOST:
        places.append((first, last))


def _follows(words: list[str], rest: tuple[str, ...], ending: str) -> bool:
    """Tell whether the rest of a phrase stands here; its last word may go on as the sign at the phrase's end says."""
    if len(words) < len(rest) or tuple(words[:-1]) != rest[:-1]:
        return False
    last, want = words[-1], rest[-1]
    if last == want or ending == "!":
        return last == want
    return last.startswith(want) and (ending == "*" or last[len(want) :] in _ENDINGS)


class Frames:
    """All frames of the data files."""

    def __init__(self) -> None:
        self.concepts = Concepts(_table("concepts")["words"])
        self._by_rarest: dict[str, list[_Frame]] = {}
        for group, codes in _table("frames").items():
            for code, parts in codes.items():
                for part, lines in parts.items():
                    for line in lines.splitlines():
                        if line.strip() and not line.startswith("#"):
                            frame = _frame(group, code, part, line)
                            rarest = min(frame.needed, key=lambda c: self.concepts.sizes[c])
                            self._by_rarest.setdefault(rarest, []).append(frame)

    def scan(self, tokens: Sequence[Token], sentence: Sequence[int], clause: Sequence[int]) -> list[Hit]:
        """Return every frame found, the tightest of each code, in order of place."""
        found = self.concepts.find(tokens)
        best: dict[tuple[str, str, str, int], tuple[int, int]] = {}
        for concept in found:
            for frame in self._by_rarest.get(concept, ()):
                if frame.all_of.issubset(found) and frame.nowhere.isdisjoint(found):
                    for first, last in _together(frame, found, sentence, clause):
                        key = (frame.group, frame.code, frame.part, sentence[first])
                        if key not in best or last - first < best[key][1] - best[key][0]:
                            best[key] = (first, last)
        hits = [
            Hit(group, code, part, tokens[first].start, tokens[last].end, first, last)
            for (group, code, part, _), (first, last) in best.items()
        ]
        return sorted(hits, key=lambda hit: (hit.first, hit.last))


def _together(frame: _Frame, found: Found, sentence: Sequence[int], clause: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Yield the spans of words in which a frame's meanings stand together, each by a word of its own."""
    for spots in product(*(found[c] for c in frame.needed)):
        first, last = min(s[0] for s in spots), max(s[1] for s in spots)
        if last - first >= frame.span or sentence[first] != sentence[last]:
            continue
        if frame.one_clause and clause[first] != clause[last]:
            continue
        in_order = sorted(spots)
        if any(a[1] >= b[0] for a, b in pairwise(in_order)):
            continue
        if frame.ordered and list(spots) != in_order:
            continue
        if any(first - 1 <= s[0] <= last + 1 for c in frame.without for s in found.get(c, ())):
            continue
        yield first, last


def _frame(group: str, code: str, part: str, line: str) -> _Frame:
    span, one_clause = _SPAN, False
    needed: list[str] = []
    without: list[str] = []
    nowhere: list[str] = []
    for piece in line.split():
        if piece.startswith("~"):
            span = int(piece[1:].rstrip("|"))
            one_clause = span < _OVER_COMMAS or piece.endswith("|")
        elif piece.startswith("--"):
            nowhere.append(piece[2:])
        elif piece.startswith("-"):
            without.append(piece[1:])
        elif piece != ">":
            needed.append(piece)
    meanings = tuple(needed), frozenset(needed), tuple(without), frozenset(nowhere)
    return _Frame(group, code, part, *meanings, ">" in line, span, one_clause)


def _table(name: str) -> dict[str, Any]:
    raw = files(__package__).joinpath(f"data/{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(raw)


@lru_cache(maxsize=1)
def frames() -> Frames:
    """Return the frames, read once a process."""
    return Frames()
