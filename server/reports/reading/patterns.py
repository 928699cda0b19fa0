"""The pattern language of the lexicon (docs/reading.md): patterns as small trees, and a matcher made of them. Pure.

A pattern means what its translation into a regular expression would: choices are tried in their order, gaps take as few
words as they can, open endings as many letters, the first way that leads to the end of a word is taken. Compiling
thousands of such expressions costs seconds of every process; here a pattern is parsed when a message first holds its
first word, and whether it can go on from there the first letters of the words of the message tell.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from server.places.names import fold_key, fold_text

_PERSIAN: Final = re.compile(r"[\u0600-\u06ff]")
_PIECE: Final = re.compile(r"\((?:[^\W\d_]+\|)*[^\W\d_]+\)|\.{2,3}|\\w\+|[()|*+]|[^\s(){}|*+.]+|\s+")
"""A choice of plain words is one piece."""
_FA_TAILS: Final = tuple(
    "ها های هایی هامون هاشون هامان هایمان هایشان هام هاش هارو هاست هاس ی یی م ش ت مون مان تون تان شون شان رو و یم ایم "
    "اند ان ن ه ست س تا مونو شونو شو مو ا ای ایی ارو امون اشون ام اش اتون شه مه مونه شونه اس است".split()
)
_LATIN_TAILS: Final = tuple("s es ha e ye o ro am im an eshun emun i".split())
TAILS: Final = {True: _FA_TAILS, False: _LATIN_TAILS}
OR_NONE: Final = {persian: frozenset(tails) | {""} for persian, tails in TAILS.items()}
STEPS: Final = {"..": 5, "...": 10}
"""How many words after a gap are tried: it skips up to four, or nine."""
BEGINNING: Final = 3
"""So many letters of the next word tell whether a pattern may go on."""

Begins = frozenset[str] | None
"""The first letters (up to `BEGINNING`) that something may begin with; None when anything may."""


class Word(NamedTuple):
    """Letters to be found as they stand, folded."""

    letters: str


class Space(NamedTuple):
    """One space; between Persian words it may be missing."""

    optional: bool


class Gap(NamedTuple):
    """Some words of one clause, as few as will do; `most` places behind it are tried."""

    most: int


class Open(NamedTuple):
    """Whatever letters follow."""


class Endings(NamedTuple):
    """One of the common endings, or none."""

    persian: bool


class AnyWord(NamedTuple):
    """Letters and digits, one at least."""


class Words(NamedTuple):
    """One of several words, tried in this order."""

    letters: tuple[str, ...]


class Choice(NamedTuple):
    """One of several sequences, tried in this order."""

    ways: tuple[tuple["Node", ...], ...]


Node = Word | Space | Gap | Open | Endings | AnyWord | Words | Choice
Tree = tuple[Node, ...]


class Spelling(NamedTuple):
    """How a pattern is to be read: Persian as soon as it holds one Persian letter."""

    persian: bool

    @classmethod
    def of(cls, pattern: str) -> "Spelling":
        """Return how a pattern is spelt."""
        return cls(_PERSIAN.search(pattern) is not None)

    def parse(self, pattern: str) -> Tree:
        """Parse a pattern, or what follows its beginning. Raises ValueError when brackets do not fit."""
        return _parsed(pattern, self.persian)


@lru_cache(maxsize=4096)
def _parsed(pattern: str, persian: bool) -> Tree:  # noqa: FBT001 - a cache's key
    pieces = _PIECE.findall(pattern)
    tree, end = _sequence(pieces, 0, persian=persian)
    if end < len(pieces):
        raise ValueError(f"unbalanced pattern: {pattern}")
    return tree


def _sequence(pieces: Sequence[str], at: int, *, persian: bool) -> tuple[Tree, int]:
    """Parse up to the end, a bracket or a stroke; return the nodes and where that stands."""
    nodes: list[Node] = []
    while at < len(pieces):
        piece = pieces[at]
        if piece in ("|", ")"):
            break
        if piece == "(":
            choice, at = _choices(pieces, at + 1, persian=persian)
            nodes.append(choice)
            continue
        if piece in STEPS:
            nodes.append(Gap(STEPS[piece]))
        elif piece == "*":
            nodes.append(Open())
        elif piece == "+":
            nodes.append(Endings(persian))
        elif piece == r"\w+":
            nodes.append(AnyWord())
        elif piece[0] == "(":
            nodes.append(_words_of(piece, persian=persian))
        elif not piece.isspace():
            nodes.extend(_spaced(piece, persian=persian))
        elif not any(p.startswith("..") for p in pieces[max(0, at - 1) : at + 2]):
            nodes.append(Space(persian))
        at += 1
    return tuple(nodes), at


def _choices(pieces: Sequence[str], at: int, *, persian: bool) -> tuple[Choice, int]:
    ways: list[Tree] = []
    while True:
        way, at = _sequence(pieces, at, persian=persian)
        ways.append(way)
        if at >= len(pieces):
            raise ValueError("unbalanced pattern: a bracket is not closed")
        at += 1
        if pieces[at - 1] == ")":
            return Choice(tuple(ways)), at


def _words_of(piece: str, *, persian: bool) -> Node:
    """Return a choice of plain words; a few signs fold to several words."""
    folded = fold_text(piece)
    words = tuple(folded[1:-1].split("|"))
    if all(map(str.isalpha, words)):
        return Words(words)
    return Choice(tuple(tuple(_spaced(word, persian=persian)) for word in piece[1:-1].split("|")))


def _spaced(piece: str, *, persian: bool) -> Iterator[Node]:
    for number, word in enumerate(fold_key(piece).split(" ")):
        if number:
            yield Space(persian)
        if word:
            yield Word(word)


def begins(tree: Tree, at: int = 0) -> Begins:
    """Return what the nodes from `at` on may begin with, as the first letters of a word of the message."""
    node = tree[at] if at < len(tree) else None
    if isinstance(node, Words):
        return frozenset([word[:BEGINNING] for word in node.letters])
    if isinstance(node, Word):
        head = node.letters[:BEGINNING]
        return frozenset((head,)) if head.isalpha() else None
    if not isinstance(node, Choice):
        return None
    found: set[str] = set()
    for way in node.ways:
        theirs = begins(way) if way else begins(tree, at + 1)
        if theirs is None:
            return None
        found |= theirs
    return frozenset(found)


After = tuple[Literal["done", "next", "gap", "here"], Begins]
DONE: Final[After] = ("done", None)
HERE: Final[After] = ("here", None)
"""What is left once a word's letters are used up: nothing; the next word; a gap; `here`: the matcher must say."""


def after(tree: Tree, letters: str) -> After | None:
    """Tell what a tree wants when the word it stands in goes on with `letters`; None when it cannot match."""
    if not tree:
        return None if letters else DONE
    node = tree[0]
    if isinstance(node, Open):
        return DONE if len(tree) == 1 else _after_ending(tree[1:], [letters[n:] for n in range(len(letters) + 1)])
    if isinstance(node, Endings):
        tails = OR_NONE[node.persian]
        if len(tree) == 1:
            return DONE if letters in tails else None
        return _after_ending(tree[1:], [letters[len(tail) :] for tail in tails if letters.startswith(tail)])
    return _after_ending(tree, (letters,))


def _after_ending(tree: Tree, left: Sequence[str]) -> After | None:
    """As `after`, where any of several remainders of the word may be left."""
    if isinstance(tree[0], Gap):
        return ("gap", begins(tree, 1)) if "" in left else None
    if not isinstance(tree[0], Space):
        first = begins(tree)
        return HERE if first is None or any(_begun(rest, first) for rest in left) else None
    if not tree[0].optional and "" not in left:
        return None
    first = begins(tree, 1)
    if tree[0].optional and any(rest and (first is None or _begun(rest, first)) for rest in left):
        return HERE
    return ("next", first) if "" in left else None


def _begun(rest: str, first: frozenset[str]) -> bool:
    return not first.isdisjoint((rest[:1], rest[:2], rest[:3]))
