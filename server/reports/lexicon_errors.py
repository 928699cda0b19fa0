"""What is wrong with an entry of the own lexicon, in both languages."""

from typing import Final

from server.kernel.errors import Problem

FAULT_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "empty": ("Write a phrase.", "عبارتی بنویسید."),
    "long": ("A phrase has at most 200 signs.", "عبارت بیش از ۲۰۰ نویسه نمی‌شود."),
    "sign": (
        "Only letters, digits, blanks and the signs ( ) | * + .. may stand in a phrase.",
        "در عبارت تنها حرف، رقم، فاصله و نشانه‌های ( ) | * + .. می‌آید.",
    ),
    "brackets": (
        "The brackets do not fit: each ( needs its ), three deep at most, and | stands inside of them only.",
        "کمانک‌ها جور نیست: هر ( یک ) می‌خواهد، حداکثر سه لایه، و | تنها درون آن‌ها می‌آید.",
    ),
    "dangling": (
        "Something is missing beside a sign: * and + follow a word, .. stands between two words, no choice is empty.",
        "کنار یک نشانه چیزی کم است: * و + پس از واژه، .. میان دو واژه، و هیچ گزینه‌ای خالی نیست.",
    ),
    "number": (
        "There is a long number in it. Nobody's telephone belongs into the lexicon.",
        "عدد بلندی در آن است. شمارهٔ تلفن کسی در واژه‌نامه نمی‌آید.",
    ),
    "short": (
        "Too broad: each way to say it needs at least three letters, and three before a *.",
        "بیش از اندازه گسترده: هر گونهٔ آن دست‌کم سه حرف می‌خواهد، و پیش از * هم سه حرف.",
    ),
    "common": (
        "Too broad: one way to say it is an everyday word that stands in most messages.",
        "بیش از اندازه گسترده: یک گونهٔ آن واژه‌ای روزمره است که در بیشتر پیام‌ها می‌آید.",
    ),
    "broad": (
        "Too broad: more than a third of the recent messages have it. Add a word that tells it apart.",
        "بیش از اندازه گسترده: بیش از یک‌سوم پیام‌های تازه آن را دارد. واژه‌ای بیفزایید که آن را جدا کند.",
    ),
    "slow": (
        "Too slow: it has too many gaps or choices. Make two phrases of it.",
        "بیش از اندازه کند: جای خالی یا گزینهٔ آن زیاد است. آن را دو عبارت کنید.",
    ),
    "known": ("The very same entry is there already.", "همین مورد از پیش هست."),
    "many": ("There are 500 own entries already; take some out first.", "۵۰۰ مورد هست؛ نخست چندتا را بردارید."),
    "group": ("This group has no such code.", "این گروه چنین کدی ندارد."),
    "place": ("Choose the place that this name means.", "جایی را که این نام می‌رساند برگزینید."),
}
"""code → English, Persian."""


def wrong_phrase(code: str) -> Problem:
    """422: the entry cannot be, with `words.` and the code of what is wrong."""
    en, fa = FAULT_TEXTS[code]
    return Problem(422, f"words.{code}", en, fa, extra={"field": "place" if code == "place" else "phrase"})


def nothing_before() -> Problem:
    """409: there is no version to go back to."""
    return Problem(409, "words.nothing_before", "There is nothing to go back to.", "چیزی برای بازگشت نیست.")
