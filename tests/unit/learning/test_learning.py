"""Learning on small data made here: what is learnt speaks where it is better, keeps no words, and opens safely."""

import io
import json
import random
import zipfile
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reports.learning import features, fusing, labels, speaking, store, training
from server.reports.learning.corpus import Corpus, Line, NotAFile, open_corpus
from server.reports.learning.daily import due
from server.reports.learning.fusing import Suggestion, fuse
from server.reports.learning.model import only_speaking, opened
from server.reports.reading import CommandRead, NeedRead, Reading, Why

BLANK = Reading(lang="en", kind="report", urgency="normal")
_OTHERS = ["we", "are", "many", "here", "nobody", "came", "since", "morning", "road", "house", "river", "village"]


def by_rules(text):
    """Rules of the test's own: they know `water`, and take every `boat` for a rescue."""
    needs = [NeedRead("water")] if "water" in text else []
    needs += [NeedRead("search_rescue")] if "boat" in text else []
    return replace(BLANK, needs=tuple(needs))


@lru_cache(maxsize=1)
def learnt():
    rng = random.Random(7)
    lines = []
    for number in range(240):
        words = rng.sample(_OTHERS, 6)
        found = set()
        if number % 4 == 0:
            words.insert(rng.randrange(6), rng.choice(["tarpaulin", "tarpaulins"]))
            found.add("need.shelter")
        if number % 3 == 0:
            words.insert(rng.randrange(6), "water")
            found.add("need.water")
        if number % 5 == 0:
            words.append("boat")
        if number % 2 == 0:
            words.append("please")
            found.add("extra.polite")
        text = " ".join(words)
        lines.append(Line(text, frozenset(found), text))
    asked = frozenset({"need.shelter", "need.water", "need.search_rescue", "extra.polite"})
    return training.learn(Corpus(lines=lines, asked=asked), by_rules)


def figure(name):
    return next(row for row in learnt().card["figures"] if row["label"] == name)


def kept(home, name="small", **changes):
    return store.save(home, name, "20260101T000000Z", training.arrays_of(learnt().model), learnt().card | changes)


def test_a_label_speaks_where_it_is_better_and_only_there():
    assert learnt().model.speaks == {"need.shelter"}
    assert figure("need.shelter")["rules"] == 0.0
    assert figure("need.shelter")["fused"] > 0.95
    assert figure("need.water")["fused"] == figure("need.water")["rules"] == 1.0
    assert figure("extra.polite")["model"] > 0.95
    assert figure("extra.polite")["fused"] is None
    assert learnt().card["too_rare"] == {"need.search_rescue": 0}


def test_a_stored_model_says_what_the_learnt_one_says_and_marks_the_word(tmp_path):
    model = only_speaking(opened(kept(tmp_path)))
    text = "here since morning: Tarpaulins, and water"
    reading = by_rules(text)
    fused = fuse(reading, model.suggest([text], [reading])[0], len(text))
    assert [need.category for need in fused.needs] == ["water", "shelter"]
    mark = next(why for why in fused.why if why.rule == "model.shelter")
    assert "arpaulin" in text[mark.start : mark.end]
    assert set(fused.as_dict()) == set(reading.as_dict())
    assert fuse(BLANK, model.suggest(["river"], [BLANK])[0]) == BLANK


def test_a_model_file_holds_no_words(tmp_path):
    folder = kept(tmp_path).folder
    with zipfile.ZipFile(folder / "arrays.npz") as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist()) + (folder / "card.json").read_bytes()
    for word in ("tarpaulin", "village", "morning"):
        for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
            assert word.encode(encoding) not in whole


def test_an_n_gram_of_one_message_alone_is_not_kept():
    prepared = training.prepare([Line(f"help {w}", frozenset(), w) for w in ("zarrin", "maryam", "sohrab")], by_rules)
    rows, _ = training.vocabulary(prepared)
    words = features.pieces_of([features.folded_of("help maryam")])
    single = words.bucket[(words.bucket >> features.BITS) == features.WORDS]
    assert [bool(b in rows) for b in single.tolist()] == [True, False, False]


def test_only_what_a_stranger_s_file_may_hold_is_opened(tmp_path):
    stored = kept(tmp_path)
    ran = []

    class Evil:
        def __reduce__(self):
            return (ran.append, (1,))

    good = store.arrays_of(stored)
    for bad in (
        {"rows": np.array([Evil()], dtype=object)},
        {"weights": good["weights"][:, :-1]},
        {"rows": good["rows"][::-1]},
        {"bias": np.full_like(good["bias"], np.nan)},
    ):
        with (stored.folder / "arrays.npz").open("wb") as stream:
            np.savez(stream, allow_pickle=True, **(good | bad))
        with pytest.raises(store.BadModel):
            opened(stored)
    (stored.folder / "arrays.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(store.BadModel):
        opened(stored)
    assert ran == []
    with pytest.raises(store.BadModel):
        store.newest(tmp_path, "../../etc")


def test_the_active_model_is_heard_anew_when_it_changes_and_a_broken_one_is_silent(tmp_path):
    assert speaking.helper(tmp_path).base is not None
    stored = kept(tmp_path)
    store.activate(tmp_path, stored)
    helper = speaking.helper(tmp_path)
    assert helper.base is None
    assert helper is speaking.helper(tmp_path)
    assert helper.helped(["tarpaulin"], [BLANK])[0].needs == (NeedRead("shelter"),)
    assert helper.stored({}, BLANK, helper.helped(["tarpaulin"], [BLANK])[0]) == {"model": "small@20260101T000000Z"}
    again = kept(tmp_path)
    assert again.version == "20260101T000000Z-2"
    (again.folder / "arrays.npz").write_bytes(b"")
    store.activate(tmp_path, again)
    assert speaking.helper(tmp_path).name.startswith("base@")
    store.silence(tmp_path)
    assert speaking.helper(tmp_path) is None
    store.activate(tmp_path, None)
    assert speaking.helper(tmp_path).name.startswith("base@")
    assert store.active(tmp_path) is None


def test_a_model_that_breaks_leaves_the_rules_reading(tmp_path):
    model = opened(kept(tmp_path))
    broken = speaking.Helper(replace(model, weights=model.weights[:1]))
    assert broken.helped(["we need tarpaulin"], [BLANK]) == [BLANK]


def test_what_may_cost_a_life_is_added_and_never_removed():
    rescue = replace(
        BLANK, needs=(NeedRead("search_rescue"), NeedRead("food", 3)), urgency="life", why=(Why("need.food", 0, 4),)
    )
    fused = fuse(rescue, Suggestion("m", {"need.search_rescue": False, "need.food": False, "kind.other": True}), 9)
    assert fused.needs == (NeedRead("search_rescue"),)
    assert (fused.kind, fused.urgency, fused.why) == ("report", "life", ())
    new = fuse(BLANK, Suggestion("m", {"incident.trapped_people": True}), 9)
    assert (new.incidents, new.urgency) == (("trapped_people",), "life")
    assert new.why == (Why("model.trapped_people", 0, 9),)


def test_a_fused_reading_keeps_the_rules_of_a_reading():
    offer = replace(BLANK, kind="offer", offers=("goods",), urgency="none")
    assert fuse(offer, Suggestion("m", {"need.water": True})) == offer
    assert fuse(offer, Suggestion("m", {"need.water": True}, coarse=True)).kind == "report"
    chatter = Reading(lang="en", kind="other")
    fused = fuse(chatter, Suggestion("m", {"need.water": True}))
    assert (fused.kind, fused.urgency) == ("report", "high")
    gone = fuse(replace(BLANK, people=5, incidents=("fire",)), Suggestion("m", {"kind.other": True}))
    assert (gone.kind, gone.people, gone.incidents, gone.urgency) == ("other", None, (), "none")
    command = replace(BLANK, command=CommandRead("STOP"))
    assert fuse(command, Suggestion("m", {"need.water": True})) == command
    assert fuse(BLANK, Suggestion("m", {"extra.storm": True})) == BLANK


@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=5),
    st.lists(st.text(alphabet="abc آب ۱۲.\n", max_size=30), max_size=3),
)
def test_n_grams_are_the_same_alone_and_among_others(texts, more):
    texts = [*texts, *more]
    folded = [features.folded_of(text) for text in texts]
    whole = features.pieces_of(folded)
    for number, fold in enumerate(folded):
        alone = features.pieces_of([fold])
        mine = whole.doc == number
        assert sorted(whole.bucket[mine].tolist()) == sorted(alone.bucket.tolist())
        assert alone.start.min(initial=0) >= 0
        assert alone.end.max(initial=0) <= len(fold.text)


def test_files_are_told_apart_and_bad_lines_counted(tmp_path):
    gold = tmp_path / "g.jsonl"
    line = {"text": "نان نداریم", "needs": [{"category": "food"}], "kind": "report", "vulnerable": ["alien"]}
    gold.write_text(json.dumps(line) + "\nnot json\n{}\n", encoding="utf-8")
    corpus = open_corpus(gold)
    assert (len(corpus.lines), corpus.bad) == (1, 2)
    assert corpus.lines[0].labels == {"need.food", "kind.report", "extra.alien"}
    table = tmp_path / "d.csv"
    table.write_text("id,genre,message,original,labels\n1,direct,Need water,Bezwen dlo,water;storm\n2,news,,,\n")
    corpus = open_corpus(table)
    assert [(x.text, x.group) for x in corpus.lines] == [("Need water", "need water"), ("Bezwen dlo", "need water")]
    assert corpus.lines[0].labels == {"need.water", "extra.storm"}
    assert corpus.names == {"storm": "extra.storm", "water": "need.water"}
    with pytest.raises(NotAFile):
        open_corpus(table, "jsonl")


def test_every_label_of_foreign_messages_has_a_code_of_the_taxonomy():
    assert all(labels.known(label) for label in labels.DISASTER.values())
    assert all(labels.known(label) for label in labels.NEVER_TAKEN_BACK | fusing._WITHIN_THE_DAY | fusing._LIFE)


def test_half_a_zip_is_no_model(tmp_path):
    stored = kept(tmp_path)
    whole = (stored.folder / "arrays.npz").read_bytes()
    (stored.folder / "arrays.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(store.BadModel):
        opened(stored)
    assert zipfile.is_zipfile(io.BytesIO(whole))


def test_when_it_is_time_to_learn():
    from datetime import UTC, datetime, timedelta

    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert [due(n, s, now) for n, s in ((0, None), (1, None), (1, now), (50, now), (1, now - timedelta(days=1)))] == [
        False, True, False, True, True,
    ]  # fmt: skip
