"""Numbers in messages: digits of three scripts and words in Persian, English and Latin-letter Persian.

Works on the words of a folded text, so digits are ASCII already and spellings are folded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from server.places.gazetteer import Token
from server.places.names import fold_key

_FA = (
    "صفر=0 یک=1 یه=1 یکی=1 دو=2 سه=3 چهار=4 چار=4 پنج=5 شش=6 شیش=6 هفت=7 هشت=8 نه=9 ده=10 یازده=11 دوازده=12 "
    "سیزده=13 چل=40 پنجا=50 شصتا=60 هشتا=8 نه‌تا=9 دوازه=12 "
    "چهارده=14 پانزده=15 پونزده=15 شانزده=16 شونزده=16 هفده=17 هیفده=17 هجده=18 هیجده=18 نوزده=19 بیست=20 "
    "سی=30 چهل=40 "
    "پنجاه=50 شصت=60 هفتاد=70 هشتاد=80 نود=90 صد=100 یکصد=100 دویست=200 سیصد=300 چهارصد=400 چارصد=400 "
    "پانصد=500 پونصد=500 "
    "ششصد=600 شیشصد=600 هفتصد=700 هشتصد=800 نهصد=900 هزار=1000 میلیون=1000000"
)
_EN = (
    "zero=0 a=1 an=1 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 "
    "twelve=12 thirteen=13 "
    "fourteen=14 fifteen=15 sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20 thirty=30 forty=40 "
    "fifty=50 sixty=60 "
    "seventy=70 eighty=80 ninety=90 hundred=100 thousand=1000 million=1000000 dozen=12"
)
_FINGLISH = (
    "yeki=1 dotta=2 chaar=4 chahr=4 haf=7 hash=8 yek=1 ye=1 do=2 se=3 chahar=4 char=4 char=4 panj=5 "
    "shesh=6 shish=6 haft=7 hasht=8 noh=9 dah=10 "
    "yazdah=11 davazdah=12 "
    "sizdah=13 chahardah=14 punzdah=15 panzdah=15 shunzdah=16 hivdah=17 hefdah=17 hijdah=18 hejdah=18 "
    "nuzdah=19 bist=20 si=30 "
    "chehel=40 panjah=50 shast=60 haftad=70 hashtad=80 navad=90 sad=100 divist=200 devist=200 sisad=300 "
    "chaharsad=400 "
    "punsad=500 pansad=500 sheshsad=600 haftsad=700 hashtsad=800 hezar=1000"
)
WORDS = {fold_key(w): int(n) for w, n in (pair.split("=") for pair in f"{_FA} {_EN} {_FINGLISH}".split())}
_MULTIPLIERS = frozenset({100, 1000, 1_000_000})
_AND = frozenset({"و", "and", "o", "va"})
_GLUED = ("تا", "ta", "نفر")
_VAGUE_AFTER = frozenset(fold_key(w) for w in ("ها", "هاتن", "of thousands"))
_DIGITS = re.compile(r"\d")
_SHORT_WORDS = frozenset(("a", "an", "do", "se", "si", "ye", "نه", "ده", "سی", "char", "noh"))


@dataclass(frozen=True, slots=True)
class Number:
    """A number; `first`, `last` are word indexes; `spelt`: in words; `shaky`: the word means other things too."""

    value: float
    first: int
    last: int
    spelt: bool
    shaky: bool


def find_numbers(tokens: Sequence[Token]) -> list[Number]:
    """Return the numbers of a folded text in order; vague ones (dozens, ده‌ها) are left out."""
    found: list[Number] = []
    at = 0
    while at < len(tokens):
        number = _number_at(tokens, at)
        if number is None:
            at += 1
            continue
        if not _vague(tokens, number):
            found.append(number)
        at = number.last + 1
    return found


def _vague(tokens: Sequence[Token], number: Number) -> bool:
    after = number.last + 1
    return number.spelt and after < len(tokens) and tokens[after].text in _VAGUE_AFTER


def _number_at(tokens: Sequence[Token], at: int) -> Number | None:
    word = tokens[at].text
    if _DIGITS.match(word):
        try:
            value = float(re.sub(r"[,٬]", "", word))
        except ValueError:
            return None
        last = at
        if last + 1 < len(tokens) and WORDS.get(tokens[last + 1].text) in _MULTIPLIERS:
            value, last = value * WORDS[tokens[last + 1].text], last + 1
        return Number(value, at, last, spelt=False, shaky=False) if value < 1e9 else None
    if _worth(word) is None:
        return None
    return _spelt_at(tokens, at)


def _worth(word: str) -> int | None:
    """Return the value of a number word, also with a counter glued to it (دوتا)."""
    if word in WORDS:
        return WORDS[word]
    for tail in _GLUED:
        if word.endswith(tail) and word[: -len(tail)] in WORDS:
            return WORDS[word[: -len(tail)]]
    return None


def _spelt_at(tokens: Sequence[Token], at: int) -> Number:
    total, current, last = 0, 0, at
    index = at
    while index < len(tokens):
        word = tokens[index].text
        value = _worth(word)
        if value is None:
            joins = word in _AND and index > at and index + 1 < len(tokens)
            following = _worth(tokens[index + 1].text) if joins else None
            if following is None or not _may_add(total + current, following):
                break
            index += 1
            continue
        if value in (1000, 1_000_000):
            total, current = total + max(current, 1) * value, 0
        elif value == 100 and 1 <= current < 10:
            current *= 100
        elif current and not _may_add(current, value):
            if index == last + 1 and value == current + 1 and value < 10:  # "two three people": about three
                current = value
            else:
                break
        else:
            current += value
        last = index
        index += 1
    first_word = tokens[at].text
    return Number(float(total + current), at, last, spelt=True, shaky=at == last and first_word in _SHORT_WORDS)


def _may_add(so_far: int, value: int) -> bool:
    """Tell whether a smaller number may follow a bigger one, as in twenty five, صد و بیست."""
    if so_far >= 1000 and so_far % 1000 == 0:
        return value < 1000
    if so_far >= 100 and so_far % 100 == 0:
        return value < 100
    return 20 <= so_far % 100 <= 90 and so_far % 10 == 0 and 0 < value < 10
