"""The gazetteer in memory: which words of a message name which places.

Pure, no database. `Gazetteer.find` looks every run of up to five words up by its squashed key (so پل دختر, پلدختر and
Pol-e Dokhtar meet), longest first. Ordinary words that are place names too need a cue beside them. Only after a cue and
where nothing matched exactly is one wrong, missing or added letter forgiven. Data: see `server.places.geonames`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache

from server.kernel.geo import Box, distance_m
from server.places.cues import (
    BEFORE,
    EZAFE,
    GLUE,
    STRONG,
    Cue,
    Token,
    cues_at,
    is_ordinary,
    ordinary,
    stands_apart,
    tokens_of,
)
from server.places.forms import cuts_of, forms_of, is_called, one_off
from server.places.geonames import PlaceRow, load_country, persian_name
from server.places.grid import bounds_of, cell, cells_of, lies_by, near
from server.places.names import Folded, fold, fold_key
from server.places.sounds import sound_of

__all__ = [
    "Cue",
    "Gazetteer",
    "Match",
    "PlaceRow",
    "Token",
    "default_gazetteer",
    "is_called",
    "is_ordinary",
    "lies_by",
    "load_country",
    "near",
    "persian_name",
    "tokens_of",
]

_LONGEST = 5
_FUZZY_FROM = 5
_FUZZY_ROWS = 20_000
"""Misspelt names are looked for among so many of the biggest places: each name takes its length in entries."""
_BEGUN_FROM = 2
_BESIDE_KM = 60
_NO_BEGINNING = GLUE | EZAFE
_BREAKS = frozenset(".,،:؛;!?؟()\n")
_BY_WORD: frozenset[Cue] = STRONG | {"near", "around", "road"}
_HEAD = 4
_WE = "ما"
_BARE_FROM = 6
_SOUND_FROM, _BONES_FROM, _ALIKE = 6, 4, 0.75
_VILLAGE, _KNOWN_TOWN, _TOWN, _CITY = 5_000, 8_000, 15_000, 100_000
_FA_TAILS = ("هستیم", "یم", "ه", "و", "م", "ن", "رو", "ست")
_EN_TAILS = ("iam", "im", "am", "an", "ro", "ra", "ye", "e", "o", "i")
_FA_HEADS = ("در", "از", "به", "روستای", "شهرستان", "شهر", "استان")


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
    key: str = ""


@dataclass(slots=True)
class Gazetteer:
    """Names → rows. Build it once a process with `from_rows`; nothing changes what it says, so threads may share it."""

    rows: tuple[PlaceRow, ...]
    _index: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _spaced: frozenset[str] = frozenset()
    _heads: frozenset[str] = frozenset()
    _cells: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    bounds: Box | None = None
    _cuts: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    _sounds: dict[str, list[str]] | None = None

    @classmethod
    def from_rows(cls, rows: Iterable[PlaceRow]) -> "Gazetteer":
        """Build the gazetteer; rows in any order."""
        ordered = tuple(sorted(rows, key=lambda r: -r.population))
        index: dict[str, list[int]] = {}
        spaced: set[str] = set()
        for number, row in enumerate(ordered):
            for key in {fold_key(name) for name in {row.name_en, row.name_fa or "", *row.names}}:
                for form in forms_of(key):
                    squashed = form.replace(" ", "")
                    if len(squashed) < 2:
                        continue
                    spaced.add(form)
                    entry = index.setdefault(squashed, [])
                    if not entry or entry[-1] != number:
                        entry.append(number)
        return cls(
            ordered,
            {key: tuple(numbers) for key, numbers in index.items()},
            frozenset(spaced),
            frozenset([key[:_HEAD] for key in index]),
            cells_of(ordered),
            bounds_of(ordered),
        )

    def nearest(self, lat: float, lon: float, km: float) -> PlaceRow | None:
        """Return the village, town or city nearest to a point, None when there is none within `km` (up to 27)."""
        north, east = cell(lat, lon)
        rows = [
            self.rows[r] for n in (-1, 0, 1) for e in (-1, 0, 1) for r in self._cells.get((north + n, east + e), ())
        ]
        best = min(rows, key=lambda r: distance_m(r.lon, r.lat, lon, lat), default=None)
        return best if best is not None and distance_m(best.lon, best.lat, lon, lat) <= km * 1000 else None

    def knows(self, key: str) -> bool:
        """Tell whether a folded name stands in the gazetteer exactly."""
        return key.replace(" ", "") in self._index

    def lookup(self, name: str) -> tuple[PlaceRow, ...]:
        """Return the rows a name alone may mean, biggest first; exact, then one letter off."""
        found = [m for m in self.find(fold("شهر " + name)) if m.candidates]
        return found[0].candidates if found else ()

    def find(self, folded: Folded, tokens: Sequence[Token] | None = None) -> list[Match]:
        """Return the places named in a folded text, in order, not overlapping."""
        words = tokens_of(folded.text) if tokens is None else tokens
        texts = [word.text for word in words]
        matches: list[Match] = []
        done = -1
        for at in range(len(words)):
            if at > done and self._may_begin(texts, at) and (match := self._exact_at(words, texts, at, folded.text)):
                matches.append(match)
                done = match.last
        return matches or self._fuzzy_matches(words, folded.text) or self._sounding(words, folded.text)

    def begun(self, folded: Folded) -> str | None:
        """Return the name that stands unfinished at the end of a text right after a word that announces a place."""
        words = tokens_of(folded.text)
        for count in (1, 2):
            run = words[-count:]
            if len(words) <= count or len("".join(w.text for w in run)) < _BEGUN_FROM or run[0].text in BEFORE:
                continue
            if cues_at(words, len(words) - count, len(words) - 1)[1] & (STRONG | {"near", "around", "road"}):
                return " ".join(w.text for w in run)
        return None

    def _exact_at(self, words: Sequence[Token], texts: list[str], at: int, text: str) -> Match | None:
        for count in range(min(_LONGEST, len(words) - at), 0, -1):
            run = texts[at : at + count]
            whole = key = "".join(run)
            rows = self._index.get(key)
            if rows is None and count > 2:
                continue
            if count == 1 and (here := self._we_are_in(key, rows, plainly=words[at - 1].text == _WE)):
                rows, key = here
            if rows is None and count <= 2 and not (count == 2 and set(run) & GLUE):
                rows, key = self._bare(key, heads=count == 1)
            if rows is None or (count > 1 and not self._may_join(run, key)):
                continue
            cue, cues = cues_at(words, at, at + count - 1)
            if cue == "none" and stands_apart(text, words[at].start, words[at + count - 1].end):
                cue = "weak"
            # What only an ending makes a name of must be a town, or announced: چاله‌ی, "of a puddle", is no village.
            small = self.rows[rows[0]].population < _TOWN and self.rows[rows[0]].kind == "village"
            if whole != key and small and cue not in STRONG:
                continue
            sure = self._is_place(key, rows, cue, cues) or self._beside_its_own(words, at + count, rows)
            sure = sure or self._signs(words, at + count, rows, text)
            if not sure or self._goes_on(words, at + count, key, text, cue):
                continue
            return Match(
                words[at].start,
                words[at + count - 1].end,
                at,
                at + count - 1,
                tuple(self.rows[r] for r in rows),
                cue,
                cues,
                key=key,
            )
        return None

    def _may_begin(self, texts: Sequence[str], at: int) -> bool:
        """Tell at one glance, for most words of a message, that no name begins here."""
        word = texts[at]
        if len(word) < _HEAD:
            joined = "".join(texts[at : at + _HEAD])[:_HEAD]
            return joined in self._heads or word in self._index or word.endswith("یم")
        if word[:_HEAD] in self._heads or word.endswith("یم") or word in self._index:
            return True
        return len(word) >= _BARE_FROM and word.startswith(_FA_HEADS)

    def _we_are_in(
        self, key: str, rows: tuple[int, ...] | None, *, plainly: bool
    ) -> tuple[tuple[int, ...], str] | None:
        """Read طبسیم, "we are in Tabas": the ending is plain enough for short names of towns, before small villages."""
        if not key.endswith("یم"):
            return None
        ending = "ایم" if key.endswith("ایم") else "یم"
        if rows is not None and self.rows[rows[0]].population >= (_TOWN if plainly else _VILLAGE):
            return None
        stem = key[: -len(ending)]
        found = (
            self._index.get(stem)
            if len(stem) >= 3 and not is_ordinary(stem, even="weak" if plainly else "none")
            else None
        )
        return (found, stem) if found and self.rows[found[0]].population >= _KNOWN_TOWN else None

    def _bare(self, key: str, *, heads: bool) -> tuple[tuple[int, ...] | None, str]:
        """Try a single long word without the endings and prepositions that get glued to a name."""
        if len(key) < _BARE_FROM:
            return None, key
        tails = _EN_TAILS if key[0].isascii() else _FA_TAILS
        if not key.endswith(tails) and not (heads and key.startswith(_FA_HEADS)):
            return None, key
        stems = [key[: -len(tail)] for tail in tails if key.endswith(tail)]
        stems = [stem for stem in stems if stem not in BEFORE]
        stems += [key[len(head) :] for head in _FA_HEADS if heads and key.startswith(head)]
        for stem in stems:
            rows = self._index.get(stem)
            if rows and len(stem) >= _BARE_FROM - 2 and (len(stem) >= 5 or self.rows[rows[0]].population >= _CITY):
                return rows, stem
        return None, key

    def _may_join(self, run: list[str], key: str) -> bool:
        """Accept words run together only as the gazetteer spaces them, or when they are long and no mere grammar."""
        if " ".join(run) in self._spaced:
            return True
        return len(key) >= 6 and not (set(run) & GLUE) and min(map(len, run)) >= 2

    def _is_place(self, key: str, rows: tuple[int, ...], cue: Cue, cues: frozenset[Cue]) -> bool:
        hard, soft = ordinary()
        if key in hard:
            return bool(cues & {"village", "county", "province"}) or cue == "city"
        if key in soft:
            return cue != "none"
        biggest = self.rows[rows[0]]
        if biggest.population >= _TOWN or any(self.rows[r].kind in ("county", "province") for r in rows):
            return cue != "none" or len(key) > 2
        if biggest.hamlet:
            return bool(cues & _BY_WORD)
        return cue != "none" or len(key) >= 5

    def _signs(self, words: Sequence[Token], after: int, rows: tuple[int, ...], text: str) -> bool:
        """Tell whether a text ends in a county's name that has a clause to itself: people sign with where they are."""
        if after != len(words) or after == 1 or self.rows[rows[0]].population < _VILLAGE:
            return False
        between = text[words[after - 2].end : words[after - 1].start]
        return any(c in _BREAKS for c in between) and any(self.rows[r].kind == "county" for r in rows)

    def _beside_its_own(self, words: Sequence[Token], after: int, rows: tuple[int, ...]) -> bool:
        """Tell whether the next word names a place around this one: بهار همدان is the town, not the spring."""
        if after + 1 < len(words) and words[after].text in EZAFE:
            after += 1
        if after >= len(words):
            return False
        following = self._index.get(words[after].text, ())
        return any(
            one != other and lies_by(self.rows[one], self.rows[other], _BESIDE_KM)
            for one in rows
            for other in following
        )

    def _goes_on(self, words: Sequence[Token], after: int, key: str, text: str, cue: Cue) -> bool:
        """Tell whether an ordinary word only begins a longer, unknown name (روستای قلعه واری)."""
        if cue == "city" or key not in ordinary()[0] or after >= len(words):
            return False
        between = text[words[after - 1].end : words[after].start]
        following = words[after].text
        return (
            not between.strip() and following not in BEFORE and following not in GLUE and following not in self._index
        )

    def _fuzzy_matches(self, words: Sequence[Token], text: str) -> list[Match]:
        """Forgive one letter, only right after a cue of place and only when nothing matched exactly."""
        hard, soft = ordinary()
        for at, word in enumerate(words):
            cue, cues = cues_at(words, at, at)
            if cue == "none" and at == len(words) - 1 and stands_apart(text, word.start, word.end):
                cue = "weak"
            if cue == "none" or word.text in hard or word.text in soft or word.text in BEFORE:
                continue
            for count in (2, 1):
                key = "".join(w.text for w in words[at : at + count])
                long_enough = len(key) >= (_FUZZY_FROM if cue in STRONG else _FUZZY_FROM + 1)
                if not long_enough or key[0].isdigit() or at + count > len(words):
                    continue
                rows = self._near(key, big_only=cue not in STRONG)
                if rows:
                    last = at + count - 1
                    places = tuple(self.rows[r] for r in rows)
                    return [Match(word.start, words[last].end, at, last, places, cue, cues, exact=False, key=key)]
        return []

    def _sounding(self, words: Sequence[Token], text: str) -> list[Match]:
        """Take a name in Latin letters by its consonants where its vowels are spelt in some other way."""
        if text.isascii() is False and not any("a" <= w.text[0] <= "z" for w in words):
            return []
        for count in range(min(_LONGEST, len(words)), 0, -1):
            for at in range(len(words) - count + 1):
                run = words[at : at + count]
                key = "".join(w.text for w in run)
                if len(key) < _SOUND_FROM or run[0].text in _NO_BEGINNING:
                    continue
                bones = sound_of(key)
                if bones not in self._by_sound() or any(c in _BREAKS for c in text[run[0].start : run[-1].end]):
                    continue
                cue, cues = cues_at(words, at, at + count - 1)
                if cue == "none" and not stands_apart(text, run[0].start, run[-1].end) and count == 1:
                    continue
                rows = self._alike(key, bones, big_only=count > 1 or cue not in STRONG)
                if rows:
                    places = tuple(self.rows[r] for r in rows)
                    last = at + count - 1
                    return [Match(run[0].start, run[-1].end, at, last, places, cue, cues, exact=False, key=key)]
        return []

    def _alike(self, key: str, bones: str, *, big_only: bool) -> tuple[int, ...]:
        names = (n for n in self._by_sound().get(bones, ()) if SequenceMatcher(None, n, key).ratio() >= _ALIKE)
        found = {r for name in names for r in self._index[name]}
        least = _VILLAGE if big_only else 0
        return tuple(sorted(r for r in found if self.rows[r].population >= least))

    def _near(self, key: str, *, big_only: bool) -> tuple[int, ...]:
        found: set[int] = set()
        longer, alike = self._cut_names(len(key) + 1), self._cut_names(len(key))
        for cut in (key, *cuts_of(key)):
            for name in (cut, *(longer if cut is key else alike).get(cut, ())):
                if abs(len(name) - len(key)) <= 1 and one_off(key, name):
                    found.update(self._index.get(name, ()))
        least = 10_000 if big_only else 0
        return tuple(sorted(r for r in found if self.rows[r].population >= least))

    def _cut_names(self, size: int) -> dict[str, list[str]]:
        """File the names of so many letters of the bigger places by what is left without any one, when first wanted."""
        if (cuts := self._cuts.get(size)) is None:
            cuts = {}
            for name in self._names_of(size):
                for cut in cuts_of(name):
                    if cut in cuts:
                        cuts[cut].append(name)
                    else:
                        cuts[cut] = [name]
            self._cuts[size] = cuts
        return cuts

    def _names_of(self, size: int) -> list[str]:
        if size < _FUZZY_FROM:
            return []
        return [name for name, rows in self._index.items() if len(name) == size and rows[0] < _FUZZY_ROWS]

    def _by_sound(self) -> dict[str, list[str]]:
        """File the longer Latin names by their consonants, when first wanted."""
        if self._sounds is None:
            sounds: dict[str, list[str]] = {}
            for name in self._index:
                if len(name) >= _SOUND_FROM and name.isascii() and len(bones := sound_of(name)) >= _BONES_FROM:
                    sounds.setdefault(bones, []).append(name)
            self._sounds = sounds
        return self._sounds


@lru_cache(maxsize=4)
def default_gazetteer(country: str = "IR") -> Gazetteer:
    """Return the gazetteer of one country, built once a process."""
    return Gazetteer.from_rows(load_country(country))
