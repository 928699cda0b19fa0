"""The matchers of patterns (patterns.py): functions made of a pattern's nodes, from the last to the first. Pure."""

import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Final

from server.reports.reading.patterns import (
    FAR,
    OR_NONE,
    SIZES,
    TAILS,
    Choice,
    Endings,
    Gap,
    Node,
    Open,
    Space,
    Tree,
    Word,
    Words,
)

_LETTERS: Final = re.compile(r"[^\W\d_]*")
_RUN: Final = re.compile(r"[^\W_]+")
_BETWEEN: Final = re.compile(r"[ ,،]")
_NEXT: Final = re.compile(r"[ ,،]+(?:(?!ندار|نیست|داریم|nadar|nist|darim|(?:ولی|اما|vali|ama|but)\b)([^\W_]+))?")
"""To the next word, and over it; not over a verb of having or lacking, which ends what two words say together, nor a
but.
"""
_TAILS_BY_LETTER: Final = {
    persian: {letter: [tail for tail in tails if tail[0] == letter] for letter in {tail[0] for tail in tails}}
    for persian, tails in TAILS.items()
}
_GAPS = count()

Match = Callable[[str, int, "Text"], int]
"""(text, position, what is known of the text) → where the match ends, -1 when there is none."""


class Text:
    """What is remembered while one text is matched: where its gaps lead, and what was found behind them."""

    __slots__ = ("_behind", "_reach", "found")

    def __init__(self) -> None:
        self._behind: dict[int, list[int]] = {}
        self._reach: dict[tuple[int, int], set[str]] = {}
        self.found: dict[tuple[int, int], int] = {}
        """(number of a gap, position behind it) → where that match ends."""

    def behind(self, text: str, at: int) -> list[int]:
        """Return where the words behind a gap at `at` begin, nearest first, ten at most."""
        starts = self._behind.get(at)
        if starts is None:
            starts = self._behind[at] = _words_behind(text, at)
        return starts

    def reach(self, text: str, at: int, most: int) -> set[str]:
        """Return what the words behind a gap at `at` begin with: their first letters, up to `BEGINNING`."""
        heads = self._reach.get((at, most))
        if heads is None:
            heads = {text[s : s + size] for s in self.behind(text, at)[:most] for size in SIZES}
            self._reach[at, most] = heads
        return heads


def _words_behind(text: str, at: int) -> list[int]:
    starts: list[int] = []
    for _ in range(FAR):
        found = _NEXT.match(text, at)
        if found is None:
            break
        start, at = found.start(1), found.end()
        if start < 0:
            starts.append(at)
            break
        starts.append(start)
    return starts


def matcher(tree: Tree, then: Match | None = None) -> Match:
    """Return the matcher of a tree, and of what follows it: by itself it must end where no letter follows."""
    then = then or _ended
    for at in range(len(tree) - 1, -1, -1):
        then = _matcher_of(tree[at], then, spaced=_may_begin_with_space(tree, at + 1))
    return then


def _matcher_of(node: Node, then: Match, *, spaced: bool) -> Match:
    if isinstance(node, Word):
        return _word(node.letters, then)
    if isinstance(node, Space):
        return _space(then, optional=node.optional)
    if isinstance(node, Words):
        return _words(node.letters, then)
    if isinstance(node, Gap):
        return _gap(node.most, then, spaced=spaced)
    if isinstance(node, Endings):
        return _endings(then, persian=node.persian)
    if isinstance(node, Choice):
        return _choice(node.ways, tuple([matcher(way, then) for way in node.ways]))
    return _open(then) if isinstance(node, Open) else _any_word(then)


def _may_begin_with_space(tree: Tree, at: int) -> bool:
    if at >= len(tree):
        return False
    node = tree[at]
    if isinstance(node, Choice):
        return any(_may_begin_with_space(way or tree, 0 if way else at + 1) for way in node.ways)
    return isinstance(node, Space)


def _is_letter(sign: str) -> bool:
    return sign.isalnum() and not sign.isdecimal()


def _ended(text: str, at: int, _known: Text) -> int:
    return -1 if at < len(text) and _is_letter(text[at]) else at


def _word(letters: str, then: Match) -> Match:
    size = len(letters)

    def match(text: str, at: int, known: Text) -> int:
        return then(text, at + size, known) if text.startswith(letters, at) else -1

    return match


def _words(several: tuple[str, ...], then: Match) -> Match:
    by_letter: dict[str, list[str]] = {}
    for letters in several:
        by_letter.setdefault(letters[0], []).append(letters)

    def match(text: str, at: int, known: Text) -> int:
        for letters in by_letter.get(text[at : at + 1], ()):
            if text.startswith(letters, at):
                end = then(text, at + len(letters), known)
                if end >= 0:
                    return end
        return -1

    return match


def _space(then: Match, *, optional: bool) -> Match:
    def match(text: str, at: int, known: Text) -> int:
        end = then(text, at + 1, known) if text.startswith(" ", at) else -1
        return then(text, at, known) if end < 0 and optional else end

    return match


def _gap(most: int, then: Match, *, spaced: bool) -> Match:
    def match(text: str, at: int, known: Text) -> int:
        found = known.found
        for start in known.behind(text, at)[:most]:
            end = found.get((number, start))
            if end is None:
                end = then(text, start, known)
                if spaced and end < 0:
                    end = _one_space_back(text, start, known, then)
                found[number, start] = end
            if end >= 0:
                return end
        return -1

    number = next(_GAPS)
    return match


def _one_space_back(text: str, start: int, known: Text, then: Match) -> int:
    """A gap leaves the space that what follows it asks for, if there are two signs between the words."""
    return then(text, start - 1, known) if _BETWEEN.match(text, start - 2, start - 1) else -1


def _open(then: Match) -> Match:
    def match(text: str, at: int, known: Text) -> int:
        last = _LETTERS.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if then is _ended:
            return last
        for start in range(last, at - 1, -1):
            end = then(text, start, known)
            if end >= 0:
                return end
        return -1

    return match


def _endings(then: Match, *, persian: bool) -> Match:
    by_letter, whole = _TAILS_BY_LETTER[persian], OR_NONE[persian]

    def match(text: str, at: int, known: Text) -> int:
        if then is _ended:
            last = _LETTERS.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
            return last if text[at:last] in whole else -1
        for tail in by_letter.get(text[at : at + 1], ()):
            if text.startswith(tail, at):
                end = then(text, at + len(tail), known)
                if end >= 0:
                    return end
        return then(text, at, known)

    return match


def _any_word(then: Match) -> Match:
    def match(text: str, at: int, known: Text) -> int:
        word = _RUN.match(text, at)
        for start in range(word.end() if word else at, at, -1):
            end = then(text, start, known)
            if end >= 0:
                return end
        return -1

    return match


def _choice(ways: tuple[Tree, ...], matches: tuple[Match, ...]) -> Match:
    firsts = [way[0].letters[:1] if way and isinstance(way[0], Word) else "" for way in ways]
    by_letter: Mapping[str, tuple[Match, ...]] = {
        letter: tuple(m for m, first in zip(matches, firsts, strict=True) if first in (letter, ""))
        for letter in set(firsts)
    }
    others = by_letter.get("", ())

    def match(text: str, at: int, known: Text) -> int:
        for way in by_letter.get(text[at : at + 1], others):
            end = way(text, at, known)
            if end >= 0:
                return end
        return -1

    return match
