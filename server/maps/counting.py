"""How a box of any size is counted exactly and fast: whole cells summed, its edges from finer cells or the records."""

from collections import defaultdict
from dataclasses import dataclass, field

from server.kernel.db import Conn
from server.kernel.geo import Box
from server.maps import reading_queries as sql
from server.maps.grid import LEVELS, Rect, display_level, finer, frame, stored_level, touching, within
from server.maps.grid import box_of as degrees_of
from server.maps.reading_queries import Filter

FEATURES_MOST = 1000
"""Up to so many records are sent one by one; more are sent as cells."""
CELLS_MOST = 1200
EDGE_MOST = 3000
"""As many records at a box's edges are counted one by one before finer cells are asked instead."""
PROBE_COSTS = 3
"""What asking one more column of cells costs, in records counted one by one (measured at a million)."""


@dataclass(slots=True)
class Counted:
    """Exact sums of a box by display cell: (x, y) at `level` → [n, n_life, sum_lon_e6, sum_lat_e6]."""

    level: int
    cells: defaultdict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))

    @property
    def total(self) -> int:
        """What the box holds."""
        return sum(parts[0] for parts in self.cells.values())

    def add(self, x: int, y: int, parts: tuple[int, ...]) -> None:
        """Add a part's sums to a cell."""
        cell = self.cells[x, y]
        for i, part in enumerate(parts):
            cell[i] += int(part)


async def count(conn: Conn, want: Filter, box: Box, zoom: int, few: int = FEATURES_MOST) -> Counted | None:
    """Count a box by cell; None when it holds so few records (at most `few`, edges included) that they are listed."""
    counted = Counted(display_level(box, zoom, CELLS_MOST))
    if want.since is not None or counted.level > LEVELS[0]:
        for x, y, *parts in await sql.feature_sums(conn, want, box, counted.level):
            counted.add(x, y, tuple(parts))
        return counted if counted.total > few else None
    level = stored_level(counted.level)
    edge, most = await _sum_cells(conn, want, box, None, level, counted)
    if most <= few:
        return None
    for next_level in finer(level):
        if edge <= max(EDGE_MOST, PROBE_COSTS * _columns(_disjoint(box, level, next_level))):
            break
        edge, _ = await _sum_cells(conn, want, box, level, next_level, counted)
        level = next_level
    if edge:
        for piece in frame(box, _inner_box(box, level)):
            for x, y, *parts in await sql.feature_sums(conn, want, piece, counted.level):
                counted.add(x, y, tuple(parts))
    return counted


async def _sum_cells(
    conn: Conn, want: Filter, box: Box, last: int | None, level: int, counted: Counted
) -> tuple[int, int]:
    """Add the whole cells of `level` that `last` left over; returns (records on the edge, all records seen)."""
    rects = [touching(box, level)] if last is None else _disjoint(box, last, level)
    edge = seen = 0
    for x, y, inside, *parts in await sql.cell_sums(
        conn, want, level, rects, within(box, level), level - counted.level
    ):
        seen += parts[0]
        if inside:
            counted.add(x, y, tuple(parts))
        else:
            edge += parts[0]
    return edge, seen


def _columns(rects: list[Rect]) -> int:
    return sum(rect.x1 - rect.x0 for rect in rects)


def _inner_box(box: Box, level: int) -> Box | None:
    rect = within(box, level)
    return None if rect.empty else degrees_of(rect, level)


def _disjoint(box: Box, last: int, level: int) -> list[Rect]:
    """The cells of `level` that touch the box and are not in the whole cells of `last`: at most four rectangles.

    The inner edge is one of `last` and so one of `level` too; only the outer edge is rounded outward.
    """
    outer, inner, shift = touching(box, level), within(box, last), level - last
    if inner.empty:
        return [outer]
    hole = Rect(inner.x0 << shift, inner.y0 << shift, inner.x1 << shift, inner.y1 << shift)
    pieces = (
        Rect(outer.x0, outer.y0, outer.x1, hole.y0),
        Rect(outer.x0, hole.y1, outer.x1, outer.y1),
        Rect(outer.x0, hole.y0, hole.x0, hole.y1),
        Rect(hole.x1, hole.y0, outer.x1, hole.y1),
    )
    return [piece for piece in pieces if not piece.empty]
