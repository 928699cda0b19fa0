"""Pages from templates: one environment a language, every value escaped, every file our own."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from mapping.basemaps import SLOTS, Archive, Tiles
from mapping.layers import layers_for
from mapping.render import MapOptions, MapParts, map_page
from server.pages import assets, dates, i18n
from server.standards import taxonomy
from server.volunteers.skills import SKILLS

#: What a template may leave to its default; every other missing name is an error.
DEFAULTS: Mapping[str, Any] = {"alarms": None, "drill": False, "nav": (), "user": None, "csrf": None, "page": None}

#: What the map's page offers, and the permission it takes.
DEEDS: Mapping[str, str] = {
    "verify": "need.edit",
    "voices": "report.open",
    "people": "volunteer.locate",
    "send": "task.reassign",
    "make": "task.make",
    "close": "closure.edit",
    "draw": "drawing.edit",
}


def _static(name: str) -> str:
    return f"/static/{name}"


def _skill_word(code: str, at: int) -> str:
    """A skill by its name; a house's own code as it is."""
    return SKILLS[code][at] if code in SKILLS else code.replace("_", " ")


def _time(moment: datetime | None, lang: str) -> Markup:
    """A moment as an element that the page keeps true: how long ago, with the full date in its title."""
    if moment is None:
        return Markup("")
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        moment.isoformat(), dates.date_time(moment, lang), dates.ago(moment, lang)
    )


@lru_cache(maxsize=len(i18n.LANGUAGES))
def environment(lang: str) -> Environment:
    """The Jinja environment of a language: `_`, `asset`, `styles`, `static`, and filters for dates and
    numbers.
    """
    made = Environment(
        loader=PackageLoader("server.pages", "templates"),
        autoescape=select_autoescape(("html",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Persian as it is: escaped to \uXXXX the words of a page are more than twice as long on the wire.
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": True}
    made.globals.update(
        lang=lang,
        dir=i18n.direction(lang),
        _=i18n.translator(lang),
        asset=assets.asset,
        styles=assets.styles,
        static=_static,
        skill_word=partial(_skill_word, at=0 if lang == "fa" else 1),
        label=partial(taxonomy.label, lang="en" if lang == "en" else "fa"),
    )
    made.filters.update(
        digits=partial(dates.digits, lang=lang),
        number=partial(dates.number, lang=lang),
        date=partial(dates.date, lang=lang),
        date_time=partial(dates.date_time, lang=lang),
        clock=partial(dates.time, lang=lang),
        ago=partial(_time, lang=lang),
    )
    return made


def page_config(lang: str, zone: str = "Asia/Tehran") -> dict[str, Any]:
    """What the browser modules of any page need: language, zone, and the words of the language."""
    return {"lang": lang, "zone": zone, "words": dict(i18n.catalogue(lang))}


def render(template: str, lang: str, nonce: str, /, **context: Any) -> str:
    """Render a page. `config` (a JSON-ready dict) reaches the browser modules and defaults to
    `page_config(lang)`.

    The answer must carry `mapping.basemaps.content_security_policy(nonce, tiles)` with the same nonce.
    """
    values = {**DEFAULTS, "config": page_config(lang), **context, "nonce": nonce}
    return environment(lang).get_template(template).render(values)


@lru_cache(maxsize=16)
def _map_parts(
    leaflet: str, leaflet_css: str, centre: tuple[float, float], zoom: float, tiles: Tiles | None
) -> MapParts:
    files = {"leaflet": leaflet, "leaflet_css": leaflet_css}
    return map_page(MapOptions(centre=centre, zoom=zoom, files=files, tiles=tiles))


def render_map(  # noqa: PLR0913 - everything that the page is told
    lang: str,
    nonce: str,
    *,
    may: Collection[str],
    emergency: str | None = None,
    centre: tuple[float, float] = (32.6, 53.7),
    zoom: float = 5,
    tiles: Tiles | None = None,
    grounds: Mapping[str, Archive] | None = None,
    zone: str = "Asia/Tehran",
    **context: Any,
) -> str:
    """Render `/map`. Blocking for some milliseconds the first time: call it in a worker thread.

    `may`: what of `DEEDS` the reader may do; `people` admits the restricted layers. `emergency` is the id looked at
    first, None for all; `centre` is (lat, lon) and `zoom` the first view when the address carries none. `grounds`: the
    archives of tiles that were imported, by slot.
    """
    parts = _map_parts(assets.asset("leaflet.js"), assets.asset("leaflet"), centre, zoom, tiles)
    say = i18n.translator(lang)
    layers = [{**layer, "label": say(str(layer["label"]))} for layer in layers_for(restricted="people" in may)]
    config = {
        **page_config(lang, zone),
        "emergency": emergency,
        "can": {deed: deed in may for deed in DEEDS},
        "layers": layers,
        "labels": {c.code: (c.label_en if lang == "en" else c.label_fa) for c in taxonomy.CATEGORIES},
        "kinds": {c.code: c.kind for c in taxonomy.CATEGORIES},
        "clusters": {c.code: c.cluster for c in taxonomy.CATEGORIES},
        "tiles": tiles is not None,
    }
    if grounds:
        config["grounds"] = {slot: grounds[slot].page() if slot in grounds else None for slot in SLOTS}
    return render("map.html", lang, nonce, parts=parts, config=config, page="map", **context)
