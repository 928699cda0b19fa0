"""Words of one's own: what coordinators add to the lexicon, compiled with the lexicon's own machinery. Pure.

    own = OwnWords([OwnEntry("والور", "need_items", "heating"), OwnEntry("پل دختر", "ordinary", "word")])
    read("سه تا والور لازم داریم", gazetteer, own=own)

`check` says what is wrong with a phrase before it is saved. The language has no repetition of groups, so a phrase
cannot run away; gaps multiply, so there may be few of them, and what a phrase costs on its worst message is measured.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from server.places.gazetteer import Match, Token
from server.places.geonames import PlaceRow
from server.places.names import fold, fold_key
from server.reports.reading.lexicon import Hit, Lexicon, lexicon
from server.standards.taxonomy import INCIDENTS, NEEDS

if TYPE_CHECKING:
    from server.reports.reading.text import Message

VULNERABLE: Final = ("child", "infant", "elderly", "pregnant", "disabled", "chronic_illness", "woman_headed")
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "need_items": tuple(NEEDS),
    "need_weak": tuple(NEEDS),
    "need_direct": tuple(NEEDS),
    "no_need": ("word",),
    "incident": tuple(INCIDENTS),
    "urgency": ("life", "high"),
    "vulnerable": VULNERABLE,
    "kind": ("offer", "update", "question", "other"),
    "ordinary": ("word",),
    "alias": ("place",),
}
"""group → the codes that an entry of it may have."""
PHRASE_CHARS: Final = 200
_FEWEST: Final = 3
_DEEPEST: Final = 3
_CHOICES_MOST: Final = 40
_GROUPS_MOST: Final = 6
_REACH_MOST: Final = 300
"""Gaps of up to 4 words count 5 and of up to 9 words 10; their product, times the words to choose among, bounds what
one place in a message may cost.
"""
_COST_MOST: Final = 8.0
"""Whatever the bound did not foresee: on the message that is worst for it a phrase may cost no more than so many times
what all that is built in costs on an everyday one.
"""
_EVERYDAY: Final = "پلدختر سیل آمده خانه ها خراب شده آب نداریم چادر و پتو لازم داریم بچه ها زیر باران مانده اند"
_LONG_CHARS: Final = 3900
_ALLOWED: Final = re.compile(r"[\w\s()|*+.\u200c'’-]+")
_PIECE: Final = re.compile(r"\.+|[()|*+]|[^\s()|*+.]+|\s+")
_ORDINARY: Final = "own.ordinary"
_ALIAS: Final = "own.alias."
_COMMON: Final = frozenset(
    fold_key(word)
    for word in (
        "و در به از که این است را با برای آن تا هم ما من او شما یک هر اگر یا نه رو تو هست نیست بود شد شده می ها های "
        "سلام لطفا کمک نیاز "
        "اینجا آنجا همه چند خیلی الان امروز دیگر فقط ولی اما داریم نداریم دارد هستیم مردم خانه شهر روستا "
        "the a an and or of to in on at is are was be we i you it they he she for with from this that not no yes have "
        "has need help please here there now today people house city village "
        "va dar be az ke in ast ra ba baraye an ta ham ma man to yek har agar ya na ro hast nist bud shod mi salam "
        "lotfan komak inja hame chand kheili alan emruz vali ama darim nadarim hastim mardom khane shahr rusta"
    ).split()
)


class PhraseError(ValueError):
    """A phrase that cannot be an entry; `code` is one of `FAULTS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


FAULTS: Final = ("empty", "long", "sign", "brackets", "dangling", "number", "short", "common", "slow")


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """One entry: a phrase of the pattern language, one of `GROUPS` with its code, and for an alias the place."""

    phrase: str
    group: str
    code: str
    place: PlaceRow | None = None


class OwnWords:
    """Entries compiled. False when there is none, so that reading pays nothing."""

    __slots__ = ("_lexicon", "_places", "entries")

    def __init__(self, entries: Iterable[OwnEntry] = ()) -> None:
        self.entries = tuple(entries)
        self._places = [e.place for e in self.entries if e.group == "alias"]
        self._lexicon = Lexicon(_lines(self.entries))

    def __bool__(self) -> bool:
        """Whether there is any entry."""
        return bool(self.entries)

    def scan(self, text: str, tokens: Sequence[Token]) -> list[Hit]:
        """Return the entries found in a folded text."""
        return self._lexicon.scan(text, tokens)

    def places(self, message: "Message", matches: list[Match]) -> list[Match]:
        """Return the places named, without ordinary words and with the places that go by an alias, in order."""
        ordinary = [h for h in message.hits if h.code == _ORDINARY]
        aliases = [h for h in message.hits if h.code.startswith(_ALIAS) and not _within(h, ordinary)]
        if not ordinary and not aliases:
            return matches
        kept = [m for m in matches if not any(_overlap(m, h) for h in ordinary + aliases)]
        for hit in aliases:
            place = self._places[int(hit.code.removeprefix(_ALIAS))]
            if place is not None:
                kept.append(Match(hit.start, hit.end, hit.first, hit.last, (place,), "area", frozenset()))
        return sorted(kept, key=lambda m: m.first)


def _overlap(match: Match, hit: Hit) -> bool:
    return match.start < hit.end and hit.start < match.end


def _within(hit: Hit, others: Sequence[Hit]) -> bool:
    return any(o.start <= hit.start and hit.end <= o.end for o in others)


def _lines(entries: Sequence[OwnEntry]) -> Iterator[tuple[str, str, str, str]]:
    """Each entry as a line of the lexicon: group, code, part, pattern."""
    aliases = 0
    for entry in entries:
        group, code, part = entry.group, entry.code, "patterns"
        if group.startswith("need_"):
            group, part = "need", group.removeprefix("need_")
        elif group == "no_need":
            group, code, part = "need", "_none", "items"
        elif group == "alias":
            group, code, aliases = "signal", f"{_ALIAS}{aliases}", aliases + 1
        elif group != "incident":
            group, code = "signal", _signal(group, code)
        yield group, code, part, entry.phrase.strip()


def _signal(group: str, code: str) -> str:
    """The signal by which the rules know it."""
    return {
        "urgency": {"life": "life", "high": "pressing"}.get(code, code),
        "vulnerable": f"vulnerable_{code}",
        "kind": {"other": "spam"}.get(code, code),
        "ordinary": _ORDINARY,
    }[group]


def check(phrase: str, *, measured: bool = True) -> None:
    """Raise PhraseError when a phrase cannot be an entry; `measured`: what it costs at its worst is tried out."""
    text = phrase.strip()
    if not text:
        raise PhraseError("empty")
    if len(text) > PHRASE_CHARS:
        raise PhraseError("long")
    if not _ALLOWED.fullmatch(text) or "\n" in text or "_" in text:
        raise PhraseError("sign")
    if re.search(r"\d{5,}", fold_key(text).replace(" ", "")):
        # Nobody's telephone number belongs into a lexicon.
        raise PhraseError("number")
    pieces = _PIECE.findall(text)
    _balanced(pieces)
    _no_loose_ends(pieces)
    if pieces.count("|") > _CHOICES_MOST or pieces.count("(") > _GROUPS_MOST or _reach(pieces) > _REACH_MOST:
        raise PhraseError("slow")
    try:
        compiled = Lexicon([("signal", _ORDINARY, "patterns", text)])
        compiled.compile()
    except (ValueError, re.error, RecursionError, OverflowError):
        raise PhraseError("brackets") from None
    _telling(text)
    if measured and _cost(compiled, pieces) > _COST_MOST:
        raise PhraseError("slow")


def _balanced(pieces: Sequence[str]) -> None:
    depth = 0
    for piece in pieces:
        depth += (piece == "(") - (piece == ")")
        if depth < 0 or depth > _DEEPEST:
            raise PhraseError("brackets")
        if piece == "|" and depth == 0:
            raise PhraseError("brackets")
    if depth:
        raise PhraseError("brackets")


def _no_loose_ends(pieces: Sequence[str]) -> None:
    """Nothing may be missing beside a sign: an empty choice, a star alone, a gap at an end, dots that are no gap."""
    solid = [p for p in pieces if not p.isspace()]
    for before, piece in zip(["", *solid], [*solid, ""], strict=True):
        if piece.startswith(".") and len(piece) not in (2, 3):
            raise PhraseError("dangling")
        opens = before in {"", "(", "|"} or before.startswith(".")
        if opens and (piece in {"*", "+", "|", ")", ""} or piece.startswith(".")):
            raise PhraseError("dangling")
        if before in {"*", "+"} and piece in {"*", "+"}:
            raise PhraseError("dangling")


def _reach(pieces: Sequence[str]) -> int:
    product = 1 + pieces.count("|")
    for piece in pieces:
        if piece.startswith("."):
            product *= 5 if len(piece) == 2 else 10
    return product


def _telling(text: str) -> None:
    """Every way to say it must say something: three letters at least, and not one everyday word alone."""
    for words in _ways(text):
        letters = "".join(words).replace("*", "").replace("+", "")
        begins = words[0].rstrip("*+") if words else ""
        if len(letters) < _FEWEST or (words and words[0].endswith("*") and len(begins) < _FEWEST):
            raise PhraseError("short")
        if len(words) == 1 and words[0].rstrip("*+") in _COMMON:
            raise PhraseError("common")


def _ways(text: str) -> list[list[str]]:
    """The ways to say a pattern, as folded words, stars kept; of very many only the shortest matter, so 200 at most."""
    ways: list[str] = [""]
    for piece in _split(text):
        if piece.startswith("("):
            inner, star = piece[1:].rsplit(")", 1)
            choices = [way + star for choice in _choices(inner) for way in map(" ".join, _ways(choice))]
            ways = [way + choice for way in ways for choice in choices][:200]
        else:
            ways = [way + piece for way in ways]
    return [[_folded(word) for word in way.replace(".", " ").split()] for way in ways]


def _folded(word: str) -> str:
    stars = word[len(word.rstrip("*+")) :]
    return fold_key(word.rstrip("*+")).replace(" ", "") + stars


def _split(text: str) -> Iterator[str]:
    """Cut a pattern into groups with their brackets and star, and what stands between them."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        if char == "(":
            if depth == 0:
                yield text[start:at]
                start = at
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                end = at + 1 + (text[at + 1 : at + 2] in {"*", "+"} and at + 1 < len(text))
                yield text[start:end]
                start = end
    yield text[start:]


def _choices(inner: str) -> list[str]:
    depth, start, found = 0, 0, []
    for at, char in enumerate(inner):
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            found.append(inner[start:at])
            start = at + 1
    return [*found, inner[start:]]


def _cost(compiled: Lexicon, pieces: Sequence[str]) -> float:
    """CPU time of a phrase on the messages that are worst for it, over that of the whole lexicon on an everyday one."""
    words = [p for p in pieces if p[0] not in "()|*+." and not p.isspace()]
    worst = (" ".join(words[:-1] or words), " ".join(word for word in words for _ in range(6)), " ".join(words))
    return max(_least(compiled, *_long_message(one)) for one in worst) / _everyday()


@lru_cache(maxsize=1)
def _everyday() -> float:
    return max(1e-4, _least(lexicon(), *_long_message(_EVERYDAY)))


def _long_message(words: str) -> tuple[str, list[Token]]:
    text = fold((words + " ") * max(1, _LONG_CHARS // (len(words) + 1))).text
    return text, [Token(m.group(), m.start(), m.end()) for m in re.finditer(r"[^\W_]+", text)]


def _least(words: Lexicon, text: str, tokens: Sequence[Token]) -> float:
    """The least of three: the first compiles, and what else the machine does only ever adds."""
    return min(_spent(words, text, tokens) for _ in range(3))


def _spent(words: Lexicon, text: str, tokens: Sequence[Token]) -> float:
    begun = time.thread_time()
    words.scan(text, tokens)
    return time.thread_time() - begun
