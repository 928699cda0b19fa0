"""The base model: phrases are read strictly, teaching is repeatable, what speaks agrees with itself."""

import json
import shutil
import zipfile
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from server.places.gazetteer import default_gazetteer
from server.reports.learning import base_model, base_net, base_training, labels, phrases, speaking, store
from server.reports.learning.base_seeing import seen_of, sight
from server.reports.learning.labels import of_reading
from server.reports.learning.phrases import BadPhrase
from server.reports.learning.settling import Verdict, settle
from server.reports.reading import CommandRead, NeedRead, OwnEntry, OwnWords, Reading, read

BLANK = Reading(lang="fa", kind="report", urgency="normal")
TEXTS = (
    "سقف مدرسه ریخته پنج نفر زیرشن",
    "ab nadarim az dishab, Poldokhtar",
    "Two dozen blankets here, who needs them?",
    "",
    "؟",
)


def by_rules(text, kind=None):
    return read(text, default_gazetteer(), kind=kind)


def verdict(yes=(), kind="report", level="normal", known=None):
    kinds = [float(k == kind) for k in labels.KINDS]
    levels = [float(u == level) for u in labels.URGENCIES]
    return Verdict("base@1", frozenset(known or base_model.base().labels), frozenset(yes), kinds, levels)


def test_every_phrase_is_a_line_that_can_teach():
    every = phrases.every()
    writers = {phrase.writer for phrase in every}
    assert len(every) > 1000
    assert len(writers) >= 5
    taught = {label for phrase in every for label in phrase.labels}
    assert taught == set(base_model.base().labels)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("report\t\twater\t\t\thigh", "6 columns"),
        ("report\t\twatter\t\t\thigh\tآب", "unknown: need.watter"),
        ("report\t\twater,water\t\t\thigh\tآب", "twice"),
        ("other\t\twater\t\t\tnone\tآب", "chatter"),
        ("offer\t\t\t\t\tnone\tآب", "offers something"),
        ("report\t\twater\t\t\thigh\t ", "no text"),
        ("tale\t\twater\t\t\thigh\tآب", "unknown: kind.tale"),
    ],
)
def test_a_line_that_teaches_nothing_right_is_refused_by_file_and_line(tmp_path, line, why):
    (tmp_path / "ann-01.tsv").write_text("\t".join(phrases.COLUMNS) + "\n\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BadPhrase, match=rf"ann-01\.tsv, line 3: .*{why}"):
        phrases.every(tmp_path)


@lru_cache(maxsize=1)
def some():
    """A few of the phrases, every writer's."""
    return phrases.every()[::16]


def test_teaching_twice_makes_the_same_model_and_reads_better_than_the_rules(tmp_path, monkeypatch):
    monkeypatch.setattr(base_training, "ROWS", 2000)
    monkeypatch.setattr(base_net, "_EPOCHS", 3)
    once, again = (base_training.teach(some(), by_rules, "1") for _ in range(2))
    for name, taught in (("one", once), ("two", again)):
        base_training.store(tmp_path / name, taught)
    assert (tmp_path / "one/base.npz").read_bytes() == (tmp_path / "two/base.npz").read_bytes()
    figures = once.card["measures"]
    assert figures["with_model"]["codes"] > figures["rules"]["codes"]
    assert base_model.opened(tmp_path / "one").over(TEXTS, [by_rules(text) for text in TEXTS]).shape == (5, 58)


def test_the_file_that_is_shipped_is_small_and_its_card_tells_of_strangers():
    card = json.loads((base_model.FOLDER / "card.json").read_text(encoding="utf-8"))
    assert (base_model.FOLDER / "base.npz").stat().st_size < 2_000_000
    assert card["phrases"] == sum(card["writers"].values())
    assert card["measures"]["with_model"]["codes"] > card["measures"]["rules"]["codes"]


def test_a_message_is_seen_alike_alone_and_among_others():
    readings = [by_rules(text) for text in TEXTS]
    sights = [sight(text, reading) for text, reading in zip(TEXTS, readings, strict=True)]
    whole = seen_of(sights)
    assert all(a <= b for a, b in pairwise(whole.doc.tolist()))
    for number, one in enumerate(sights):
        mine = whole.doc == number
        assert sorted(whole.key[mine].tolist()) == sorted(seen_of([one]).key.tolist())
    together = base_model.base().over(TEXTS, readings)
    alone = [base_model.base().over([t], [r])[0] for t, r in zip(TEXTS, readings, strict=True)]
    assert np.allclose(together, alone, atol=1e-4)


def test_both_scripts_share_what_is_learnt():
    latin, persian = (set(seen_of([sight(t, by_rules(t))]).key.tolist()) for t in ("pato nadarim", "پتو نداریم"))
    assert len(latin & persian) * 3 > len(persian) * 2


def test_a_reading_agrees_with_itself_whatever_the_model_says():
    told = replace(BLANK, needs=(NeedRead("water", 5, "litre"), NeedRead("food", 2)), people=4)
    made = settle(
        told, verdict({"need.water", "incident.trapped_people", "incident.child_alone"}, level="life"), None, 9
    )
    assert [(n.category, n.quantity) for n in made.needs] == [
        ("water", 5),
        ("search_rescue", None),
        ("protection", None),
    ]
    assert (made.urgency, made.people) == ("life", 4)
    assert "model.trapped_people" in {why.rule for why in made.why}
    chatter = settle(told, verdict({"need.water"}, kind="other"), None, 9)
    assert (chatter.kind, chatter.needs, chatter.people, chatter.place, chatter.urgency) == (
        "other",
        (),
        None,
        None,
        "none",
    )
    offer = settle(told, verdict({"need.water"}, kind="offer"), lambda kind: replace(told, kind=kind), 9)
    assert (offer.kind, offer.needs, offer.offers, offer.urgency) == ("offer", (), ("goods",), "none")
    asked = settle(told, verdict(kind="question", level="none"), None, 9)
    assert [need.category for need in asked.needs] == ["information"]
    assert asked.urgency != "none"
    command = replace(told, command=CommandRead("STOP"))
    assert settle(command, verdict(kind="other"), None, 9) is command


def test_who_was_taken_for_chatter_is_looked_at_again():
    text = "پل دختر، چهار نفریم، دیگه خونه‌ای نمونده"
    reading = replace(BLANK, kind="other", urgency="none")
    made = settle(reading, verdict({"need.shelter"}, level="high"), lambda kind: by_rules(text, kind), len(text))
    assert made.place is not None
    assert (made.kind, made.people) == ("report", 4)


def test_what_coordinators_own_words_decide_stands():
    own = OwnWords([OwnEntry("زغالدان", "need_items", "heating")])
    text = "سه تا زغالدان لازم داریم"
    with_own, without = read(text, default_gazetteer(), own=own), by_rules(text)
    spared = speaking.told_by_own(with_own, without)
    assert "need.heating" in spared
    made = settle(with_own, verdict(kind="other"), None, len(text), spared)
    assert "need.heating" in of_reading(made)
    known = OwnWords([OwnEntry("پتو", "need_items", "bedding")])
    with_known = read("سه تا پتو لازم داریم", default_gazetteer(), own=known)
    assert "need.bedding" in speaking.told_by_own(with_known, by_rules("سه تا پتو لازم داریم"))
    assert speaking.told_by_own(without, without) == frozenset()


def test_a_broken_base_leaves_the_rules_and_is_told(tmp_path, monkeypatch, capsys):
    broken = tmp_path / "base"
    shutil.copytree(base_model.FOLDER, broken)
    with zipfile.ZipFile(broken / "base.npz", "w") as archive:
        archive.writestr("weights.npy", b"no array")
    with pytest.raises(store.BadModel):
        base_model.opened(broken)
    monkeypatch.setattr(base_model, "base", lambda: base_model.opened(broken))
    assert speaking.helper(tmp_path) is None
    assert "model.unusable" in capsys.readouterr().out
    failing = speaking.Helper(None, replace(base_model.opened(base_model.FOLDER), weights=np.zeros((1, 1), np.float32)))
    assert failing.helped(["آب نداریم"], [BLANK]) == [BLANK]


def test_names_of_models_that_mean_something_else_are_taken():
    assert [store.valid_name(name) for name in ("mine", "base", "rules", "none", "active")] == [True] + [False] * 4
