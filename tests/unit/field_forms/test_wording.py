"""The words of forms, read from the XForm."""

from field_forms.builtin import compiled
from field_forms.wording import wording

BARE = b"""<h:html xmlns="http://www.w3.org/2002/xforms"
xmlns:h="http://www.w3.org/1999/xhtml">
<h:head><h:title>t</h:title>
<model><instance><visit id="v"><kid><age/><food/></kid></visit></instance><bind id="f" nodeset="/visit/kid/food"/>
</model>
</h:head><h:body><group ref="/visit/kid"><label>Children</label><repeat nodeset="/visit/kid"><input ref="age">
<label>Age of <output value="/visit/kid"/></label></input><select bind="f"><label>Food</label><item><label>Rice</label>
<value>r</value></item><item><label>Bread</label><value>b</value></item></select></repeat></group></h:body></h:html>"""


def test_our_own_forms_in_both_languages() -> None:
    said = wording(compiled("rapid_needs").xml)
    assert said.label("/data/situation") == {"fa": "چه شده است؟", "en": "What happened?"}
    assert said.choice("/data/lacking/needs", "water bedding") == {
        "fa": "آب آشامیدنی، پتو و زیرانداز",
        "en": "Drinking water, Blankets and bedding",
    }
    assert said.choice("/data/where/place_name", "water") is None


def test_relative_paths_binds_and_repeats() -> None:
    said = wording(BARE)
    assert (said.root, list(said.asked)) == ("visit", ["/visit/kid", "/visit/kid/age", "/visit/kid/food"])
    assert (said.asked["/visit/kid"].control, said.label("/visit/kid")) == ("repeat", {"": "Children"})
    assert said.label("/visit/kid/age") == {"": "Age of …"}
    assert said.choice("/visit/kid/food", "r b unknown") == {"": "Rice, Bread, unknown"}


def test_what_is_no_form_has_no_words() -> None:
    for xml in (b"", b"<a/>", b"<!DOCTYPE a><a/>", BARE[:200]):
        assert wording(xml).asked == {}
