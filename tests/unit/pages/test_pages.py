"""What every page must be, whatever is on it. The browser build is needed for the ones that render."""

import json
import re
from pathlib import Path

import pytest

from server.pages import assets
from server.pages.rendering import DEEDS, render, render_map

built = pytest.mark.skipif(
    not (assets.DIST / "manifest.json").exists(), reason="the browser parts are not built (npm run build)"
)


def made_build(folder: Path) -> Path:
    manifest = {
        "mapping/client/main.ts": {
            "file": "assets/map-1.js",
            "name": "map",
            "src": "mapping/client/main.ts",
            "isEntry": True,
            "css": ["assets/map-1.css"],
        },
        "_shared.js": {"file": "assets/shared-1.js", "name": "shared"},
        "leaflet.js": {"file": "assets/leaflet-1.js", "src": "leaflet.js"},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_names_become_hashed_paths(tmp_path: Path) -> None:
    dist = made_build(tmp_path)
    assert assets.asset("map", dist) == "/static/dist/assets/map-1.js"
    assert assets.asset("leaflet.js", dist) == "/static/dist/assets/leaflet-1.js"
    assert assets.styles("map", dist) == ["/static/dist/assets/map-1.css"]
    with pytest.raises(KeyError):
        assets.asset("shared", dist)


def test_a_missing_build_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(assets.BuildMissing, match="npm run build"):
        assets.asset("map", tmp_path)


@built
@pytest.mark.parametrize("lang", ["fa", "en"])
def test_the_map_page_loads_our_files_alone_under_its_nonce(lang: str) -> None:
    page = render_map(lang, "n0nce", may=DEEDS, drill=True, nav=("map",))
    links = re.findall(r"""(?:src|href|action)\s*=\s*["']([^"']+)""", page)
    assert links
    assert [link for link in links if not link.startswith(("/", "?", "#"))] == []
    assert not re.search(r"\sstyle\s*=|\son\w+\s*=", page)
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in one or 'nonce="n0nce"' in one or "application/json" in one for one in scripts)
    assert f'lang="{lang}" dir="{"rtl" if lang == "fa" else "ltr"}"' in page


@built
@pytest.mark.parametrize(("lang", "banner"), [("fa", "تمرین"), ("en", "DRILL")])
def test_a_drill_is_marked_and_a_real_instance_is_not(lang: str, banner: str) -> None:
    assert f"<span>{banner} ·" in render_map(lang, "n", may=(), drill=True)
    assert "strip--drill" not in render_map(lang, "n", may=(), drill=False)


@built
def test_who_may_not_see_volunteers_is_not_offered_them() -> None:
    page = render_map("en", "n", may=())
    config = json.loads(re.search(r'id="config">(.*?)</script>', page, re.DOTALL).group(1))  # type: ignore[union-attr]
    assert {layer["code"] for layer in config["layers"]}.isdisjoint({"volunteers", "reports"})
    assert not any(config["can"].values())


@built
def test_what_a_page_is_told_stays_text() -> None:
    page = render(
        "map.html",
        "en",
        "n",
        parts={"head": "", "body": "", "script": ""},
        config={"lang": "en", "words": {"a": "</script><b>"}},
        user={"name": "<i>x</i>", "role": "coordinator"},
    )
    assert "</script><b>" not in page
    assert "<i>x</i>" not in page
