"""Which parts belong together, and how they read."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from server.reports.parts_rules import GAP, Member, Piece, joined, lead_for, note
from server.reports.udh import Concat

AT = datetime(2026, 11, 22, tzinfo=UTC)
A, B, C = (UUID(int=n) for n in (1, 2, 3))
PERSIAN = 'text/plain; charset="UTF-16BE"'


@given(st.text(min_size=2, max_size=60), st.data())
def test_what_was_cut_anywhere_reads_as_it_was_written(text: str, data: st.DataObject) -> None:
    raw = text.encode("utf-16-be", "surrogatepass")
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), min_size=1, max_size=4)))
    pieces = [
        Piece(i + 1, raw[a:b], PERSIAN) for i, (a, b) in enumerate(zip([0, *cuts], [*cuts, len(raw)], strict=True))
    ]
    shuffled = data.draw(st.permutations([*pieces, pieces[0]]))
    assert joined(shuffled, len(pieces)) == joined([Piece(1, raw, PERSIAN)], 1)


def test_gaps_are_shown() -> None:
    pieces = [Piece(4, b"tents", "text/plain"), Piece(1, b"we need", "text/plain")]
    assert joined(pieces, 4) == f"we need {GAP} tents"
    assert joined(pieces, 5) == f"we need {GAP} tents {GAP}"
    assert note([4, 1, 1], 5) == {"parts": {"have": [1, 4], "total": 5}, "partial": True}
    assert not note([2, 1], 2)["partial"]


def test_a_reference_that_comes_again_is_another_message() -> None:
    first, second = Concat(7, 2, 1), Concat(7, 2, 2)
    known = [Member(A, 1, A, b"a", AT)]
    assert lead_for(second, b"b", AT + timedelta(hours=1), known) == A
    assert lead_for(second, b"b", AT + timedelta(hours=25), known) is None
    assert lead_for(first, b"a", AT, known) == A
    assert lead_for(first, b"other words", AT, known) is None
    known.append(Member(B, 1, B, b"c", AT + timedelta(minutes=1)))
    assert lead_for(second, b"b", AT + timedelta(minutes=2), known) == B
    known.append(Member(C, 2, B, b"b", AT + timedelta(minutes=2)))
    assert lead_for(second, b"d", AT + timedelta(minutes=3), known) == A
