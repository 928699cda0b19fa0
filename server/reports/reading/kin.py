"""People told one by one: the speaker and kin beside a number (me and two kids), or without any (من و خواهرم)."""

from server.reports.reading import people_words as w
from server.reports.reading.text import Message

_REACH = 9
_TAILS = ("مون", "شون", "تون", "م", "ش", "و", "رو", "e", "am", "esh", "ash")


def speaker_and_kin(message: Message, first: int, last: int) -> tuple[int, int]:
    """Count who is joined to counted people by "and", "with": before the word at `first`, after that at `last`."""
    return _before(message, first), _after(message, last)


def named_one_by_one(message: Message) -> int | None:
    """Count people named without a number, the speaker among them, or kin of the speaker; a couple is two."""
    best = 0
    for at, token in enumerate(message.tokens):
        if token.text in w.WIFE and message.word(at + 1) in w.AND and message.word(at + 2) in w.HUSBAND:
            return 2
        if token.text == "couple" and message.word(at - 1) in w.OLD:
            return 2
        best = max(best, w.TWINS.get(token.text, 0))
        if token.text == "both" and message.word(at + 1) in w.OF_US | w.FILLERS | w.AND | {"of"}:
            best = max(best, 2)
        if token.text in w.SELF or _is_my_kin(token.text):
            best = max(best, _chain(message, at))
    return best if best > 1 else None


def _chain(message: Message, at: int) -> int:
    """Count the members of a row of people joined by "and" or commas, from its first on."""
    count, index = 1, at
    while True:
        following = index + 1
        while message.word(following) in w.FILLERS and following - index <= 2:
            following += 1
        joined = message.word(following) in w.AND
        if not joined and not (following < len(message.tokens) and comma_after(message, following - 1)):
            return count
        following += joined
        while message.word(following) in w.FILLERS:
            following += 1
        word = message.word(following)
        if not (word in w.SELF or _is_my_kin(word) or word in w.CHILDREN):
            return count
        count, index = count + 1, following


def _is_my_kin(word: str) -> bool:
    """Kin of the speaker: مادرم، زنم، babam; in English any, as "my" stands apart."""
    return word in w.KIN and (word.endswith(("م", "am")) or word.isascii())


def _is_kin(word: str) -> bool:
    if word in w.KIN or word in w.ROLES:
        return True
    return any(word.endswith(tail) and word[: -len(tail)] in w.KIN for tail in _TAILS)


def comma_after(message: Message, at: int) -> bool:
    """Tell whether a comma or an ampersand stands right after a word."""
    end = message.tokens[at + 1].start if at + 1 < len(message.tokens) else message.tokens[at].end
    return message.text[message.tokens[at].end : end].strip() in (",", "،", "&", "+")


def _before(message: Message, first: int) -> int:
    extra, at, joined = 0, first - 1, False
    while at >= 0 and message.sentence[at] == message.sentence[first] and first - at < _REACH:
        word = message.word(at)
        joined = joined or word in w.AND or comma_after(message, at)
        if joined and (word in w.SELF or _is_kin(word) or (word in w.WIVES and message.word(at + 1) in w.AND)):
            extra, joined = extra + 1, False
        elif word not in w.AND and word not in w.FILLERS and word not in w.BESIDES:
            break
        at -= 1
    return extra


def _after(message: Message, last: int) -> int:
    extra, after = 0, last + 1
    after += message.word(after) in w.PUPIL
    while message.word(after) in w.AND:
        step = 2 if message.word(after + 1) in w.FILLERS else 1
        word = message.word(after + step)
        if word in w.WIFE and _is_kin(message.word(after + step + 1)):  # زن عموم
            word, step = message.word(after + step + 1), step + 1
        young = word in w.YOUNG and message.word(after + step + 1) in w.HIS
        if not (word in w.SELF or _is_kin(word) or word in w.CHILDREN or young):
            break
        extra, after = extra + 1, after + step + 1
    return extra
