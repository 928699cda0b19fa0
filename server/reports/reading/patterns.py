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
_UNPLAIN: Final = re.compile(r"[^a-zA-Z0-9\u0620-\u064a\u0660-\u0669\u066e-\u06d3\u06f0-\u06f9 ()|*+.]")
_SIGNS: Final = "()|*+.\\"
JOINT: Final = "\u200c"
"""Stands in a folded pattern where a word of it is two: the space between them may be missing in Persian."""
_FA_TAILS: Final = tuple(
    "ها های هایی هامون هاشون هامان هایمان هایشان هام هاش هارو هاست هاس ی یی م ش ت مون مان تون تان شون شان رو و یم ایم "
    "اند ان ن ه ست س تا مونو شونو شو مو ا ای ایی ارو امون اشون ام اش اتون شه مه مونه شونه اس است".split()
)
_LATIN_TAILS: Final = tuple("s es ha e ye o ro am im an eshun emun i".split())
TAILS: Final = {True: _FA_TAILS, False: _LATIN_TAILS}
OR_NONE: Final = {persian: frozenset(tails) | {""} for persian, tails in TAILS.items()}
NEAR, FAR = 5, 10
STEPS: Final = {"..": NEAR, "...": FAR}
"""How many words after a gap are tried: it skips up to four, or nine."""
BEGINNING: Final = 3
"""So many letters of the next word tell whether a pattern may go on."""
SIZES: Final = (1, 2, 3)
"""How many letters a beginning may have."""

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


def is_persian(pattern: str) -> bool:
    """Tell how a pattern is spelt: as Persian as soon as it holds one Persian letter."""
    return _PERSIAN.search(pattern) is not None


def folded(pattern: str) -> str:
    """Fold a pattern's words like the messages and leave its signs; a space inside a word becomes `JOINT`."""
    if _UNPLAIN.search(pattern) is None:
        return fold_text(pattern)
    return "".join(map(_folded_piece, _PIECE.findall(pattern)))


def _folded_piece(piece: str) -> str:
    if piece[0] == "(" and len(piece) > 1:
        return f"({'|'.join(map(_folded_piece, piece[1:-1].split('|')))})"
    return piece if piece[0] in _SIGNS or piece.isspace() else fold_key(piece).replace(" ", JOINT)


@lru_cache(maxsize=4096)
def parse(pattern: str, *, persian: bool) -> Tree:
    """Parse a folded pattern, or what follows its beginning. Raises ValueError when brackets do not fit."""
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
            nodes.append(Words(tuple(piece[1:-1].split("|"))))
        elif piece.isalnum():
            nodes.append(Word(piece))
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


def _spaced(piece: str, *, persian: bool) -> Iterator[Node]:
    for number, word in enumerate(piece.split(JOINT)):
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


After = tuple[Literal["done", "next", "near", "far", "here"], Begins]
DONE: Final[After] = ("done", None)
HERE: Final[After] = ("here", None)
"""What is left once a word's letters are used up: nothing; the next word; a short or a long gap; `here`: the matcher
must say.
"""


class Plan(NamedTuple):
    """What a tree wants of the word that it stands in, and what it goes on with."""

    ending: frozenset[str] | None
    """The endings that may come first; None: any letters."""
    then: Literal["end", "near", "far", "space", "maybe space", "letters"]
    first: Begins
    """What it may go on with after that."""

    def after(self, letters: str) -> After | None:
        """Tell what is wanted when the word goes on with `letters`; None when the tree cannot match."""
        whole = self.ending is None or letters in self.ending
        if self.then == "end":
            return DONE if whole else None
        if self.then in ("near", "far"):
            return (self.then, self.first) if whole else None
        if letters and self.then != "space" and self._goes_on(letters):
            return HERE
        if self.then == "letters":
            return HERE if whole and self.first is None else None
        return ("next", self.first) if whole else None

    def _goes_on(self, letters: str) -> bool:
        """Tell whether some ending may leave letters that the tree goes on with in the same word."""
        if self.first is None:
            return True
        if self.ending is None:
            return any(_begun(letters[at:], self.first) for at in range(len(letters)))
        return any(letters[:at] in self.ending and _begun(letters[at:], self.first) for at in range(len(letters)))


_NO_ENDING: Final = frozenset(("",))


def plan(tree: Tree) -> Plan:
    """Return what a tree wants first."""
    ending: frozenset[str] | None = _NO_ENDING
    at = 0
    if tree and isinstance(tree[0], Open):
        ending, at = None, 1
    elif tree and isinstance(tree[0], Endings):
        ending, at = OR_NONE[tree[0].persian], 1
    if at == len(tree):
        return Plan(ending, "end", None)
    node = tree[at]
    if isinstance(node, Gap):
        return Plan(ending, "near" if node.most == NEAR else "far", begins(tree, at + 1))
    if isinstance(node, Space):
        return Plan(ending, "maybe space" if node.optional else "space", begins(tree, at + 1))
    return Plan(ending, "letters", begins(tree, at))


def _begun(rest: str, first: frozenset[str]) -> bool:
    return rest[:3] in first or rest[:2] in first or rest[:1] in first
