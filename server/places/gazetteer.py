"""The gazetteer in memory: which words of a message name which places.

Pure, no database. `Gazetteer.find` looks every run of up to five words up by its squashed key (so پل دختر, پلدختر and
Pol-e Dokhtar meet), longest first. Ordinary words that are place names too need a cue beside them. Only after a cue and
where nothing matched exactly is one wrong, missing or added letter forgiven. Data: see `server.places.geonames`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from math import cos, radians
from typing import Literal

from server.places.geonames import PlaceRow, load_country, persian_name
from server.places.names import Folded, fold, fold_key

__all__ = [
    "Cue",
    "Gazetteer",
    "Match",
    "PlaceRow",
    "Token",
    "default_gazetteer",
    "load_country",
    "persian_name",
    "tokens_of",
]

Cue = Literal["province", "county", "village", "city", "area", "near", "around", "road", "weak", "none"]

_TOKEN = re.compile(r"[^\W_]+")
_LONGEST = 5
_FUZZY_FROM = 5
_BEGUN_FROM = 2
_BEFORE: dict[str, Cue] = {}
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
        _BEFORE[fold_key(_word)] = _kind  # type: ignore[assignment]
_AFTER: dict[str, Cue] = {
    "province": "province",
    "ostan": "province",
    "county": "county",
    "shahrestan": "county",
    "vilage": "village",
    "rusta": "village",
    "city": "city",
    "tovn": "city",
}
_STRONG: frozenset[Cue] = frozenset({"province", "county", "village", "city", "area"})
_GLUE = frozenset(
    fold_key(w) for w in "در از به تا با که و رو را تو هم یه من ما dar az be ba ta ke va o in at to of the".split()
)
_ENDS = ".!؟?؛;"
_BESIDE_KM = 60
_STOPS = ".,،:;؛!?؟-()"
_EZAFE = frozenset({"e", "ye", "i", "yi"})
_FA_TAILS = ("هستیم", "یم", "ه", "و", "م", "ن", "رو", "ست")
_EN_TAILS = ("iam", "im", "am", "ro", "ra", "ye", "e", "o", "i")
_FA_HEADS = ("در", "از", "به", "روستای", "شهرستان", "شهر", "استان")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a folded text; `start`, `end` are offsets in it."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """A run of words that names one place or several; candidates biggest first; offsets in the folded text."""

    start: int
    end: int
    first: int
    last: int
    candidates: tuple[PlaceRow, ...]
    cue: Cue
    cues: frozenset[Cue]
    exact: bool = True


def tokens_of(text: str) -> list[Token]:
    """Split a folded text into words."""
    return [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


@lru_cache(maxsize=1)
def _ordinary() -> tuple[frozenset[str], frozenset[str]]:
    hard: set[str] = set()
    soft: set[str] = set()
    text = files("server.places").joinpath("data/ordinary_words.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, mark = line.partition(" ")
            (soft if mark == "?" else hard).add(fold_key(word))
    return frozenset(hard), frozenset(soft)


@dataclass(slots=True)
class Gazetteer:
    """Names → rows. Build it once a process with `from_rows`; it never changes, so threads may share it."""

    rows: tuple[PlaceRow, ...]
    _index: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _spaced: frozenset[str] = frozenset()
    _fuzzy: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, rows: Iterable[PlaceRow]) -> "Gazetteer":
        """Build the gazetteer; rows in any order."""
        ordered = tuple(sorted(rows, key=lambda r: -r.population))
        index: dict[str, list[int]] = {}
        spaced: set[str] = set()
        for number, row in enumerate(ordered):
            for key in {fold_key(name) for name in (row.name_en, row.name_fa or "", *row.names)}:
                for form in _forms(key):
                    squashed = form.replace(" ", "")
                    if len(squashed) < 2:
                        continue
                    spaced.add(form)
                    entry = index.setdefault(squashed, [])
                    if number not in entry:
                        entry.append(number)
        fuzzy: dict[str, list[str]] = {}
        for key in index:
            if len(key) >= _FUZZY_FROM:
                for cut in _cuts(key):
                    fuzzy.setdefault(cut, []).append(key)
        return cls(
            ordered,
            {k: tuple(v) for k, v in index.items()},
            frozenset(spaced),
            {k: tuple(v) for k, v in fuzzy.items()},
        )

    def lookup(self, name: str) -> tuple[PlaceRow, ...]:
        """Return the rows a name alone may mean, biggest first; exact, then one letter off."""
        found = [m for m in self.find(fold("شهر " + name)) if m.candidates]
        return found[0].candidates if found else ()

    def find(self, folded: Folded, tokens: Sequence[Token] | None = None) -> list[Match]:
        """Return the places named in a folded text, in order, not overlapping."""
        words = tokens_of(folded.text) if tokens is None else tokens
        matches: list[Match] = []
        at = 0
        while at < len(words):
            match = self._exact_at(words, at, folded.text)
            if match is None:
                at += 1
                continue
            matches.append(match)
            at = match.last + 1
        return matches or self._fuzzy_matches(words)

    def begun(self, folded: Folded) -> str | None:
        """Return the name that stands unfinished at the end of a text right after a word that announces a place."""
        words = tokens_of(folded.text)
        for count in (1, 2):
            run = words[-count:]
            if len(words) <= count or len("".join(w.text for w in run)) < _BEGUN_FROM or run[0].text in _BEFORE:
                continue
            if _cues_at(words, len(words) - count, len(words) - 1)[1] & (_STRONG | {"near", "around", "road"}):
                return " ".join(w.text for w in run)
        return None

    def _exact_at(self, words: Sequence[Token], at: int, text: str) -> Match | None:
        for count in range(min(_LONGEST, len(words) - at), 0, -1):
            run = [w.text for w in words[at : at + count]]
            key = "".join(run)
            if key[0].isdigit():
                return None
            rows = self._index.get(key)
            if rows is None and count <= 2 and not (count == 2 and set(run) & _GLUE):
                rows, key = self._bare(key, heads=count == 1)
            if rows is None or (count > 1 and not self._may_join(run, key)):
                continue
            cue, cues = _cues_at(words, at, at + count - 1)
            if cue == "none" and _stands_apart(text, words[at].start, words[at + count - 1].end):
                cue = "weak"
            sure = self._is_place(key, rows, cue, cues) or self._beside_its_own(words, at + count, rows)
            if not sure or self._goes_on(words, at + count, key, text):
                continue
            return Match(
                words[at].start,
                words[at + count - 1].end,
                at,
                at + count - 1,
                tuple(self.rows[r] for r in rows),
                cue,
                cues,
            )
        return None

    def _bare(self, key: str, *, heads: bool) -> tuple[tuple[int, ...] | None, str]:
        """Try a single long word without the endings and prepositions that get glued to a name."""
        if len(key) < 6:
            return None, key
        tails = _EN_TAILS if key[0].isascii() else _FA_TAILS
        stems = [key[: -len(tail)] for tail in tails if key.endswith(tail)]
        stems = [stem for stem in stems if stem not in _BEFORE]
        stems += [key[len(head) :] for head in _FA_HEADS if heads and key.startswith(head)]
        for stem in stems:
            if len(stem) >= 5 and (rows := self._index.get(stem)):
                return rows, stem
        return None, key

    def _may_join(self, run: list[str], key: str) -> bool:
        """Accept words run together only as the gazetteer spaces them, or when they are long and no mere grammar."""
        if " ".join(run) in self._spaced:
            return True
        return len(key) >= 6 and not (set(run) & _GLUE) and min(map(len, run)) >= 2

    def _is_place(self, key: str, rows: tuple[int, ...], cue: Cue, cues: frozenset[Cue]) -> bool:
        hard, soft = _ordinary()
        if key in hard:
            return bool(cues & {"village", "county", "province"}) or cue == "city"
        if key in soft:
            return cue != "none"
        biggest = self.rows[rows[0]]
        if biggest.kind in ("county", "province") or biggest.population >= 15_000:
            return cue != "none" or len(key) > 2
        return cue != "none" or len(key) >= 5

    def _beside_its_own(self, words: Sequence[Token], after: int, rows: tuple[int, ...]) -> bool:
        """Tell whether the next word names a place around this one: بهار همدان is the town, not the spring."""
        if after >= len(words):
            return False
        following = self._index.get(words[after].text, ())
        return any(
            one != other and near(self.rows[one], self.rows[other], _BESIDE_KM) for one in rows for other in following
        )

    def _goes_on(self, words: Sequence[Token], after: int, key: str, text: str) -> bool:
        """Tell whether an ordinary word only begins a longer, unknown name (روستای قلعه واری)."""
        if key not in _ordinary()[0] or after >= len(words):
            return False
        between = text[words[after - 1].end : words[after].start]
        following = words[after].text
        return (
            not between.strip() and following not in _BEFORE and following not in _GLUE and following not in self._index
        )

    def _fuzzy_matches(self, words: Sequence[Token]) -> list[Match]:
        """Forgive one letter, only right after a cue of place and only when nothing matched exactly."""
        hard, soft = _ordinary()
        for at, word in enumerate(words):
            cue, cues = _cues_at(words, at, at)
            if cue == "none" or word.text in hard or word.text in soft or word.text in _BEFORE:
                continue
            for count in (2, 1):
                key = "".join(w.text for w in words[at : at + count])
                long_enough = len(key) >= (_FUZZY_FROM if cue in _STRONG else _FUZZY_FROM + 1)
                if not long_enough or key[0].isdigit() or at + count > len(words):
                    continue
                rows = self._near(key, big_only=cue not in _STRONG)
                if rows:
                    last = at + count - 1
                    places = tuple(self.rows[r] for r in rows)
                    return [Match(word.start, words[last].end, at, last, places, cue, cues, exact=False)]
        return []

    def _near(self, key: str, *, big_only: bool) -> tuple[int, ...]:
        found: set[int] = set()
        for cut in (key, *_cuts(key)):
            for name in (cut, *self._fuzzy.get(cut, ())):
                if abs(len(name) - len(key)) <= 1 and _one_off(key, name):
                    found.update(self._index.get(name, ()))
        least = 10_000 if big_only else 0
        return tuple(sorted(r for r in found if self.rows[r].population >= least))


def _forms(key: str) -> Iterable[str]:
    """Yield a folded name and the ways people shorten it: without the ezafe, without "va"."""
    yield key
    if key.isascii():
        yield from _spoken(key)
    words = key.split()
    plain = [w for i, w in enumerate(words) if i == 0 or w not in _EZAFE]
    if len(plain) != len(words):
        yield " ".join(plain)
    if "va" in plain or "and" in plain or "و" in plain:
        yield " ".join(w for w in plain if w not in ("va", "and", "و"))


def _spoken(key: str) -> Iterable[str]:
    """Yield the shorter endings people write of a romanised name: Hamidiyeh, hamidie; Sarbisheh, sarbishe."""
    for ending, others in (("iyeh", ("ie", "iye", "ieh", "iya", "ia")), ("eh", ("e", "a")), ("iye", ("ie",))):
        if key.endswith(ending) and len(key) - len(ending) >= 3:
            for other in others:
                yield key[: -len(ending)] + other
            return


def _cuts(key: str) -> Iterable[str]:
    return (key[:i] + key[i + 1 :] for i in range(len(key)))


def _one_off(one: str, other: str) -> bool:
    """Tell whether two words differ by at most one letter added, dropped, changed, or two swapped."""
    if one == other:
        return True
    if len(one) > len(other):
        one, other = other, one
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) != len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or swapped


def _cues_at(words: Sequence[Token], first: int, last: int) -> tuple[Cue, frozenset[Cue]]:
    """Return the nearest cue beside a name, and all cues within three words before it."""
    cues: list[Cue] = []
    if last + 1 < len(words) and (after := _AFTER.get(words[last + 1].text)):
        cues.append(after)
    for back in range(1, 4):
        if first - back < 0:
            break
        cue = _BEFORE.get(words[first - back].text)
        if cue is not None and (
            back == 1 or cue not in _STRONG or words[first - back + 1].text in _EZAFE | {"of", "haye"}
        ):
            cues.append(cue)
        elif words[first - back].text not in _EZAFE | {"of", "the", "haye", "های"}:
            break
    return (cues[0] if cues else "none"), frozenset(cues)


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Tell whether a name has a clause to itself, or the last word of a sentence, as people sign with their town."""
    before, after = text[:start].rstrip(), text[end:].lstrip()
    if not after or after[0] in _ENDS:
        return len(text) > end - start
    return (not before or before[-1] in _STOPS) and after[0] in _STOPS and len(text) > end - start


def near(one: PlaceRow, other: PlaceRow, km: float) -> bool:
    """Tell whether two places lie within some kilometres, roughly (a flat earth does for a hundred)."""
    north = (one.lat - other.lat) * 111
    east = (one.lon - other.lon) * 111 * cos(radians(one.lat))
    return north * north + east * east <= km * km


@lru_cache(maxsize=4)
def default_gazetteer(country: str = "IR") -> Gazetteer:
    """Return the gazetteer of one country, built once a process (about a second)."""
    return Gazetteer.from_rows(load_country(country))
