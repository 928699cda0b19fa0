"""The working pages' pure parts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.pages import extract, me_words
from server.pages.bearing import SIDES, bearing, point_of_compass
from server.pages.queue_page import chosen
from server.pages.rendering import environment

#: What the phone's page loads: every sentence in these must be among the few words that it is sent.
ON_THE_PHONE = ("me.ts", "living.ts", "forms.ts", "api.ts", "time.ts", "toast.ts", "pages.ts", "mehear.ts")


def test_the_phone_is_sent_every_word_its_modules_say() -> None:
    folder = extract.ROOT / "server/pages/client"
    said = {
        sentence
        for sentence, files in extract.sentences().items()
        if any(file == str((folder / name).relative_to(extract.ROOT)) for name in ON_THE_PHONE for file in files)
    }
    assert len(said) > 15
    assert said - set(me_words.SAID) == set()
    assert len(me_words.words("fa")["words"]) == len(set(me_words.SAID))


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_no_template_carries_a_style_or_a_handler(lang: str) -> None:
    made = environment(lang)
    names = [name for name in made.list_templates() if name.endswith(".html")]
    assert len(names) > 10
    for name in names:
        made.get_template(name)
        assert made.loader is not None
        source = made.loader.get_source(made, name)[0]
        assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", source), name


def test_the_sides_of_the_sky() -> None:
    assert point_of_compass(bearing(48, 33, 48, 34)) == "north"
    assert point_of_compass(bearing(48, 33, 49, 33)) == "east"
    assert point_of_compass(bearing(48, 33, 47.2, 32.3)) == "south-west"
    assert point_of_compass(359.9) == "north"


@given(st.floats(0, 360, exclude_max=True))
def test_every_bearing_has_the_nearest_side(degrees: float) -> None:
    side = SIDES.index(point_of_compass(degrees)) * 45
    apart = abs(degrees - side) % 360
    assert min(apart, 360 - apart) <= 22.5


@pytest.mark.parametrize("text", [None, "", "x", "1' OR 1=1", "0" * 40])
def test_a_filter_that_is_no_id_means_everything(text: str | None) -> None:
    assert chosen(text) is None
