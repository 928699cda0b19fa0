"""What one tile holds: a look that finds whether it can be opened. Vector tiles 2 and pictures.

Vector tiles: https://github.com/mapbox/vector-tile-spec/tree/master/2.1.
"""

import io
import warnings
from typing import Final

from PIL import Image, UnidentifiedImageError

from mapping.pmtiles import Broken

MOST_SIDE: Final = 4096
PICTURES: Final = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
_VARINT, _LONG, _BYTES, _INT = 0, 1, 2, 5


def _fields(data: bytes) -> list[tuple[int, int, int | bytes]]:
    """A protobuf message as (field, wire type, value)."""
    out: list[tuple[int, int, int | bytes]] = []
    at, end = 0, len(data)

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            if at >= end or shift > 63:  # noqa: PLR2004 - numbers have 64 bits
                raise Broken("tile")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last byte has no high bit
                return value
            shift += 7

    while at < end:
        key = varint()
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            out.append((field, wire, varint()))
            continue
        size = varint() if wire == _BYTES else {_LONG: 8, _INT: 4}.get(wire)
        if size is None or at + size > end or not field:
            raise Broken("tile")
        out.append((field, wire, data[at : at + size]))
        at += size
    return out


def vector_layers(data: bytes) -> dict[str, int]:
    """The layers of a vector tile with their number of features; Broken when it is none."""
    out: dict[str, int] = {}
    for field, wire, value in _fields(data):
        if field != 3 or wire != _BYTES or not isinstance(value, bytes):  # noqa: PLR2004 - Tile.layers
            raise Broken("tile")
        name, features = "", 0
        for inner, _, part in _fields(value):
            if inner == 1 and isinstance(part, bytes):
                try:
                    name = part.decode()
                except UnicodeDecodeError:
                    raise Broken("tile") from None
            elif inner == 2 and isinstance(part, bytes):  # noqa: PLR2004 - Layer.features
                features += 1
                _fields(part)
        if not name:
            raise Broken("tile")
        out[name] = out.get(name, 0) + features
    return out


def picture(data: bytes, form: str) -> tuple[int, int]:
    """Width and height of a picture in pixels; Broken when it does not open or is of another kind."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(PICTURES)) as one:
                if PICTURES.get(one.format or "") != form or max(one.size) > MOST_SIDE:
                    raise Broken("tile")
                one.load()
                return one.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombWarning,
            Image.DecompressionBombError):  # fmt: skip
        raise Broken("tile") from None


def looked_at(data: bytes, form: str) -> dict[str, int]:
    """Open a tile of a form (`mvt`, `png`, `jpg`, `webp`); the layers of a vector tile. Raises Broken."""
    if form == "mvt":
        return vector_layers(data)
    picture(data, form)
    return {}
