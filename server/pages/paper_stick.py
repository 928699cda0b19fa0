"""The map in one file, for a stick: records as data, words of both languages, the ground beneath. Nothing personal."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mapping.layers import BY_CODE
from mapping.paper import stick
from mapping.paper.frame import frame_of
from server.pages import assets, i18n
from server.pages.paper import URGENCY, Gathered, Wish, font, ground_in, made, name_of, state, title, what

STICK_MOST: Final = 5000


def _file(name: str) -> Path:
    return assets.DIST / assets.asset(name).removeprefix(assets.BASE)


_STICK: Final[Mapping[str, str]] = {
    **URGENCY,
    "find": "Find a code, a place or a word",
    "print": "Print",
    "what": "What",
    "place": "Place",
    "state": "State",
    "urgency": "Urgency",
    "time": "Time",
    "code": "Code",
    "of": "of",
    "people": "people",
    "found": "{n} records",
    "more": "{n} more are on the map",
}


def stick_html(got: Gathered, wish: Wish) -> str:
    """The file. What is not in it is said: how many of how many of each layer."""
    numbers: dict[tuple[str, str], int] = {}

    def said(fa: str, en: str) -> int:
        return numbers.setdefault((fa, en), len(numbers))

    order, urgencies = list(wish.layers), list(URGENCY)
    shown = dict.fromkeys(order, 0)
    records = []
    said("", "")
    for row in got.records:
        shown[row["layer"]] += 1
        urgency = urgencies.index(row["urgency"]) if row["urgency"] in URGENCY else len(urgencies) - 1
        records.append(
            [
                order.index(row["layer"]),
                round(row["lon"], 5),
                round(row["lat"], 5),
                row["code"] or "",
                said(what(row, "fa"), what(row, "en")),
                said(state(row, "fa"), state(row, "en")),
                urgency,
                int(row["people"]) if row["people"] else None,
                said(name_of(row, "place", "fa"), name_of(row, "place", "en")),
                int(row["seen_at"].timestamp()),
            ]
        )
    towns = [
        [round(t["lon"], 4), round(t["lat"], 4), said(name_of(t, "name", "fa"), name_of(t, "name", "en"))]
        for t in got.towns
    ]
    both = {lang: i18n.translator(lang) for lang in i18n.LANGUAGES}
    ground = ground_in(got.box)
    data = {
        "lang": wish.lang,
        "words": {key: {lang: say(text) for lang, say in both.items()} for key, text in _STICK.items()},
        "title": {lang: title(got, lang) for lang in both},
        "made": {lang: made(got, lang) for lang in both},
        "box": list(frame_of(got.box, 300, 200).box),
        "layers": [
            {
                "code": code,
                "label": {lang: say(BY_CODE[code].label) for lang, say in both.items()},
                "total": got.totals.get(code, 0),
                "shown": shown[code],
            }
            for code in order
        ],
        "records": records,
        "towns": towns,
        "said": [{"fa": fa, "en": en} for fa, en in numbers],
        "urgencies": urgencies,
        "ground": {
            name: [[[round(x, 3), round(y, 3)] for x, y in line] for line in getattr(ground, name)]
            for name in ("land", "coast", "border", "inner")
        },
    }
    css = re.sub(r"url\([^)]*\)", "none", _file("leaflet").read_text())
    parts = stick.Parts(
        _file("leaflet.js").read_text(), css, _file("stick").read_text(), _file("stickstyle").read_text(), font()
    )
    return stick.html(data, parts, lang=wish.lang, title=title(got, wish.lang))
