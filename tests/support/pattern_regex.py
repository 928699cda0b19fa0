"""What patterns of the lexicon mean, as regular expressions: the plain translation that the matcher must agree with."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files

from server.places.gazetteer import Token
from server.places.names import fold_key
from server.reports.reading.lexicon import FILES, Hit

# A verb of having or lacking between two words ends what they say together.
_STEP = r"(?:[ ,،]+(?!ندار|نیست|داریم|nadar|nist|darim|(?:ولی|اما|vali|ama|but)\b)[^\W_]+)"
_GAP = _STEP + r"{0,4}?[ ,،]+"
_LONG_GAP = _STEP + r"{0,9}?[ ,،]+"
_FA_TAIL = (
    "(?:ها|های|هایی|هامون|هاشون|هامان|هایمان|هایشان|هام|هاش|هارو|هاست|هاس|ی|یی|م|ش|ت|مون|مان|تون|تان|شون|شان|رو|و|یم|ایم|اند|ان|ن|ه"
    "|ست|س|تا|مونو|شونو|شو|مو|ا|ای|ایی|ارو|امون|اشون|ام|اش|اتون|شه|مه|مونه|شونه|اس|است)?"
)
_LATIN_TAIL = "(?:s|es|ha|e|ye|o|ro|am|im|an|eshun|emun|i)?"
_PERSIAN = re.compile(r"[\u0600-\u06ff]")
_PREFIX = 3
_PIECE = re.compile(r"\.{2,3}|\{\w+\}|\\w\+|[()|*+]|[^\s(){}|*+.]+|\s+")

Line = tuple[str, str, str, str]
"""group, code, part, pattern"""


def lexicon_lines() -> list[Line]:
    """Return every pattern of the lexicon's files, its sets put in."""
    lines: list[Line] = []
    for group, name in FILES:
        data = tomllib.loads(files("server.reports.reading").joinpath(f"data/{name}.toml").read_text(encoding="utf-8"))
        sets = data.pop("sets", {})
        for code, parts in data.items():
            for part, text in parts.items():
                for name_of_set, value in sets.items():
                    text = text.replace("{" + name_of_set + "}", value)  # noqa: PLW2901
                lines += [(group, code, part, p.strip()) for p in text.splitlines() if p.strip() and p[0] != "#"]
    return lines


class Regexes:
    """Patterns as regular expressions, tried one by one at the words that begin with their first three letters."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._by_prefix: dict[str, list[tuple[tuple[str, str, str], re.Pattern[str]]]] = {}
        for group, code, part, pattern in lines:
            for prefix, source in compile_pattern(pattern):
                self._by_prefix.setdefault(prefix, []).append(((group, code, part), re.compile(source)))

    def scan(self, text: str, tokens: Sequence[Token]) -> list[Hit]:
        """Return every pattern found in a folded text, longest per code at each word, in order of place."""
        last_at = {token.end: index for index, token in enumerate(tokens)}
        hits: list[Hit] = []
        for index, token in enumerate(tokens):
            best: dict[tuple[str, str, str], int] = {}
            for size in range(min(_PREFIX, len(token.text)), 0, -1):
                for key, regex in self._by_prefix.get(token.text[:size], ()):
                    found = regex.match(text, token.start)
                    if found and found.end() > best.get(key, -1):
                        best[key] = found.end()
            for key, end in best.items():
                last = last_at.get(end)
                if last is None:
                    last = next(i for i in range(len(tokens) - 1, -1, -1) if tokens[i].start < end)
                hits.append(Hit(*key, token.start, end, index, last))
        return hits


def compile_pattern(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield (prefix, regex source) for a pattern: one for each beginning of three letters it can have."""
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
