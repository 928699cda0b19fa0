"""The lexicon: word patterns in data files, compiled once, matched at word starts only.

A pattern is written in plain spelling and folded like the messages. Its language (see docs/reading.md): a space between
Persian words may be missing in the message; `*` after a word or group lets any letters follow, `+` the common endings;
`..` skips up to four words within a clause; `(a|b)` is a choice; `{name}` a set of the same file.

Patterns are filed under the first three letters of their first word: a message costs a few tries a word.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from server.places.gazetteer import Token
from server.places.names import fold_key
from server.reports.reading.finglish import persian_words

# A verb of having or lacking between two words ends what they say together.
_STEP = r"(?:[ ,،]+(?!ندار|نیست|داریم|nadar|nist|darim|(?:ولی|اما|vali|ama|but)\b)[^\W_]+)"
_GAP = _STEP + r"{0,4}?[ ,،]+"
_LONG_GAP = _STEP + r"{0,9}?[ ,،]+"
_FA_TAIL = (
    "(?:ها|های|هایی|هامون|هاشون|هامان|هایمان|هایشان|هام|هاش|هارو|هاست|هاس|ی|یی|م|ش|ت|مون|مان|تون|تان|شون|شان|رو|و|یم|ایم|اند|ان|ن|ه"
    "|ست|س|تا|مونو|شونو|شو|مو|ا|ای|ایی|ارو|امون|اشون|ام|اش|اتون|شه|مه|مونه|شونه|اس|است)?"
)
_LATIN_TAIL = "(?:s|es|ha|e|ye|o|ro|am|im|an|eshun|emun|i)?"
_FILES = (
    ("incident", "incidents"),
    ("need", "needs"),
    ("need", "needs_more"),
    ("signal", "signals"),
    ("signal", "asking"),
)
_PERSIAN = re.compile(r"[\u0600-\u06ff]")
_PREFIX = 3
_LATIN_WORD = re.compile("[a-z]+")
# A choice of one word alone: (insulin|…), (…|انسولین|…).
_WHOLE_WORD = re.compile(r"(?<=[(|])[^\W\d_]+(?=[|)])")
_PIECE = re.compile(r"\.{2,3}|\{\w+\}|\\w\+|[()|*+]|[^\s(){}|*+.]+|\s+")


@dataclass(frozen=True, slots=True)
class Hit:
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


class _Entry:
    """One pattern under one prefix; compiled when first tried."""

    __slots__ = ("code", "group", "part", "regex", "source")

    def __init__(self, group: str, code: str, part: str, source: str) -> None:
        self.group, self.code, self.part, self.source = group, code, part, source
        self.regex: re.Pattern[str] | None = None

    def match(self, text: str, at: int) -> int:
        """Return the end of a match at `at`, or -1."""
        if self.regex is None:
            self.regex = re.compile(self.source)
        found = self.regex.match(text, at)
        return found.end() if found else -1


class _Shelf:
    """The patterns under one prefix, and all of them as one: most words match none, which one try tells."""

    __slots__ = ("any", "entries")

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.any: re.Pattern[str] | None = None

    def fitting(self, text: str, at: int) -> Sequence[_Entry]:
        """Return all entries if one of them at least matches at `at`, else none."""
        if self.any is None:
            self.any = re.compile("|".join(entry.source for entry in self.entries))
        return self.entries if self.any.match(text, at) else ()


class Lexicon:
    """All patterns of the data files, or of the given lines (group, code, part, pattern)."""

    def __init__(self, given: Iterable[tuple[str, str, str, str]] | None = None) -> None:
        self._by_prefix: dict[str, _Shelf] = {}
        self.words: dict[str, None] = {}
        self.latin: dict[str, None] = {}
        self.things: dict[str, None] = {}
        for line in given or ():
            self._add(*line, {})
        if given is None:
            self._add_files()

    def _add_files(self) -> None:
        for group, name in _FILES:
            raw = files(__package__).joinpath(f"data/{name}.toml").read_text(encoding="utf-8")
            data = tomllib.loads(raw)
            sets: dict[str, str] = data.pop("sets", {})
            for code, parts in data.items():
                for part, lines in parts.items():
                    for line in lines.splitlines():
                        if line.strip() and not line.startswith("#"):
                            self._add(group, code, part, line.strip(), sets)

    def _add(self, group: str, code: str, part: str, pattern: str, sets: dict[str, str]) -> None:
        self.words |= dict.fromkeys(persian_words(pattern))
        self.latin |= dict.fromkeys(_LATIN_WORD.findall(fold_key(pattern)))
        if group == "need" and part in ("items", "direct"):
            self.things |= dict.fromkeys(_WHOLE_WORD.findall(pattern))
        for prefix, source in compile_pattern(pattern, sets):
            self._by_prefix.setdefault(prefix, _Shelf()).entries.append(_Entry(group, code, part, source))

    def compile(self) -> None:
        """Compile every pattern now instead of when it is first tried. Raises re.error for what is no pattern."""
        for shelf in self._by_prefix.values():
            for entry in shelf.entries:
                re.compile(entry.source)

    def scan(self, text: str, tokens: Sequence[Token]) -> list[Hit]:
        """Return every pattern found in a folded text, longest per code at each word, in order of place."""
        last_at = {token.end: index for index, token in enumerate(tokens)}
        hits: list[Hit] = []
        for index, token in enumerate(tokens):
            best: dict[tuple[str, str, str], int] = {}
            for entry in self._tries(token.text, text, token.start):
                end = entry.match(text, token.start)
                key = (entry.group, entry.code, entry.part)
                if end > best.get(key, -1):
                    best[key] = end
            for (group, code, part), end in best.items():
                last = last_at.get(end)
                if last is None:
                    last = next(i for i in range(len(tokens) - 1, -1, -1) if tokens[i].start < end)
                hits.append(Hit(group, code, part, token.start, end, index, last))
        return hits

    def _tries(self, word: str, text: str, at: int) -> Iterator[_Entry]:
        for size in range(min(_PREFIX, len(word)), 0, -1):
            if shelf := self._by_prefix.get(word[:size]):
                yield from shelf.fitting(text, at)


def compile_pattern(pattern: str, sets: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (prefix, regex source) for a pattern: one for each beginning of three letters it can have."""
    for name, value in sets.items():
        pattern = pattern.replace("{" + name + "}", value)
    gap = " ?" if _PERSIAN.search(pattern) else " "
    tail = _FA_TAIL if _PERSIAN.search(pattern) else _LATIN_TAIL
    head, rest = _split_head(pattern)
    by_prefix: dict[str, list[str]] = {}
    for choice in head:
        word = fold_key(re.split(r"[\s(*+|)]", choice, maxsplit=1)[0])
        by_prefix.setdefault(word[:_PREFIX], []).append(choice)
    for prefix, choices in by_prefix.items():
        body = "|".join(_translate(c, gap, tail) for c in sorted(choices, key=len, reverse=True))
        yield prefix, f"(?:{body}){_translate(rest, gap, tail)}(?![^\\W\\d_])"


def _split_head(pattern: str) -> tuple[list[str], str]:
    """Split off a leading choice: ["a", "b"] and what follows it; a plain pattern is its own only choice."""
    if not pattern.startswith("("):
        return [pattern], ""
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


def _translate(pattern: str, gap: str, tail: str) -> str:
    out: list[str] = []
    pieces = _PIECE.findall(pattern)
    for at, piece in enumerate(pieces):
        if piece in ("..", "..."):
            out.append(_GAP if piece == ".." else _LONG_GAP)
        elif piece.isspace():
            beside_gap = any(p.startswith("..") for p in pieces[max(0, at - 1) : at + 2])
            out.append("" if beside_gap else gap)
        elif piece == "(":
            out.append("(?:")
        elif piece in ("|", ")"):
            out.append(piece)
        elif piece == "*":
            out.append(r"[^\W\d_]*")
        elif piece == "+":
            out.append(tail)
        elif piece == r"\w+":
            out.append(r"[^\W_]+")
        else:
            out.append(re.escape(fold_key(piece)).replace(r"\ ", gap))
    return "".join(out)


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Return the lexicon, read and compiled once a process."""
    return Lexicon()
