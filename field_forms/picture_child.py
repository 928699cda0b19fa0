"""The child that looks at one picture: bytes on standard input, `pictures.examine` reads what it writes."""

import io
import json
import sys
import warnings
from typing import Any

from field_forms.exif import JPEG, PNG, WEBP, BadPicture, beside, sniff, strip
from field_forms.pictures import confine

_FORMATS = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}
_QUALITY = 85
_GPS = 0x8825


def look(data: bytes, points: int, shown: int) -> tuple[dict[str, Any], bytes, bytes]:
    """What the picture is, its file without what stands beside it, and a JPEG with sides of `shown` points at most."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - loaded within the bounds, by the child only

    warnings.simplefilter("error")
    Image.MAX_IMAGE_PIXELS = points
    kind = sniff(data) or ""
    with Image.open(io.BytesIO(data), formats=[_FORMATS[kind]]) as image:
        width, height = image.size
        if width * height > points:
            return {"refused": "too_many_points"}, b"", b""
        image.load()
        said = beside(data)
        upright = ImageOps.exif_transpose(image).convert("RGB")
    small = upright.copy()
    small.thumbnail((shown, shown))
    safe = _stripped(data, kind, (width, height))
    if not safe:
        safe, kind = _jpeg(upright), JPEG
        width, height = upright.size
    point = said.position
    header = {
        "kind": kind,
        "width": width,
        "height": height,
        "position": [point.lat, point.lon, point.altitude_m] if point else None,
        "taken": said.taken,
    }
    return header, safe, _jpeg(small)


def _stripped(data: bytes, kind: str, size: tuple[int, int]) -> bytes:
    """The file itself without what stands beside the picture; nothing, when a decoder disagrees with us on it."""
    from PIL import Image  # noqa: PLC0415 - as above

    try:
        safe = strip(data)
        with Image.open(io.BytesIO(safe), formats=[_FORMATS[kind]]) as again:
            again.load()
            same = again.size == size and not again.getexif().get_ifd(_GPS)
    except (BadPicture, OSError, ValueError, SyntaxError):
        return b""
    return safe if same and beside(safe).position is None else b""


def _jpeg(image: Any) -> bytes:
    out = io.BytesIO()
    image.info = {}
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def main(arguments: list[str]) -> None:
    """Confine this process, look, answer."""
    points, memory, cpu_s, shown = json.loads(arguments[0])
    confine(memory, cpu_s)
    safe = small = b""
    try:
        header, safe, small = look(sys.stdin.buffer.read(), points, shown)
    except MemoryError:
        header = {"refused": "too_costly"}
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises over a hostile file
        bomb = type(error).__name__.startswith("DecompressionBomb")
        header = {"refused": "too_many_points" if bomb else "damaged"}
    sys.stdout.buffer.write(json.dumps({**header, "safe": len(safe), "shown": len(small)}).encode() + b"\n")
    sys.stdout.buffer.write(safe + small)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
