"""The QR that sets up ODK Collect: its settings as it reads them, and the picture of any text.

Collect takes JSON with `general`, `admin` and `project`, packed by zlib, as base64:
https://docs.getodk.org/collect-import-export/. What it does not name goes back to Collect's own value.
"""

import base64
import io
import json
import zlib
from typing import Final

import segno

_DRAFT: Final = {"fa": "پیش‌نویس", "en": "draft"}
_COLOURS: Final = ("#0b6e4f", "#b3261e")
"""Of the project's mark in Collect: of a team, of drafts that are only tried."""
_MARKS: Final = ("ه", "H")


def collect_settings(server_url: str, name: str, lang: str, *, draft: bool = False) -> str:
    """The text of the QR: `server_url` as Collect asks it, `name` of the project, `lang` (`fa`, `en`) of the app.

    Forms follow the server's list, also when one is archived there; what is finished is sent by itself.
    """
    shown = f"{name} ({_DRAFT.get(lang, _DRAFT['en'])})" if draft else name
    settings = {
        "general": {
            "protocol": "odk_default",
            "server_url": server_url,
            "app_language": lang,
            "form_update_mode": "match_exactly",
            "periodic_form_updates_check": "every_fifteen_minutes",
            "autosend": "wifi_and_cellular",
        },
        # Collect refuses settings without it. Nobody is locked out of her own phone.
        "admin": {},
        "project": {"name": shown, "icon": _MARKS[lang != "fa"], "color": _COLOURS[draft]},
    }
    packed = zlib.compress(json.dumps(settings, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    return base64.b64encode(packed).decode("ascii")


def svg(text: str) -> str:
    """A QR as SVG, dark on white with its quiet zone, as large as its place (`viewBox` alone). No style, no script."""
    drawn = io.BytesIO()
    code = segno.make(text, micro=False, error="l", boost_error=True)
    code.save(
        drawn, kind="svg", border=4, xmldecl=False, omitsize=True, nl=False, light="#fff", svgclass="qr", lineclass=None
    )
    return drawn.getvalue().decode()
