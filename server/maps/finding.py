"""Finding a record by its code, or a centre or shelter by its name, wherever it lies and whatever the view shows."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from server.access.principal import Principal
from server.incidents.listing import visible
from server.kernel.db import Conn
from server.kernel.ids import ALPHABET, clean_code
from server.maps import finding_queries as sql
from server.maps.asking import LAYER_PERMISSION
from server.places.names import normalise

PREFIXES: Mapping[str, str] = {
    "needs": "N-",
    "incidents": "I-",
    "tasks": "T-",
    "closures": "C-",
    "movements": "M-",
    "hazards": "H-",
    "reports": "",
}
"""What the codes of a layer begin with; receipts begin with nothing."""
LEAST = 2
"""A code is looked for from so many of its signs on."""
EACH = 4
NAMES = 6


def beginnings(typed: str) -> dict[str, str]:
    """Layer → what its codes would begin with, if `typed` were the beginning of one; {} if it cannot be.

    The prefix may be typed or left out, with or without its dash, in any script's digits.
    """
    signs = clean_code(typed)
    found: dict[str, str] = {}
    for layer, prefix in PREFIXES.items():
        own = signs[1:] if prefix and signs.startswith(prefix[0]) else signs
        # T-… typed with its dash is a task's and nobody else's.
        if "-" in typed.strip()[1:2] and (not prefix or not signs.startswith(prefix[0])):
            continue
        if len(own) >= LEAST and all(sign in ALPHABET for sign in own):
            found[layer] = prefix + own
    return found


async def find(conn: Conn, principal: Principal, typed: str, emergency: UUID | None) -> list[dict[str, Any]]:
    """What of the reader's own bears a code that begins so, or is a centre or shelter of such a name.

    Each {"layer", "id", "code", "category", "status", "name": {fa, en}|null, "lon", "lat"}, codes first.
    """
    hits: list[dict[str, Any]] = []
    for layer, begins in beginnings(typed).items():
        if layer not in LAYER_PERMISSION or not principal.may(LAYER_PERMISSION[layer]):
            continue
        within = visible(principal, LAYER_PERMISSION[layer], emergency)
        rows = await sql.by_code(conn, layer, begins, within, EACH)
        hits += [_hit(layer, row) for row in rows]
    wanted = normalise(typed)
    if len(wanted) >= LEAST:
        for layer in ("centres", "shelters"):
            permission = f"{layer.removesuffix('s')}.read"
            if not principal.may(permission):
                continue
            within = None if layer == "centres" else visible(principal, permission, emergency)
            named = [
                row
                for row in await sql.named(conn, layer, within)
                if any(wanted in normalise(str(row[key] or "")) for key in ("name_fa", "name_en", "code"))
            ]
            hits += [_hit(layer, row) for row in named[:NAMES]]
    return hits


def _hit(layer: str, row: Mapping[str, Any]) -> dict[str, Any]:
    name = {"fa": row["name_fa"] or row["name_en"], "en": row["name_en"] or row["name_fa"]} if row["name_fa"] else None
    return {
        "layer": layer,
        "id": str(row["id"]),
        "code": row["code"],
        "category": row["category"],
        "status": row["status"],
        "name": name,
        "lon": row["lon"],
        "lat": row["lat"],
    }
