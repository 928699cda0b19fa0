"""Words of a message that say which street, bridge, camp or village it speaks of: what the gazetteer does not know.

Pure. A landmark's words may lead to somebody's door, so they leave this module hashed under the instance's key: equal
words meet, nobody can read them. Persian and Latin spellings of one name meet in its consonants: کوچه مرادی, kuche
moradi and Moradi alley are one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from server.places.names import fold
from server.reports.landmark_words import (
    AGES,
    COUNTED,
    CUES,
    ENGLISH,
    KIN,
    MONTHS,
    NUMBERED,
    NUMBERS,
    OF_ENGLISH,
    OF_PERSIAN,
    PERSONS,
    PLAIN,
    TITLES,
    WHICH,
)

MARK: Final = "mark:"
"""What a landmark's field in `said` begins with: mark:<kind>:<hash>; <kind># for a number, or old, upper, …"""
SKETCH: Final = "words"
"""The kind of mark that stands for a message's rare words as a whole."""
SKETCH_BYTES: Final = 3
PERSIAN: Final = "p"
LATIN: Final = "l"
"""A sketch begins with its script: words of two scripts have little in common whatever they say."""
_SKETCHED: Final = 6
_LONG: Final = 4
MOST: Final = 16
"""So many marks one report may say; a list of streets is no place."""
MAX_CHARS: Final = 1500
_HASH_BYTES: Final = 6
_SPAN_CHARS: Final = 14
"""A longer span of a rule skips words between its first and its last, which may well be a name."""
_OF_THE_PLACE: Final = frozenset({"place.exact", "place.fuzzy", "place.between"})
_NO_NAMES: Final = PLAIN | COUNTED | KIN | PERSONS | AGES
_NOT_WORDS: Final = ("place.", "people.", "limit.", "command.")
_NAME_WORDS: Final = 3
_SHORT: Final = 2
_ENDS: Final = re.compile(r"[.!?؟;؛…\n،,:()|/]")
_WORD: Final = re.compile(r"\d+|[^\W\d_]+")
_PERSIAN: Final = re.compile("[\u0600-\u06ff]")
_FA: Final = str.maketrans(
    {
        **dict(zip("بپتطثسصجچخدذزضظرژشغقفکگلمن", "bpttsssjCxdzzzzrJSGGfkglmn", strict=True)),
        **dict.fromkeys("اویعءىهح"),
    }
)
_DIGRAPHS: Final = (("kh", "x"), ("ch", "C"), ("sh", "S"), ("zh", "J"), ("gh", "G"))
_VOWELS: Final = frozenset("aeiouاآ")
_LATIN_DROPPED: Final = str.maketrans(dict.fromkeys("aeiouvwyh", None) | {"c": "k"})


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """One word of a landmark: its kind, whether it only tells which of several (`which`), and the key that it meets by.

    Kinds: those of `landmark_words.CUES`, `person`, `kin`, `age`, and `beside` for words that stand at a place's name.
    """

    kind: str
    which: bool
    key: str


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    cut: bool
    """Whether a sign stands before it: a name does not go on behind a comma."""
    free: bool
    """Whether no rule of reading has understood it: it may be a name."""
    place: bool


def skeleton(word: str) -> str:
    """The consonants of a folded word, the same for its Persian and its Latin spelling; short words stay whole."""
    if _PERSIAN.search(word):
        bare = word.translate(_FA)
    else:
        bare = word
        for pair, sign in _DIGRAPHS:
            bare = bare.replace(pair, sign)
        bare = bare.translate(_LATIN_DROPPED)
    if not bare or (len(word) < _LONG and word.isascii() and len(bare) < _SHORT):
        return word
    # One consonant is little: whether a vowel stands before it is written in both scripts.
    return bare if len(bare) >= _SHORT else f"{'~' * (word[0] in _VOWELS)}{bare}~"


_CUE_KEYS: Final = {
    key: kind for word, kind in CUES.items() if _PERSIAN.search(word) and len(key := skeleton(word)) >= _LONG
}
"""Consonants of the longer Persian cues → kind: darmangaah, dabestane and borj-e are spelt as one likes."""


def marks(text: str, why: Sequence[Mapping[str, Any]] = ()) -> tuple[Mark, ...]:
    """The landmarks that a message names, at most `MOST`. `why`: the reading's spans, whose words are no names."""
    words = _words(text[:MAX_CHARS], why)
    found: dict[Mark, None] = {}
    taken: set[int] = set()
    english = _in_english(words)
    for at, word in enumerate(words):
        kind = _cue(word.text)
        if kind == "village" and (mark := _which_village(words, at)):
            found[mark] = None
        if kind and not word.place:
            for index, mark in _named(words, at, kind, english=english):
                taken.add(index)
                found[mark] = None
        if word.text in PERSONS or word.text in KIN:
            for index, mark in _after(words, at, "person" if word.text in PERSONS else "kin"):
                taken.add(index)
                found[mark] = None
        if word.text in NUMBERED and at and not (at > 1 and _cue(words[at - 2].text)) and (n := _which(words, at - 1)):
            found[Mark("beside", True, n)] = None
        if word.text in AGES and at and words[at - 1].text.isdigit():
            found[Mark("age", True, words[at - 1].text)] = None
    for mark in _beside(words, taken):
        found[mark] = None
    return (*tuple(found)[:MOST], *_sketch(words))


def sealed(found: Iterable[Mark], keyed_hash: Callable[[str, str], bytes]) -> dict[str, int]:
    """Marks as fields of `said`, their words hashed under the instance's key; a sketch's words stand in one field."""
    fields: dict[str, int] = {}
    sketch: list[str] = []
    script = LATIN
    for mark in found:
        hashed = keyed_hash("landmark", mark.key)
        if mark.kind == SKETCH:
            sketch.append(hashed[:SKETCH_BYTES].hex())
            script = PERSIAN if mark.which else LATIN
        else:
            fields[f"{MARK}{mark.kind}{'#' * mark.which}:{hashed[:_HASH_BYTES].hex()}"] = 1
    if sketch:
        fields[f"{MARK}{SKETCH}:{script}{''.join(sorted(sketch))}"] = 1
    return fields


def _sketch(words: Sequence[_Word]) -> Iterator[Mark]:
    """The longest words that nothing has understood: the rarest ones, the same in two messages of one origin."""
    free = dict.fromkeys(w.text for w in words if w.free and len(w.text) >= _LONG and not w.text.isdigit())
    for text in sorted(free, key=lambda t: (-len(t), t))[:_SKETCHED]:
        yield Mark(SKETCH, bool(_PERSIAN.search(text)), skeleton(text))


def _words(text: str, why: Sequence[Mapping[str, Any]]) -> list[_Word]:
    folded = fold(text.replace("\n", "."))
    known = [(w["start"], w["end"]) for w in why if not str(w["rule"]).startswith(_NOT_WORDS)]
    places = [(w["start"], w["end"]) for w in why if w["rule"] in _OF_THE_PLACE]
    words: list[_Word] = []
    last = 0
    for match in _WORD.finditer(folded.text):
        start, end = folded.span(match.start(), match.end())
        word = match.group()
        in_place = _inside(start, end, places)
        understood = word not in CUES and any(
            a < end and start < b and (b - a <= _SPAN_CHARS or start <= a or end >= b) for a, b in known
        )
        free = not (in_place or understood or word in _NO_NAMES)
        words.append(_Word(word, bool(_ENDS.search(folded.text, last, match.start())), free, in_place))
        last = match.end()
    return words


def _inside(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(a < end and start < b for a, b in spans)


def _cue(word: str) -> str | None:
    """The kind of landmark that a word is called by; a longer cue in Latin letters by its consonants."""
    return CUES.get(word) or (_CUE_KEYS.get(skeleton(word)) if word.isascii() and len(word) > _LONG else None)


def _in_english(words: Sequence[_Word]) -> bool:
    """Whether a message in Latin letters is English, where a landmark's name stands before its kind."""
    return sum(w.text in OF_ENGLISH for w in words) >= sum(w.text in OF_PERSIAN for w in words)


def _which_village(words: Sequence[_Word], at: int) -> Mark | None:
    """Upper or lower, behind the name of a village that the gazetteer knows: روستای علی‌آباد بالا."""
    index = at + 1
    while index < len(words) and words[index].place and not words[index].cut:
        index += 1
    if index == at + 1 or index >= len(words) or words[index].cut:
        return None
    which = WHICH.get(words[index].text)
    return Mark("village", True, which) if which and words[index].free else None


def _named(words: Sequence[_Word], at: int, kind: str, *, english: bool) -> Iterator[tuple[int, Mark]]:
    """The name of the landmark whose kind stands at `at`: behind it, or before it as English has it."""
    if words[at].text in ENGLISH and not english:
        behind = list(_after(words, at, kind))
        yield from behind or _before(words, at, kind)
        return
    if words[at].text in ENGLISH:
        before = list(_before(words, at, kind))
        if before:
            yield from before
            return
        following = words[at + 1] if at + 1 < len(words) else None
        if following is None or not (following.text == "of" or _which(words, at + 1)):
            return
    yield from _after(words, at, kind)


def _before(words: Sequence[_Word], at: int, kind: str) -> Iterator[tuple[int, Mark]]:
    name: list[tuple[int, str]] = []
    for index in range(at - 1, max(-1, at - 1 - _NAME_WORDS), -1):
        word = words[index]
        if words[index + 1].cut or word.place:
            break
        if which := _which(words, index):
            yield index, Mark(kind, True, which)
        elif word.text in TITLES or word.text in CUES or not word.free or word.text.isdigit():
            break
        else:
            name.append((index, word.text))
    yield from _of_name(name[::-1], kind)


def _after(words: Sequence[_Word], at: int, kind: str) -> Iterator[tuple[int, Mark]]:
    name: list[tuple[int, str]] = []
    for index in range(at + 1, min(len(words), at + 2 + _NAME_WORDS)):
        word = words[index]
        if word.cut or word.place:
            break
        if word.text in TITLES or word.text in {"شماره", "shomare", "no", "number", "e", "ye", "i"}:
            continue
        if which := _which(words, index):
            yield index, Mark(kind, True, which)
        elif word.text in CUES or word.text.isdigit() or word.text in NUMBERS or not word.free or word.text in PERSONS:
            break
        else:
            name.append((index, word.text))
    yield from _of_name(name[:_NAME_WORDS], kind)


def _of_name(name: Sequence[tuple[int, str]], kind: str) -> Iterator[tuple[int, Mark]]:
    """A name's words one by one, and the first two as one: دره باغ and darebagh are the same."""
    keys = [(index, skeleton(text)) for index, text in name]
    for index, key in keys:
        yield index, Mark(kind, False, key)
    if len(keys) > 1:
        yield keys[0][0], Mark(kind, False, skeleton(name[0][1] + name[1][1]))


def _which(words: Sequence[_Word], index: int) -> str | None:
    """What a word tells apart: a number that counts nothing, or old, upper, eastern."""
    word = words[index].text
    if word in WHICH:
        return WHICH[word]
    number = word if word.isdigit() else NUMBERS.get(word)
    following = words[index + 1].text if index + 1 < len(words) else ""
    if number is None or (following in COUNTED and not (index + 1 < len(words) and words[index + 1].cut)):
        return None
    if not word.isdigit() and following not in MONTHS and index and words[index - 1].text not in CUES:
        return None
    return str(int(number)) if len(number) < 10 else number  # noqa: PLR2004 - no number of a door


def _beside(words: Sequence[_Word], taken: set[int]) -> Iterator[Mark]:
    """Words that stand at a place's name and nothing has understood: a smaller place, a quarter, told without a cue."""
    for at, word in enumerate(words):
        if not word.place:
            continue
        for index, cut in ((at - 1, word.cut), (at + 1, at + 1 < len(words) and words[at + 1].cut)):
            if not 0 <= index < len(words) or index in taken or cut:
                continue
            near = words[index]
            if near.free and near.text not in CUES and not near.text.isdigit() and near.text not in WHICH:
                yield from (m for _, m in _of_name([(index, near.text)], "beside"))
                step = -1 if index < at else 1
                further = index + step
                if (
                    0 <= further < len(words)
                    and words[further].free
                    and further not in taken
                    and not words[max(index, further)].cut
                ):
                    pair = [(i, words[i].text) for i in sorted((further, index))]
                    yield from (m for _, m in _of_name(pair, "beside"))
