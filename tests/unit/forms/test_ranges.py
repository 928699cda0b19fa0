"""Parts of a file as RFC 9110 has them."""

import pytest

from server.forms.ranges import Unsatisfiable, part_of


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=3-", range(3, 10)),
        ("bytes=3-99", range(3, 10)),
        ("bytes=-4", range(6, 10)),
        ("bytes=-99", range(10)),
        *[
            (whole, None)
            for whole in ("", "bytes=-", "bytes=5-3", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", "bytes=٣-")
        ],
    ],
)
def test_a_part_or_the_whole(header: str, part: range | None) -> None:
    assert part_of(header, 10) == part


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=0-", 0), ("bytes=-0", 10), ("bytes=-5", 0)])
def test_behind_the_end(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        part_of(header, size)
