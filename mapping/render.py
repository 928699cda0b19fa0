"""The map page through folium, in parts so that every script can carry a nonce and every file is our own.

folium writes pages for notebooks: its classes name some seventy files on foreign hosts, inline styles, and a
viewport that forbids zooming. Here each is replaced before anything renders. Nothing a person wrote ever
passes through folium: its popups put text in as raw HTML. The map it makes carries no records at all; the
page fetches them by id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

import folium
import folium.plugins  # named so that every class with links is known before they are rewritten
from branca.element import Figure
from folium.elements import JSCSSMixin
from folium.template import Template

from mapping.basemaps import Tiles

LOCAL_FILES: frozenset[str] = frozenset({"leaflet", "leaflet_css"})


@dataclass(frozen=True, slots=True)
class MapOptions:
    """What the page is told: a centre as (lat, lon) degrees, zooms, and where our own files lie (name → URL
    path).
    """

    centre: tuple[float, float] = (32.6, 53.7)
    zoom: float = 5
    min_zoom: int = 3
    max_zoom: int = 18
    files: Mapping[str, str] = field(default_factory=dict)
    tiles: Tiles | None = None


@dataclass(frozen=True, slots=True)
class MapParts:
    """The page's pieces: `head` holds links alone, `body` the map's element, `script` code for one nonced
    element.
    """

    head: str
    body: str
    script: str


def _descendants(kind: type) -> Iterator[type]:
    children: list[type] = kind.__subclasses__()
    for child in children:
        yield child
        yield from _descendants(child)


def strip_foreign_links() -> int:
    """Empty the link lists of every folium class, once, at import; returns how many links were dropped.

    The lists are emptied in place: folium shares some of them between classes and module constants.
    """
    dropped = 0
    for kind in {JSCSSMixin, *_descendants(JSCSSMixin)}:
        for links in (getattr(kind, "default_js", []), getattr(kind, "default_css", [])):
            dropped += len(links)
            links.clear()
    return dropped


class LiveMap(folium.Map):
    """A folium map without inline styles, that hands its Leaflet object to the page as `window.hamyarMap`."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}{% endmacro %}
        {% macro html(this, kwargs) %}
            <div class="folium-map" id={{ this.get_name()|tojson }} dir="ltr" tabindex="0"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
                center: {{ this.location|tojson }},
                crs: L.CRS.{{ this.crs }},
                ...{{ this.options|tojavascript }}
            });
            window.hamyarMap = {{ this.get_name() }};
        {% endmacro %}
        """
    )

    def use(self, files: Mapping[str, str]) -> None:
        """Point this map at our own copies of Leaflet; KeyError when the build left one out."""
        self.default_js = [("leaflet", files["leaflet"])]
        self.default_css = [("leaflet_css", files["leaflet_css"])]


# folium keeps state in module-level lists, so pages are rendered one at a time; it takes some milliseconds.
_rendering = Lock()


def map_page(options: MapOptions) -> MapParts:
    """Render the map in three parts. Only `options` shape it, so the result may be kept for as long as they
    do.
    """
    missing = LOCAL_FILES - options.files.keys()
    if missing:
        raise KeyError(f"the browser build lacks {', '.join(sorted(missing))}: run `npm run build`")
    with _rendering:
        live = LiveMap(
            location=options.centre,
            zoom_start=options.zoom,  # type: ignore[arg-type]  # Leaflet takes halves, folium's hint does not know
            tiles=None,
            min_zoom=options.min_zoom,
            max_zoom=options.max_zoom,
            zoom_control=False,
            prefer_canvas=True,
            world_copy_jump=True,
            attribution_control=True,
            zoom_snap=0.5,
            wheel_px_per_zoom_level=90,
        )
        live.use(options.files)
        if options.tiles is not None:
            folium.TileLayer(
                tiles=options.tiles.url, attr=options.tiles.credit, max_zoom=options.max_zoom, control=False
            ).add_to(live)
        figure = live.get_root()
        if not isinstance(figure, Figure):  # pragma: no cover - folium always roots a map in a figure
            raise TypeError("a folium map has a figure at its root")
        figure.header._children.pop("meta_http", None)  # noqa: SLF001 - the page declares its own charset
        figure.render()
        return MapParts(
            head=figure.header.render().strip(),
            body=figure.html.render().strip(),
            script=figure.script.render().strip(),
        )


DROPPED_LINKS = strip_foreign_links()
