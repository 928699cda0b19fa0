"""The words beside a name that tell it is a place, and the ordinary words that names of places are too. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple

from server.places.names import fold_key

Cue = Literal["province", "county", "village", "city", "area", "near", "around", "road", "weak", "none"]

_TOKEN = re.compile(r"[^\W_]+")
BEFORE: dict[str, Cue] = {}
for _kind, _words in {
    "province": "استان ostan province",
    "county": "شهرستان shahrestan shahrestane county",
    "village": "روستای روستا روستاهای ده دهستان دهکده آبادی rusta rustaye rustaie roosta deh village villages hamlet",
    "city": "شهر شهرک بندر shahr shahre shahrake city town",
    "area": "بخش محله منطقه ناحیه bakhsh mahale mahaleye mantaghe district neighborhood neighbourhood",
    "near": "نزدیک نزدیکی نزدیکیهای کنار جنب بغل nazdik nazdike nazdiki kenar near nearby beside outside",
    "around": "اطراف حومه حوالی دور atraf atrafe home hume around surrounding outskirts",
    "road": "جاده محور مسیر گردنه اتوبان آزادراه بزرگراه jade jadeye jadde mehvar masir road highway between بین",
    "weak": "در از به تو توی سمت طرف برای واسه تا مردم اهالی اهل داخل سراسر اینجا "
    "dar az be tu tuye samt samte baraye vase ta "
    "mardome ahali ahale in at from to for of into inside toward towards people here reach",
}.items():
    for _word in _words.split():
        BEFORE[fold_key(_word)] = _kind  # type: ignore[assignment]
AFTER: dict[str, Cue] = {
    "province": "province",
    "ostan": "province",
    "county": "county",
    "shahrestan": "county",
    "vilage": "village",
    "rusta": "village",
    "city": "city",
    "tovn": "city",
}
_STREETS = """خیابان خیابون کوچه میدان میدون بلوار محله khiaban khiabun khiyaban khiyabun kuche meydan meydun bolvar
street square"""
for _word in _STREETS.split():
    AFTER[fold_key(_word)] = "weak"
STRONG: frozenset[Cue] = frozenset({"province", "county", "village", "city", "area"})
_GLUE_WORDS = "در از به تا با که و رو را تو هم یه من ما dar az be ba ta ke va o in at to of the"
GLUE = frozenset(map(fold_key, _GLUE_WORDS.split()))
_ENDS = ".!؟?؛;"
_STOPS = ".,،:;؛!?؟-()"
EZAFE = frozenset({"e", "ye", "i", "yi"})


class Token(NamedTuple):
    """One word of a folded text; `start`, `end` are offsets in it."""

    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """Split a folded text into words."""
    return [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


@lru_cache(maxsize=1)
def ordinary() -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that need a noun of place beside them, and those that need any cue (data/ordinary_words.txt)."""
    hard: set[str] = set()
    soft: set[str] = set()
    text = files("server.places").joinpath("data/ordinary_words.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, mark = line.partition(" ")
            (soft if mark == "?" else hard).add(fold_key(word))
    return frozenset(hard), frozenset(soft)


def is_ordinary(key: str, *, even: Cue = "none") -> bool:
    """Tell whether a folded word is an ordinary one first of all, beside this cue at most."""
    hard, soft = ordinary()
    return (key in hard and even not in STRONG) or (key in soft and even == "none")


def cues_at(words: Sequence[Token], first: int, last: int) -> tuple[Cue, frozenset[Cue]]:
    """Return the nearest cue beside a name, and all cues within three words before it."""
    cues: list[Cue] = []
    if last + 1 < len(words) and (after := AFTER.get(words[last + 1].text)):
        cues.append(after)
    for back in range(1, 4):
        if first - back < 0:
            break
        cue = BEFORE.get(words[first - back].text)
        if cue is not None and (
            back == 1 or cue not in STRONG or words[first - back + 1].text in EZAFE | {"of", "haye"}
        ):
            cues.append(cue)
        elif words[first - back].text not in EZAFE | {"of", "the", "haye", "های"}:
            break
    return (cues[0] if cues else "none"), frozenset(cues)


def stands_apart(text: str, start: int, end: int) -> bool:
    """Tell whether a name has a clause to itself, or the last word of a sentence, as people sign with their town."""
    before, after = text[:start].rstrip(), text[end:].lstrip()
    if not after or after[0] in _ENDS + ")":
        return len(text) > end - start
    return (not before or before[-1] in _STOPS) and after[0] in _STOPS and len(text) > end - start
