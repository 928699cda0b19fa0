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
from server.places.names import fold_text
from server.reports.reading.finglish import persian_words
from server.reports.reading.matchers import Match, Text, matcher
from server.reports.reading.patterns import (
    BEGINNING,
    DONE,
    FAR,
    HERE,
    JOINT,
    NEAR,
    SIZES,
    After,
    Plan,
    Tree,
    folded,
    is_persian,
    parse,
    plan,
)

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
_FIRST_WORD = re.compile(r"[^\s(*+|).]*")
_BEFORE = 1 << 20
"""More than there are patterns, or ways to begin one."""
_WORDS_KEPT = 30_000
_BY_ENTRY = attrgetter("entry", "order")


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

    __slots__ = ("_match", "_plans", "_trees", "key", "persian", "rest")

    def __init__(self, key: tuple[str, str, str], rest: str, *, persian: bool) -> None:
        self.key, self.rest, self.persian = key, rest, persian
        self._trees: dict[str, Tree] = {}
        self._plans: dict[str, Plan] = {}
        self._match: Match | None = None

    def tree(self, tail: str = "") -> Tree:
        """Return what follows a beginning: its own tail and what follows the first choice."""
        found = self._trees.get(tail)
        if found is None:
            own = parse(tail or self.rest, persian=self.persian)
            found = (*own, *self.tree()) if tail else own
            self._trees[tail] = found
        return found

    def plan(self, tail: str) -> Plan:
        """Return what is wanted after a beginning with this tail."""
        found = self._plans.get(tail)
        if found is None:
            found = self._plans[tail] = plan(self.tree(tail))
        return found

    def match(self, tail: str) -> Match:
        """Return the matcher of what follows a beginning with this tail."""
        if self._match is None:
            self._match = matcher(self.tree())
        return matcher(parse(tail, persian=self.persian), self._match) if tail else self._match


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
        if letters and (more[0] == "." or (more[0] == " " and not self.pattern.persian)):
            return None
        return self.pattern.plan(self.tail).after(letters) if self.size else HERE

    def tree(self) -> Tree:
        """Return what must follow the first letters."""
        return self.pattern.tree(self.tail)

    def end(self, text: str, at: int, seen: Text) -> int:
        """Return where a match at `at` ends, or -1."""
        if self._match is None:
            self._match = self.pattern.match(self.tail)
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
    near: dict[str, list[_Way]] = field(default_factory=dict)
    far: dict[str, list[_Way]] = field(default_factory=dict)
    here: list[_Way] = field(default_factory=list)

    def take(self, ways: Sequence[tuple[_Way, After]]) -> None:
        """File the ways of one entry for a word that may begin each of them: up to the first that it fulfils."""
        for way, (what, heads) in ways:
            if what == "done" and way is ways[0][0]:
                self._fulfil(way)
            elif what in ("done", "here") or heads is None:
                self.here.append(way)
            else:
                shelf = self.next if what == "next" else self.near if what == "near" else self.far
                for head in heads:
                    shelf.setdefault(head, []).append(way)
            if what == "done":
                return

    def _fulfil(self, way: _Way) -> None:
        if all(key != way.pattern.key for _, key in self.ready):
            self.ready.append((way.entry, way.pattern.key))


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
        self.latin |= dict.fromkeys(_LATIN_WORD.findall(fold_text(together)))
        if group == "need" and part in ("items", "direct"):
            self.things |= dict.fromkeys(_WHOLE_WORD.findall(together))

    def _add(self, key: tuple[str, str, str], line: str) -> None:
        choices, rest = _split_head(folded(line))
        pattern = _Pattern(key, rest, persian=is_persian(line))
        number, self._count = self._count, self._count + 1
        for at, (choice, spelt) in enumerate(zip(choices, _split_head(line)[0], strict=True)):
            word = choice if choice.isalpha() else _FIRST_WORD.match(choice).group()  # type: ignore[union-attr]
            head = word[:BEGINNING].replace(JOINT, " ")
            # Longer beginnings are looked at first, and of one entry's ways the longest spelt.
            entry = (BEGINNING - len(head)) * _BEFORE + number
            order = at - len(spelt) * _BEFORE
            if word.isalpha():
                way = _Way(pattern, entry, order, len(word), choice[len(word) :])
                self._ways.setdefault(word, []).append(way)
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
        heads = [_heads(token.text) for token in tokens]
        present = set().union(*heads)
        hits: list[Hit] = []
        for index, token in enumerate(tokens):
            word = token.text
            known = known_words[word] if word in known_words else self._learn(word)
            if known is None:
                continue
            ways = list(known.here)
            if known.next:
                for head in next(filter(None, heads[index + 1 :]), ()):
                    if head in known.next:
                        ways += known.next[head]
            for shelf, most in ((known.near, NEAR), (known.far, FAR)):
                if shelf and not shelf.keys().isdisjoint(present):
                    for head in shelf.keys() & seen.reach(text, token.end, most):
                        ways += shelf[head]
            if ways and (ends := _longest(known.ready, ways, text, token, seen)):
                hits += (Hit(*key, token.start, end, index, _last(tokens, index, end)) for key, end in ends.items())
            elif known.ready:
                end, last = token.end, _last(tokens, index, token.end)
                hits += [Hit(*key, token.start, end, index, last) for _, key in known.ready]
        return hits

    def _learn(self, word: str) -> _Known | None:
        """Return what a word may begin, None where that is nothing, and keep it: most words come again."""
        entries: dict[int, list[tuple[_Way, After]]] = {}
        for size in range(1, len(word) + 1):
            for way in self._ways.get(word[:size], ()):
                if (wanted := way.after(word[way.size :])) is not None:
                    entries.setdefault(way.entry, []).append((way, wanted))
        if len(self._known) >= _WORDS_KEPT:
            self._known.clear()
        if not entries:
            self._known[word] = None
            return None
        known = self._known[word] = _Known()
        for entry in sorted(entries):
            known.take(sorted(entries[entry], key=_by_order))
        return known


def _by_order(way: tuple[_Way, After]) -> int:
    return way[0].order


def _longest(
    ready: Sequence[_Ready], ways: list[_Way], text: str, token: Token, seen: Text
) -> dict[tuple[str, str, str], int]:
    """Return where each (group, code, part) found at a word ends, the longest of its patterns, in order of entry."""
    found = [(entry, key, token.end) for entry, key in ready]
    done = -1
    if len(ways) > 1:
        ways.sort(key=_BY_ENTRY)
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


@lru_cache(maxsize=_WORDS_KEPT)
def _heads(word: str) -> tuple[str, ...]:
    """Return what a word begins with: its first letters, up to `BEGINNING`."""
    return tuple(word[:size] for size in SIZES if size <= len(word))


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
