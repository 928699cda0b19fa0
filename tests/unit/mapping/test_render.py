"""The map page through folium: no foreign host, no inline style, nothing a person wrote."""

import re
from pathlib import Path

import folium
import folium.plugins
import pytest
from folium.elements import JSCSSMixin

from mapping.basemaps import Tiles, content_security_policy
from mapping.render import MapOptions, _descendants, map_page

FILES = {"leaflet": "/static/dist/leaflet.js", "leaflet_css": "/static/dist/leaflet.css"}
LINK = re.compile(r"""(?:src|href)\s*=\s*["']?([^"'\s>]+)""")


def test_no_link_of_the_page_leaves_our_host() -> None:
    parts = map_page(MapOptions(files=FILES))
    links = LINK.findall(parts.head + parts.body + parts.script)
    assert sorted(links) == sorted(FILES.values())
    assert not re.search(r"https?://|//cdn", parts.head + parts.body + parts.script)


def test_no_class_of_folium_keeps_a_foreign_link() -> None:
    kinds = [JSCSSMixin, *_descendants(JSCSSMixin)]
    assert len(kinds) > 30
    kept = [
        link
        for kind in kinds
        for links in (vars(kind).get("default_js", []), vars(kind).get("default_css", []))
        for _, link in links
        if "//" in link
    ]
    assert kept == []


def test_a_plugin_added_by_mistake_brings_no_foreign_link() -> None:
    figure = folium.Map(location=(33, 48), tiles=None)
    folium.plugins.MarkerCluster().add_to(figure)  # type: ignore[no-untyped-call]
    page = figure.get_root().render()
    assert not [link for link in LINK.findall(page) if link.startswith(("http", "//"))]


def test_parts_stand_apart_and_carry_no_inline_code() -> None:
    parts = map_page(MapOptions(files=FILES, centre=(33.4, 48.1), zoom=8))
    assert "<style" not in parts.head + parts.body
    assert "style=" not in parts.body
    assert not re.search(r"\son\w+\s*=", parts.body)
    assert re.fullmatch(r'<div class="folium-map" id="map_\w+" dir="ltr" tabindex="0"></div>', parts.body)
    assert "<script" not in parts.script
    assert "window.hamyarMap = map_" in parts.script
    assert "[33.4, 48.1]" in parts.script
    assert all(tag.startswith("<script src=") for tag in re.findall(r"<script[^>]*>", parts.head))


def test_pages_do_not_leak_into_each_other() -> None:
    first = map_page(MapOptions(files=FILES, tiles=Tiles("https://tiles.example/{z}/{x}/{y}.png", "Someone")))
    second = map_page(MapOptions(files={**FILES, "leaflet": "/other.js"}))
    assert "tiles.example" in first.script
    assert "tiles.example" not in second.script
    assert "/other.js" in second.head
    assert "/other.js" not in first.head


def test_a_build_that_lacks_leaflet_is_named() -> None:
    with pytest.raises(KeyError, match="npm run build"):
        map_page(MapOptions(files={"leaflet": "/l.js"}))


def test_the_credit_of_tiles_is_text() -> None:
    parts = map_page(
        MapOptions(
            files=FILES,
            tiles=Tiles("/tiles/{z}/{x}/{y}.png", '<img src="x" onerror="alert(1)">${alert(2)}</script>'),
        )
    )
    assert "<img" not in parts.script
    assert "</script" not in parts.script


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)//{z}{x}{y}",
        "https:///{z}/{x}/{y}",
        "https://a/{z}/{x}",
        "https://me:pw@host/{z}/{x}/{y}",
        "ftp://h/{z}/{x}/{y}",
    ],
)
def test_unusable_tile_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="tile URL"):
        Tiles(url)


def test_policy_admits_the_operators_tiles_and_nothing_else() -> None:
    plain = content_security_policy("n0nce")
    assert "default-src 'none'" in plain
    assert "unsafe" not in plain
    assert "http" not in plain
    with_tiles = content_security_policy("n0nce", Tiles("https://{s}.tiles.example:8443/{z}/{x}/{y}.png"))
    assert "img-src 'self' data: blob: https://*.tiles.example:8443;" in with_tiles
    assert with_tiles.replace(" https://*.tiles.example:8443", "") == plain
    assert content_security_policy("n", Tiles("/own/{z}/{x}/{y}.png")).count("http") == 0


def test_a_host_that_would_break_the_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="policy"):
        content_security_policy("n", Tiles("https://a;script-src *{z}{x}{y}"))


def test_client_code_never_parses_text_as_html() -> None:
    root = Path(__file__).parents[3]
    found = []
    for folder in ("mapping/client", "server/pages/client"):
        for path in (root / folder).rglob("*.ts"):
            if path.name.endswith(".test.ts"):
                continue
            text = path.read_text(encoding="utf-8")
            found += [
                f"{path.name}: {word}"
                for word in ("innerHTML", "insertAdjacentHTML", "document.write", "eval(")
                if word in text
            ]
    assert found == []
