"""The lexicon: word patterns in data files, compiled once, matched at word starts only.

A pattern is written in plain spelling and folded like the messages. Its language (see docs/reading.md): a space between
Persian words may be missing in the message; `*` after a word or group lets any letters follow, `+` the common endings;
`..` skips up to four words within a clause; `(a|b)` is a choice; `{name}` a set of the same file.

Patterns are filed under the first three letters of their first word: a message costs a few tries a word.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from operator import attrgetter
from typing import NamedTuple

from server.places.gazetteer import Token
from server.places.names import fold_key
from server.reports.reading.finglish import persian_words
from server.reports.reading.matchers import Match, Text, matcher
from server.reports.reading.patterns import BEGINNING, DONE, HERE, After, Spelling, Tree, after

FILES = (
    ("incident", "incidents"),
    ("need", "needs"),
    ("need", "needs_more"),
    ("signal", "signals"),
    ("signal", "asking"),
)
"""The group that each file of patterns is of."""
_LATIN_WORD = re.compile("[a-z]+")
# A choice of one word alone: (insulin|…), (…|انسولین|…).
_WHOLE_WORD = re.compile(r"(?<=[(|])[^\W\d_]+(?=[|)])")
_FIRST_WORD = re.compile(r"[^\s(*+|)]*")
_SIZES = range(1, BEGINNING + 1)
_BEFORE = 1 << 20
"""More than there are patterns, or ways to begin one."""
_WORDS_KEPT = 30_000


class Hit(NamedTuple):
    """A pattern found: `group` is the file, `code` the section, `part` how sure; offsets in the folded text."""

    group: str
    code: str
    part: str
    start: int
    end: int
    first: int
    last: int

    @property
    def rule(self) -> str:
        """Name of the rule for `why`."""
        return f"{self.group}.{self.code}" + ("" if self.part == "patterns" else f".{self.part}")


class _Pattern:
    """A pattern of the files: what it stands for, and what follows its first choice, parsed when first wanted."""

    __slots__ = ("_match", "_tree", "key", "rest", "spelling")

    def __init__(self, key: tuple[str, str, str], rest: str, spelling: Spelling) -> None:
        self.key, self.rest, self.spelling = key, rest, spelling
        self._tree: Tree | None = None
        self._match: Match | None = None

    def tree(self) -> Tree:
        """Return what follows the first choice."""
        if self._tree is None:
            self._tree = self.spelling.parse(self.rest)
        return self._tree

    def match(self) -> Match:
        """Return the matcher of what follows the first choice."""
        if self._match is None:
            self._match = matcher(self.tree())
        return self._match


class _Way:
    """One way for a pattern to begin: `size` letters, then `tail`, then the pattern's rest. `entry` numbers the pattern
    under the (up to) three letters that it is filed under, in the order in which hits are told; of the ways of an entry
    the first in `order` counts.
    """

    __slots__ = ("_match", "entry", "order", "pattern", "size", "tail")

    def __init__(self, pattern: _Pattern, entry: int, order: int, size: int, tail: str) -> None:
        self.pattern, self.entry, self.order, self.size, self.tail = pattern, entry, order, size, tail
        self._match: Match | None = None

    def after(self, letters: str) -> After | None:
        """Tell what is wanted where the first word goes on with `letters`, None when this is no way."""
        more = self.tail or self.pattern.rest
        if not more:
            return None if letters else DONE
        if letters and (more[0] == "." or (more[0] == " " and not self.pattern.spelling.persian)):
            return None
        return after(self.tree(), letters) if self.size else HERE

    def tree(self) -> Tree:
        """Return what must follow the first letters."""
        behind = self.pattern.tree()
        return (*self.pattern.spelling.parse(self.tail), *behind) if self.tail else behind

    def end(self, text: str, at: int, seen: Text) -> int:
        """Return where a match at `at` ends, or -1."""
        if self._match is None:
            behind = self.pattern.match()
            self._match = matcher(self.pattern.spelling.parse(self.tail), behind) if self.tail else behind
        return self._match(text, at + self.size, seen)


_Ready = tuple[int, tuple[str, str, str]]
"""(entry, (group, code, part)) of a pattern that a word alone fulfils."""


@dataclass(slots=True)
class _Known:
    """What a word may begin: patterns that it fulfils alone, ways that may go on with the next word or behind a gap, by
    what they go on with, and those that only the matcher can tell.
    """

    ready: list[_Ready] = field(default_factory=list)
    next: dict[str, list[_Way]] = field(default_factory=dict)
    gap: dict[str, list[_Way]] = field(default_factory=dict)
    here: list[_Way] = field(default_factory=list)

    def take(self, word: str, ways: Sequence[_Way]) -> None:
        """File the ways of one entry for a word that begins with each of them: up to the first that it fulfils."""
        first = True
        for way in ways:
            wanted = way.after(word[way.size :])
            if wanted is None:
                continue
            what, heads = wanted
            if what == "done" and first:
                self._fulfil(way)
            elif what in ("done", "here") or heads is None:
                self.here.append(way)
            else:
                shelves = self.next if what == "next" else self.gap
                for head in heads:
                    shelves.setdefault(head, []).append(way)
            if what == "done":
                return
            first = False

    def _fulfil(self, way: _Way) -> None:
        if all(key != way.pattern.key for _, key in self.ready):
            self.ready.append((way.entry, way.pattern.key))

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.ready or self.next or self.gap or self.here)


class Lexicon:
    """All patterns of the data files, or of the given lines (group, code, part, pattern)."""

    def __init__(self, given: Iterable[tuple[str, str, str, str]] | None = None) -> None:
        self._ways: dict[str, list[_Way]] = {}
        self._known: dict[str, _Known | None] = {}
        self._count = 0
        self.words: dict[str, None] = {}
        self.latin: dict[str, None] = {}
        self.things: dict[str, None] = {}
        if given is None:
            self._add_files()
        for group, code, part, pattern in given or ():
            self._add_lines(group, code, part, [pattern], {})

    def _add_files(self) -> None:
        for group, name in FILES:
            raw = files(__package__).joinpath(f"data/{name}.toml").read_text(encoding="utf-8")
            data = tomllib.loads(raw)
            sets: dict[str, str] = data.pop("sets", {})
            for code, parts in data.items():
                for part, text in parts.items():
                    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
                    self._add_lines(group, code, part, lines, sets)

    def _add_lines(self, group: str, code: str, part: str, lines: Sequence[str], sets: Mapping[str, str]) -> None:
        for line in lines:
            pattern = line
            for name, value in sets.items():
                pattern = pattern.replace("{" + name + "}", value)
            self._add((group, code, part), pattern)
        together = "\n".join(lines)
        self.words |= dict.fromkeys(persian_words(together))
        self.latin |= dict.fromkeys(_LATIN_WORD.findall(fold_key(together)))
        if group == "need" and part in ("items", "direct"):
            self.things |= dict.fromkeys(_WHOLE_WORD.findall(together))

    def _add(self, key: tuple[str, str, str], line: str) -> None:
        choices, rest = _split_head(line)
        pattern = _Pattern(key, rest, Spelling.of(line))
        number, self._count = self._count, self._count + 1
        for at, choice in enumerate(choices):
            first = choice if choice.isalpha() else _FIRST_WORD.match(choice).group()  # type: ignore[union-attr]
            word = fold_key(first)
            head = word[:BEGINNING]
            # Longer prefixes are looked at first, and of one entry's ways the longest spelt.
            entry = (BEGINNING - len(head)) * _BEFORE + number
            order = at - len(choice) * _BEFORE
            letters = first if "." not in first else first[: first.index(".")]
            if word.isalpha() and (letters == first or fold_key(letters) == word):
                self._ways.setdefault(word, []).append(_Way(pattern, entry, order, len(word), choice[len(letters) :]))
            else:
                self._ways.setdefault(head, []).append(_Way(pattern, entry, order, 0, choice))

    def compile(self) -> None:
        """Parse every pattern now instead of when it is first wanted. Raises ValueError for what is no pattern."""
        for ways in self._ways.values():
            for way in ways:
                way.tree()

    def scan(self, text: str, tokens: Sequence[Token]) -> list[Hit]:
        """Return every pattern found in a folded text, longest per code at each word, in order of place."""
        known_words, seen = self._known, Text()
        present: set[str] = set()
        hits: list[Hit] = []
        for index, token in enumerate(tokens):
            word = token.text
            known = known_words[word] if word in known_words else self._learn(word)
            if known is None:
                continue
            ways = list(known.here)
            if known.next:
                following = _following(tokens, index)
                for size in _SIZES:
                    ways += known.next.get(following[:size], ())
            if known.gap:
                present = present or {other.text[:size] for other in tokens for size in _SIZES}
                for head in known.gap.keys() & present:
                    ways += known.gap[head]
            if ways and (ends := _longest(known.ready, ways, text, token, seen)):
                hits += (Hit(*key, token.start, end, index, _last(tokens, index, end)) for key, end in ends.items())
            elif known.ready:
                end, last = token.end, _last(tokens, index, token.end)
                hits += [Hit(*key, token.start, end, index, last) for _, key in known.ready]
        return hits

    def _learn(self, word: str) -> _Known | None:
        """Return what a word may begin, None where that is nothing, and keep it: most words come again."""
        entries: dict[int, list[_Way]] = {}
        for size in range(1, len(word) + 1):
            for way in self._ways.get(word[:size], ()):
                entries.setdefault(way.entry, []).append(way)
        known = _Known()
        for entry in sorted(entries):
            known.take(word, sorted(entries[entry], key=attrgetter("order")))
        if len(self._known) >= _WORDS_KEPT:
            self._known.clear()
        return self._known.setdefault(word, known or None)


def _longest(
    ready: Sequence[_Ready], ways: list[_Way], text: str, token: Token, seen: Text
) -> dict[tuple[str, str, str], int]:
    """Return where each (group, code, part) found at a word ends, the longest of its patterns, in order of entry."""
    found = [(entry, key, token.end) for entry, key in ready]
    done = -1
    ways.sort(key=attrgetter("entry", "order"))
    for way in ways:
        if way.entry != done and (end := way.end(text, token.start, seen)) >= 0:
            done = way.entry
            found.append((done, way.pattern.key, end))
    best: dict[tuple[str, str, str], int] = {}
    for _, key, end in sorted(found):
        if end > best.get(key, -1):
            best[key] = end
    return best


def _last(tokens: Sequence[Token], index: int, end: int) -> int:
    """Return which word holds the last letter before `end`, or is an empty one right behind it."""
    while index + 1 < len(tokens) and (tokens[index + 1].start < end or tokens[index + 1].end == end):
        index += 1
    return index


def _following(tokens: Sequence[Token], index: int) -> str:
    """Return the next word that is not empty, '' when there is none."""
    for at in range(index + 1, len(tokens)):
        if word := tokens[at].text:
            return word
    return ""


def _split_head(pattern: str) -> tuple[list[str], str]:
    """Split off a leading choice: ["a", "b"] and what follows it; a plain pattern is its own only choice."""
    if not pattern.startswith("("):
        return [pattern], ""
    end = pattern.find(")")
    if end > 0 and "(" not in (inner := pattern[1:end]):
        return inner.split("|"), pattern[end + 1 :]
    depth, start = 0, 1
    choices: list[str] = []
    for at, char in enumerate(pattern):
        if char == "(":
            depth += 1
        elif char == "|" and depth == 1:
            choices.append(pattern[start:at])
            start = at + 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                choices.append(pattern[start:at])
                return [c for choice in choices for c in _split_nested(choice)], pattern[at + 1 :]
    raise ValueError(f"unbalanced pattern: {pattern}")


def _split_nested(choice: str) -> list[str]:
    """Open a choice that itself begins with a choice and ends with it."""
    if not choice.startswith("("):
        return [choice]
    heads, rest = _split_head(choice)
    return [head + rest for head in heads]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Return the lexicon, read and compiled once a process."""
    return Lexicon()
