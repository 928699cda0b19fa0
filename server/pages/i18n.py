"""Words of the interface in Persian and English: one gettext catalogue a language, read straight from its
.po file.

The English sentence is the key, in templates as `_("…")` and in the browser as `t("…")`. Values go in by
name:
`_("Open for {n} h", n=3)`.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from babel.messages.pofile import read_po

LANGUAGES: Final = ("fa", "en")
DEFAULT: Final = "fa"
RIGHT_TO_LEFT: Final = frozenset({"fa"})

Translate = Callable[..., str]


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(lang: str) -> Mapping[str, str]:
    """Every translated sentence of `lang` (English sentence → sentence); empty for English, where they are
    the same.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    source = files(__package__) / "translations" / lang / "LC_MESSAGES" / "messages.po"
    with source.open("rb") as handle:
        read = read_po(handle, locale=lang)
    pairs = {m.id: m.string for m in read if isinstance(m.id, str) and m.id and isinstance(m.string, str) and m.string}
    return MappingProxyType(pairs)


def translator(lang: str) -> Translate:
    """A function that says an English sentence in `lang` and fills `{name}` in it; unknown ones come back in
    English.
    """
    words = catalogue(lang)

    def say(sentence: str, /, **values: object) -> str:
        text = words.get(sentence, sentence)
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    return say


def direction(lang: str) -> str:
    """`rtl` or `ltr`, for the `dir` of the page."""
    return "rtl" if lang in RIGHT_TO_LEFT else "ltr"


def choose_language(query: str | None = None, cookie: str | None = None, accept: str | None = None) -> str:
    """The language of a page: what the address asks, else what the person chose before, else what the
    browser prefers.
    """
    for wish in (query, cookie):
        if wish in LANGUAGES:
            return wish
    best, weight = DEFAULT, 0.0
    for part in (accept or "").split(","):
        tag, _, rest = part.strip().partition(";")
        primary = tag.split("-")[0].lower()
        try:
            quality = float(rest.partition("=")[2]) if rest else 1.0
        except ValueError:
            continue
        if primary in LANGUAGES and quality > weight:
            best, weight = primary, quality
    return best
