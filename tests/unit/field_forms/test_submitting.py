"""Parts, repetitions and edits come to the same in any order."""

import random

from hypothesis import given
from hypothesis import strategies as st

from field_forms.submitting import Merged, Part, lineages, merge, news

FILES = st.frozensets(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), max_size=4)
PARTS = st.builds(Part, st.sampled_from(["x", "y"]), FILES, st.booleans())


def total(parts: list[Part]) -> Merged:
    known = Merged()
    for part in parts:
        known = merge(known, part)
    return known


@given(st.lists(PARTS, max_size=6), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_come_to_the_same(parts: list[Part], chance: random.Random) -> None:
    again = parts + [part for part in parts if chance.random() < 0.5]
    chance.shuffle(again)
    assert total(again) == total(parts)


@given(st.lists(PARTS, max_size=6))
def test_what_was_news_once_is_known_after(parts: list[Part]) -> None:
    known = Merged()
    stored: set[tuple[str, str]] = set()
    for part in parts:
        fresh = news(known, part)
        assert not stored & fresh.files
        stored |= fresh.files
        known = merge(known, part)
        assert news(known, part).known
    assert stored == known.files


def test_states_of_a_split_submission() -> None:
    one = merge(Merged(), Part("x", frozenset({("a.jpg", "1")}), more=True))
    assert one.state(["a.jpg", "b.jpg"]) == "waiting"
    assert merge(one, Part("x")).state(["a.jpg", "b.jpg"]) == "files_missing"
    last = merge(one, Part("x", frozenset({("b.jpg", "2")}), more=True))
    assert last.state(["a.jpg", "b.jpg"]) == "whole"  # the POST that closes it may have got lost
    assert Merged().state([]) == "waiting"
    assert not last.doubtful
    other = merge(last, Part("y", frozenset({("b.jpg", "3")})))
    assert other.conflict
    assert set(other.doubtful) == {"b.jpg"}


def test_an_edit_replaces_even_when_it_comes_first() -> None:
    late = lineages({"2": "1"})
    assert (late["2"].root, late["2"].awaited, late["2"].current) == ("1", True, "2")
    line = lineages({"1": None, "3": "2", "2": "1"})["1"]
    assert (line.root, line.current, line.members, line.forked) == ("1", "3", ("1", "2", "3"), False)
    assert line == lineages({"2": "1", "1": None, "3": "2"})["3"]


def test_two_edits_of_the_same_are_a_fork_and_the_later_counts() -> None:
    line = lineages({"1": None, "b": "1", "a": "1"}, {"1": 1, "b": 2, "a": 3})["1"]
    assert (line.forked, line.heads, line.current) == (True, ("a", "b"), "a")


@given(st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdefg")), st.randoms())
def test_each_instance_has_one_line_with_a_current_one_in_any_order(
    replaces: dict[str, str | None], chance: random.Random
) -> None:
    found = lineages(replaces)
    mixed = list(replaces.items())
    chance.shuffle(mixed)
    assert lineages(dict(mixed)) == found
    assert set(found) == set(replaces)
    for one, line in found.items():
        assert one in line.members
        assert line.current in line.heads
        assert replaces.get(line.current) in (None, *line.members, line.root)


def test_ten_thousand_edits_and_files_are_no_burden() -> None:
    many = 10_000
    chain = {str(n): str(n - 1) if n else None for n in range(many)}
    assert lineages(dict(reversed(chain.items())))["7"].current == str(many - 1)
    files = frozenset((f"{n}.jpg", "1") for n in range(many))
    whole = merge(merge(Merged(), Part("x", files)), Part("x", frozenset({("7.jpg", "2")})))
    assert set(whole.doubtful) == {"7.jpg"}
    assert whole.state(whole.names()) == "whole"


def test_a_ring_of_edits_is_cut_at_its_smallest_id() -> None:
    found = lineages({"b": "c", "c": "a", "a": "b", "d": "b"})
    assert {line.root for line in found.values()} == {"a"}
    assert found["a"].heads == ("d",)
