"""What a volunteer's text says about a task. Pure."""

from collections.abc import Mapping
from typing import Final

from server.dispatch.rules import FAIL_REASONS, Verb
from server.places.names import fold_key, normalise

VERBS: Final[Mapping[str, Verb]] = {"ACCEPT": "accept", "DONE": "complete", "FAIL": "fail"}
"""What is written → what the holder does."""
FIRST: Final = ("ACCEPT", "DONE", "FAIL")
"""What the code of a new task may say; who was away from her phone may say at once how it ended."""
NEXT: Final = ("DONE", "FAIL")
"""What the code that comes with the answer to ACCEPT may say."""
OFFERED: Final = ("ACCEPT", "FAIL")
"""What the code of an offer may say; NO with a code is read as FAIL."""
OFFER_LIVES_S: Final = 86_400
"""A late yes still counts while the task is free."""
CODE_SIGNS: Final = 8
"""One of 31^7 (2.7e10), from one telephone, for a day: nobody guesses it."""
FIRST_LIVES_S: Final = 86_400
NEXT_LIVES_S: Final = 7 * 86_400

_WORDS: Final[Mapping[str, str]] = {
    "already_served": "قبلا پیشتر رسیده کمک‌رسیده already served ghablan",
    "refused": "نپذیرفتند نپذیرفت نخواستند نخواست نمی‌خواهند refused declined nakhast",
    "no_vehicle": "ماشین وسیله خودرو خراب پنچر بنزین vehicle car truck fuel broke mashin khodro",
    "no_stock": "کالا موجودی انبار موجود stock goods kala anbar",
    "unsafe": "ناامن خطر خطرناک امن درگیری ریزش unsafe danger dangerous khatar naamn",
    "unreachable": "راه جاده مسیر پل بسته road blocked bridge unreachable closed rah jade baste",
    "not_found": "پیدا نبودند نبود کسی آدرس نشانی found nobody address peyda nabud",
}
"""code of FAIL_REASONS → words that mean it, in the order in which they are asked for."""
_MEANS: Final = {code: frozenset(fold_key(w) for w in words.split()) for code, words in _WORDS.items()}


def fail_reason(words: str) -> str:
    """The code of why a task failed, from what stands behind FAIL and its code; `other` when the words tell none."""
    said = [fold_key(w.strip(".,،!؟?")) for w in normalise(words).split()]
    plain = words.strip().lower().replace(" ", "_")
    if plain in FAIL_REASONS:
        return plain
    return next((code for code, means in _MEANS.items() if means & set(said)), "other")
