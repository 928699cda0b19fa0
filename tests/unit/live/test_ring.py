"""The shared buffer: gapless, bounded, read by index."""

from hypothesis import given
from hypothesis import strategies as st

from server.live.ring import Line, Ring


def line(seq: int) -> Line:
    return Line(seq, "need.created", None, None, b"%d" % seq)


@given(st.integers(0, 50), st.integers(1, 20), st.lists(st.lists(st.integers(1, 120), max_size=12), max_size=30))
def test_whatever_comes_the_ring_holds_the_last_lines_without_a_hole(
    head: int, size: int, batches: list[list[int]]
) -> None:
    ring = Ring(head, size)
    for batch in batches:
        before = ring.head
        added = ring.append([line(seq) for seq in sorted(batch)])
        assert ring.head == before + added
        assert ring.tail >= head
        held = [one.seq for one in ring.after(ring.tail, size)]
        assert held == list(range(ring.tail + 1, ring.head + 1))
        assert len(held) <= size


@given(st.integers(0, 300), st.integers(1, 50))
def test_a_reader_gets_what_follows_its_index_and_no_more_than_it_asked(seq: int, most: int) -> None:
    ring = Ring(100, 64)
    ring.append([line(n) for n in range(101, 201)])
    assert ring.holds_after(seq) == (136 <= seq <= 200)
    if ring.holds_after(seq):
        assert [one.seq for one in ring.after(seq, most)] == list(range(seq + 1, min(201, seq + 1 + most)))
