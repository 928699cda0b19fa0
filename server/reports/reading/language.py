"""Which language a message is in: by script, then by small words that only one language has."""

import re

from server.places.names import fold_key
from server.reports.reading.finglish import persian
from server.reports.reading.frames import frames
from server.reports.reading.model import Lang
from server.reports.reading.text import Message

_FINGLISH = frozenset(
    fold_key(w)
    for w in (
        "ma az dar ro ra va ba baraye vase mikhaym mikhaim mikham niaz niyaz darim nadarim nadarand nadaran "
        "darand daran hast hastim "
        "hastand nist ast shode shod shodan shodim kard kardan kardim kon konid konin befrestid befrestin "
        "lotfan komak salam inja "
        "unja onja khane khune khone khoone rusta roosta shahr jade rah pol ab nan nun ghaza chador patu "
        "daru bache bacheha nafar "
        "zan mard pedar madar baradar khahar ham hanuz alan emruz dishab dirooz diruz kheili khaili mariz "
        "zakhmi zire avar seil sel "
        "zelzele ghat bargh gaz mamnun mersi merci resid koja kojast chetor chera ke ta ru tu too yek do se "
        "chahar panj dah bist "
        "khanevade khanevar nazdik kenar posht bum bam saghf khahesh ehtiaj lazem lazeme mitunam mitunim "
        "bedim dige vali hame chand "
        "kharab rikht ovmade umade omade umad gereft bord shoma man khoda shir khoshk pushak kesi nemishe "
        "mishe bala payin pain sard "
        "sarde goshne teshne daram nadaram kudak piremard hamele sarpanah dakhel biroon birun mirese miad "
        "nayumad jan vasayel khub"
    ).split()
)
_ENGLISH = frozenset(
    fold_key(w)
    for w in (
        "the and is are was were we need you our of for to in on with have has no not please help from "
        "people food water they them "
        "this that can will be been my your their his her at it there here what where when how who who's "
        "send sent need needed house "
        "road bridge trapped injured children women family families village city near after before out up "
        "down now still an or but "
        "us some any all many without do does did how i'm we're i my me so more one two three thank thanks "
        "hello urgent"
    ).split()
)
_ARABIC_ONLY = re.compile(r"(?:^|\s)(?:ال\w{3,}|في|على|إلى|هذا|هذه|نحن|نحتاج|الى|التي|الذي|لدينا|عندنا|يوجد)(?=\s|$)")
_KURDISH_ONLY = re.compile(r"[ێۆڕڵەڤ]")
_PERSIAN_ONLY = re.compile(
    r"[پچژگ]|(?:^|\s)(?:است|هست|را|رو|این|نیاز|داریم|نداریم|شده|های|ما|از|برای|شد|کنید|در|به|که|با)(?=\s|$)"
)
_OTHER_LATIN = frozenset(
    fold_key(w)
    for w in (
        "le la les des une est nous avons besoin et dans pas der die das und wir nicht el los las una "
        "necesitamos por que para yardim "
        "lazim su ekmek var yok bir ve bu icin cok biz nou bezwen dlo manje tanpri nan pou yo gen ki mwen ev "
        "evimiz yikildi"
    ).split()
)


def language(message: Message, original: str) -> Lang:
    """Return fa, en, finglish, mixed (two of them in earnest) or other."""
    words = [t.text for t in message.tokens if not t.text[0].isdigit()]
    script = [w for w in words if "\u0600" <= w[0] <= "\u06ff"]
    latin = [w for w in words if "a" <= w[0] <= "z"]
    if not script and not latin:
        return "other"
    latin_words = [w for w in latin if len(w) > 1]
    english = sum(_is_english(w) for w in latin_words)
    finglish = sum(_is_finglish(w) for w in latin_words)
    if script:
        if _is_foreign_script(original, len(script)):
            return "other"
        earnest = english + finglish >= 2 or (english + finglish and len(latin_words) >= 2)
        return "mixed" if earnest and len(latin_words) * 8 >= len(script) and len(script) >= 2 else "fa"
    return _latin(latin_words, english, finglish)


def _is_english(word: str) -> bool:
    return word in _ENGLISH or (word not in _FINGLISH and word in frames().concepts.english)


def _is_finglish(word: str) -> bool:
    """Tell whether a Latin word is a Persian one; what both languages have is English."""
    return word in _FINGLISH or (len(word) > 2 and not _is_english(word) and persian(word) is not None)


def _latin(words: list[str], english: int, finglish: int) -> Lang:
    foreign = sum(w in _OTHER_LATIN for w in words)
    small = sum(w in _ENGLISH for w in words)
    # Many an English word could be a Persian one's spelling: it takes small words that only Persian has to believe it.
    if small and small > 2 * sum(w in _FINGLISH for w in words):
        finglish = sum(w in _FINGLISH for w in words)
    if foreign >= 2 and foreign > max(english, finglish):
        return "other"
    if min(english, finglish) >= 2 and min(english, finglish) * 5 >= max(english, finglish):
        return "mixed"
    if finglish > english:
        return "finglish"
    if english:
        return "en"
    return "en" if words else "other"


def _is_foreign_script(original: str, words: int) -> bool:
    head = original[:1000]
    if len(_KURDISH_ONLY.findall(head)) * 2 >= words:
        return True
    return len(_ARABIC_ONLY.findall(head)) > len(_PERSIAN_ONLY.findall(head))
