"""What Collect reads from the QR that sets it up."""

import base64
import json
import re
import zlib

import segno
from defusedxml.ElementTree import fromstring

from server.forms.qr import collect_settings, svg

URL = "https://relief.test/openrosa/" + "aB3_-" * 8 + "abc"


def read(text: str) -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    return told


def test_settings_come_back_as_collect_reads_them() -> None:
    told = read(collect_settings(URL, "گروه ۳", "fa"))
    assert set(told) == {"general", "admin", "project"}
    assert (told["general"]["server_url"], told["general"]["app_language"]) == (URL, "fa")
    assert (told["general"]["protocol"], told["general"]["form_update_mode"]) == ("odk_default", "match_exactly")
    assert told["project"]["name"] == "گروه ۳"
    assert len(told["project"]["icon"]) == 1


def test_drafts_look_other_than_the_teams_own() -> None:
    own, draft = (read(collect_settings(URL, "Team 3", "en", draft=d))["project"] for d in (False, True))
    assert draft["name"] == "Team 3 (draft)"
    assert own["color"] != draft["color"]


def drawn(picture: str) -> list[list[int]]:
    """The dark points of the picture, read from the strokes of its path, without the quiet zone."""
    root = fromstring(picture)
    size = int(root.attrib["viewBox"].split()[2])
    points = [[0] * size for _ in range(size)]
    path = next(e.attrib["d"] for e in root.iter() if e.attrib.get("class") is None and "stroke" in e.attrib)
    x = y = 0.0
    for step, values in re.findall(r"([Mmh])([-\d. ]+)", path):
        numbers = [float(n) for n in values.split()]
        if step == "h":
            for at in range(int(x), int(x + numbers[0])):
                points[int(y)][at] = 1
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if step == "M" else (x + numbers[0], y + numbers[1])
    assert not any(points[0])
    assert not any(row[0] for row in points)
    return [row[4:-4] for row in points[4:-4]]


def test_the_picture_is_the_code_of_the_text() -> None:
    text = collect_settings(URL, "گروه ۳ – پلدختر", "fa", draft=True)
    picture = svg(text)
    code = segno.make(text, micro=False, error="l")
    assert drawn(picture) == [list(row) for row in code.matrix]
    assert int(code.version) <= 17, "a phone's camera reads no finer code from a sheet"
    assert "style=" not in picture
    assert "<script" not in picture
