"""Structured messages: NEED WATER 50 POLDOKHTAR, نیاز آب ۵۰ پلدختر, STATUS code, STOP, DONE code …"""

import re
from collections.abc import Mapping

from server.kernel.ids import clean_code, is_code
from server.places.gazetteer import Gazetteer, Token
from server.places.names import digits_to_ascii, fold, fold_key, normalise
from server.reports.reading.corrections import read_correction
from server.reports.reading.lexicon import lexicon
from server.reports.reading.model import CommandRead, amount
from server.reports.reading.numbers import find_numbers
from server.standards.taxonomy import NEEDS

_VERBS: Mapping[str, str] = {
    normalise(word): verb
    for verb, words in {
        "NEED": "need نیاز niaz niyaz",
        "STATUS": "status وضعیت vaziat vaziyat vazeiat vaz'iat",
        "FIX": "fix اصلاح eslah",
        "STOP": "stop لغو laghv laqv lagv cancel",
        "ACCEPT": "accept قبول پذیرفتم ghabul ghabool qabul qabool",
        "DONE": "done انجام anjam",
        "FAIL": "fail failed ناموفق namovafagh namovaffagh",
        "NO": "no نه خیر na kheyr",
    }.items()
    for word in words.split()
}
ENGLISH_VERBS = frozenset(fold_key(verb) for verb in "status stop cancel accept done fail failed no".split())
"""As words of a message are folded."""
LONE = frozenset({"STATUS", "STOP", "ACCEPT", "DONE", "FAIL"})
"""What needs no words beside it but a code."""
_CODE = re.compile(r"^(?=.*\d)[A-Za-z0-9][A-Za-z0-9-]{2,15}$")
_PREFIX = re.compile(r"^[A-Z]-")
_LETTER_CODE = re.compile(r"^[A-Z][A-Z-]{3,15}$")
_EDGE = " \t\r\n.,،:؛;!?؟#*-\"'()<>[]{}«»“”‘’"
_MARKS = dict.fromkeys([0x061C, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
# What our own answers put before a command: their line is sent back as it stands.
_QUOTED = re.compile(r"^(?:پیگیری|پاسخ|در پایان|to ask|reply|at the end)\s*:\s*", re.IGNORECASE)
_APART = re.compile(r"^نا[\s\u200c]+موفق")
# وضعیت‌K7P2, وضعیت:K7P2, وضعیتK7P2, لغو۱۱, STATUS:K7P2
_GLUED = re.compile(
    r"^([\u0621-\u064a\u067e-\u06cc\u200c]+)[\u200c:،؛.=_-]*(?=[A-Za-z0-9۰-۹٠-٩])|^([A-Za-z]+)[:=]+(?=[A-Za-z0-9۰-۹٠-٩])"
)
_CALLED = frozenset({"کد", "code", "kod", "kode"})
_POLITE = frozenset("لطفا لطفاً ممنون مرسی متشکرم please thanks lotfan mamnoon mersi".split())
_PLAIN = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?")
_MAX_WORDS = 12
_LONG_NUMBER = 8
_TASK_CODE = 8
_MIN_TYPED = 4
_FEW = 5
# Words that may follow a verb and say no more: انجام شد, قبول است.
_ALSO = frozenset(normalise(w) for w in "شد است میکنم کردم می‌کنم shod ast mikonam kardam به be of for".split())
_TIMES = re.compile(r"^[x×*](\d+)$")


def parse_command(original: str, gazetteer: Gazetteer) -> CommandRead | None:
    """Return the command a message is, or None. A sentence that merely begins with such a word is none."""
    words = plain_command(original).split()
    if not words or len(words) > _MAX_WORDS:
        return None
    if (
        len(words) == 2
        and _verb(words[0]) is None
        and _verb(words[1]) in LONE
        and _CODE.match(digits_to_ascii(words[0]))
    ):
        words.reverse()  # K7P2 STATUS
    verb = _verb(words[0]) or _mistyped(words)
    if verb is None:
        return None
    rest = [w.strip(_EDGE) for w in words[1:]]
    if rest and normalise(rest[0]) in _ALSO and (verb == "NEED" or (len(rest) > 1 and _code(rest[1]))):
        words, rest = [words[0], *words[2:]], rest[1:]
    if verb == "NEED":
        shouted = words[0].isupper() or not words[0].isascii()
        orders = _orders([_TIMES.sub(r"\1", w) for w in words[1:]])
        return next((c for order in orders if (c := _need(order, gazetteer, shouted=shouted))), None)
    return _of_record(verb, rest, original, gazetteer)


def plain_command(original: str) -> str:
    """Return a text's first 400 signs with what people and telephones put around VERB and CODE left out.

    Marks of direction, quotes, the name of the line that was copied from our answer, the word "code" itself; VERB and
    CODE written as one word are parted. `hearing` takes the words behind the code from this too.
    """
    text = _QUOTED.sub("", original[:400].translate(_MARKS).strip(_EDGE))
    text = _GLUED.sub(_parted, _APART.sub("ناموفق", text)).strip(_EDGE)
    words = text.split(maxsplit=2)
    verb = _verb(words[0]) if words else None
    if verb is None or verb == "NEED" or len(words) == 1:
        return text
    second = words[1].strip(_EDGE)
    if verb == "ACCEPT" and {normalise(w.strip(_EDGE)) for w in text.split()[1:]} <= _ALSO | {"می", "کنم"}:
        return words[0]
    if len(words) == 2:  # "STATUS code", as the help has it
        return words[0] if verb in LONE and second.lower() in _CALLED else text
    behind = words[2].split(maxsplit=1)[0].strip(_EDGE)
    if (second.lower() in _CALLED or normalise(second) in _ALSO) and _code(behind):
        return f"{words[0]} {words[2]}"
    return text


def _parted(found: re.Match[str]) -> str:
    """The verb with a blank behind it; anything else as it was."""
    word = found[1] or found[2]
    return f"{word} " if _verb(word) not in {None, "NEED"} else found[0]


def _verb(word: str) -> str | None:
    return _VERBS.get(normalise(word.strip(_EDGE)))


def _mistyped(words: list[str]) -> str | None:
    """Return the verb that one wrong, missing or swapped letter hides, where a record's code follows: STATSU K7P2."""
    typed = normalise(words[0].strip(_EDGE))
    code = words[1].strip(_EDGE) if len(words) > 1 else ""
    if len(typed) < _MIN_TYPED or not _CODE.match(digits_to_ascii(code)):
        return None
    return next((verb for word, verb in _VERBS.items() if len(word) >= _MIN_TYPED and _one_slip(typed, word)), None)


def _one_slip(typed: str, word: str) -> bool:
    """Tell whether two words differ by one letter changed, left out, put in, or by two neighbours swapped."""
    if abs(len(typed) - len(word)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(typed, word, strict=False)) if a != b), min(len(typed), len(word)))
    swapped = typed[at + 1 : at + 2] + typed[at : at + 1] + typed[at + 2 :]
    return (
        typed[at + 1 :] == word[at + 1 :]
        or typed[at + 1 :] == word[at:]
        or typed[at:] == word[at + 1 :]
        or swapped == word[at:]
    )


def _orders(words: list[str]) -> list[str]:
    """The ways to read what stands behind NEED: ITEM NUMBER PLACE, NUMBER ITEM PLACE, PLACE ITEM NUMBER."""
    orders = [words]
    numbers = [i for i, w in enumerate(words) if digits_to_ascii(w.strip(_EDGE)).isdecimal()]
    if len(words) <= _FEW and len(numbers) == 1:
        at = numbers[0]
        if at == 0 and len(words) > 1:
            orders.append([words[1], words[0], *words[2:]])
        elif at == len(words) - 1 and at > 1:
            orders.append([*words[at - 1 :], *words[: at - 1]])
    return [" ".join(order) for order in orders]


def _of_record(verb: str, rest: list[str], original: str, gazetteer: Gazetteer) -> CommandRead | None:
    """Read STATUS, FIX, STOP, ACCEPT, DONE, FAIL: a record's code, if anything, stands behind."""
    code = _code(rest[0]) if rest else None
    if verb == "NO":
        # "No" alone, or before a sentence, is anybody's word; before a code with its check sign it declines a task.
        polite = all(w.lower() in _POLITE for w in rest[1:])
        return CommandRead("FAIL", code=code) if code and polite and is_code(clean_code(code), _TASK_CODE) else None
    if verb == "FIX":
        return _fix(code, tail_of_fix(original), gazetteer) if code else None
    if code is None and rest and (len(rest) > 1 or verb != "STOP"):
        return None
    if verb not in ("FAIL", "DONE") and any(w.lower() not in _POLITE for w in rest[1:]):
        return None
    if code is None and verb in ("ACCEPT", "DONE", "FAIL") and rest:
        return None
    return CommandRead(verb, code=code)


def tail_of_fix(original: str) -> str:
    """What stands behind a FIX command's code."""
    words = plain_command(original).split(maxsplit=2)
    return words[2] if len(words) > 2 else ""


def _fix(code: str, tail: str, gazetteer: Gazetteer) -> CommandRead:
    """What is corrected, as far as a command can hold it; how many people stands in the reading itself."""
    bare = digits_to_ascii(tail).strip(_EDGE)
    if bare.isascii() and bare.isdecimal() and len(bare) < _LONG_NUMBER:
        return CommandRead("FIX", code=code, quantity=int(bare))
    said = read_correction(tail, gazetteer)
    return CommandRead(
        "FIX",
        code=code,
        need=said.need.category if said.need else None,
        quantity=said.need.quantity if said.need else None,
        place=said.place.name if said.place else None,
    )


def _code(word: str) -> str | None:
    """Return a record's code as typed, upper case: with a right check sign, or at least the looks of a code."""
    plain = digits_to_ascii(word).upper()
    body = clean_code(_PREFIX.sub("", plain))
    if _CODE.match(plain) or _LETTER_CODE.match(word) or any(is_code(body, n) for n in (6, 7, 8, 10)):
        return plain
    return None


def _need(rest: str, gazetteer: Gazetteer, *, shouted: bool) -> CommandRead | None:
    """Read ITEM [NUMBER] [PLACE]: an item of the taxonomy must come first and little else may follow."""
    folded = fold(rest)
    tokens = _tokens(folded.text)
    if not tokens:
        return None
    category = _category(folded.text, rest)
    if category is None:
        return None
    code, end = category
    numbers = [n for n in find_numbers(tokens) if not n.spelt and tokens[n.first].start >= end]
    quantity = amount(numbers[0].value) if numbers else None
    after = tokens[numbers[0].last].end if numbers else end
    tail = folded.text[after:].strip(_EDGE)
    if numbers and folded.text[end : tokens[numbers[0].first].start].strip(_EDGE):
        return None
    matches = gazetteer.find(fold("شهر " + tail)) if tail else []
    if tail and not matches and (not numbers or len(tail.split()) > 3):
        return None
    if not numbers and (not matches or len(tail.split()) > 3):
        return None if not shouted or tail else CommandRead("NEED", need=code)
    if not shouted and not numbers:
        return None
    place = matches[0].candidates[0].name_en if matches else (tail or None)
    return CommandRead("NEED", need=code, quantity=quantity, place=place)


def _tokens(text: str) -> list[Token]:
    return [Token(m.group(), m.start(), m.end()) for m in _PLAIN.finditer(text)]


def _category(text: str, rest: str) -> tuple[str, int] | None:
    """Return the taxonomy code an item word stands for, and where the word ends."""
    word = rest.split(maxsplit=1)[0]
    plain = word.lower().replace("-", "_").strip(_EDGE)
    if plain in NEEDS:
        return plain, len(fold(word).text)
    hits = lexicon().scan(text, _tokens(text)[:4])
    items = [h for h in hits if h.group == "need" and h.first == 0 and h.part in ("items", "weak")]
    if not items:
        return None
    longest = max(items, key=lambda h: h.end)
    return longest.code, longest.end
