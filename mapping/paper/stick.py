"""A map in one file that opens from a stick, with no server and no network: layers, legend, table, time and source.

Everything is inlined. The policy in it lets exactly our own scripts run, by their hashes; what people wrote is data,
which the script writes as text.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="{lang}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>@font-face{{font-family:Vazirmatn;font-weight:100 900;src:url(data:font/woff2;base64,{font}) format("woff2")}}
{styles}</style>
</head>
<body>
<header><h1 id="title"></h1><p id="made"></p><div id="tools"></div></header>
<main><div id="map" dir="ltr"></div><section id="side"><div id="layers"></div>
<input id="find" type="search" autocomplete="off"><p id="said" role="status"></p>
<div id="scroll"><table id="table"><thead></thead><tbody></tbody></table></div></section></main>
<script type="application/json" id="data">{data}</script>
<script>{leaflet}</script>
<script>{viewer}</script>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the file is made of besides its data: scripts and styles as text, the typeface as WOFF2."""

    leaflet: str
    leaflet_css: str
    viewer: str
    viewer_css: str
    font: bytes


def html(data: Mapping[str, Any], parts: Parts, *, lang: str, title: str) -> str:
    """The file. `data` as `mapping/client/stick.ts` reads it."""
    leaflet, viewer = _closed(parts.leaflet), _closed(parts.viewer)
    policy = (
        f"default-src 'none'; script-src {_hash(leaflet)} {_hash(viewer)};"
        " style-src 'unsafe-inline'; img-src data:; font-src data:"
    )
    return _PAGE.format(
        lang=lang,
        direction="rtl" if lang == "fa" else "ltr",
        policy=escape(policy),
        title=escape(title),
        font=base64.b64encode(parts.font).decode(),
        styles=parts.leaflet_css + parts.viewer_css,
        data=_embedded(data),
        leaflet=leaflet,
        viewer=viewer,
    )


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON that no HTML parser takes for anything else."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _closed(script: str) -> str:
    """A script's text, which must not end its own element."""
    if "</script" in script.lower():
        raise ValueError("a script that ends its element cannot be inlined")
    return script


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
