"""Cutting and thinning lines and rings. Pure; points are (x, y) pairs, boxes (west, south, east, north)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

Point = tuple[float, float]
Line = tuple[Point, ...]
Box = tuple[float, float, float, float]


def _beside(line: Sequence[Point], box: Box) -> bool:
    """Whether the line surely misses the box: all of it lies beyond one side."""
    return (
        not line
        or max(x for x, _ in line) < box[0]
        or min(x for x, _ in line) > box[2]
        or max(y for _, y in line) < box[1]
        or min(y for _, y in line) > box[3]
    )


def clip_ring(ring: Sequence[Point], box: Box) -> Line:
    """The part of a closed ring inside a box (Sutherland and Hodgman, 1974): to be filled, never stroked."""
    if _beside(ring, box):
        return ()
    points = list(ring)
    for axis, edge, sign in ((0, box[0], 1), (0, box[2], -1), (1, box[1], 1), (1, box[3], -1)):
        kept: list[Point] = []
        for at, here in enumerate(points):
            before = points[at - 1]
            inside = sign * (here[axis] - edge) >= 0
            if inside != (sign * (before[axis] - edge) >= 0):
                kept.append(_crossing(before, here, axis, edge))
            if inside:
                kept.append(here)
        points = kept
        if not points:
            break
    return tuple(points)


def _crossing(a: Point, b: Point, axis: int, edge: float) -> Point:
    share = (edge - a[axis]) / (b[axis] - a[axis])
    other = a[1 - axis] + share * (b[1 - axis] - a[1 - axis])
    return (edge, other) if axis == 0 else (other, edge)


def clip_line(line: Sequence[Point], box: Box) -> Iterator[Line]:
    """The parts of a line inside a box (Liang and Barsky, 1984, a segment at a time)."""
    if _beside(line, box):
        return
    run: list[Point] = []
    for a, b in pairwise(line):
        cut = _segment(a, b, box)
        if cut is None:
            if run:
                yield tuple(run)
            run = []
            continue
        start, end = cut
        if not run or run[-1] != start:
            if run:
                yield tuple(run)
            run = [start]
        run.append(end)
    if run:
        yield tuple(run)


def _segment(a: Point, b: Point, box: Box) -> tuple[Point, Point] | None:
    low, high = 0.0, 1.0
    dx, dy = b[0] - a[0], b[1] - a[1]
    for step, room in ((-dx, a[0] - box[0]), (dx, box[2] - a[0]), (-dy, a[1] - box[1]), (dy, box[3] - a[1])):
        if step == 0:
            if room < 0:
                return None
            continue
        share = room / step
        if step < 0:
            low = max(low, share)
        else:
            high = min(high, share)
    if low > high:
        return None
    start = a if low == 0.0 else (a[0] + low * dx, a[1] + low * dy)
    end = b if high == 1.0 else (a[0] + high * dx, a[1] + high * dy)
    return start, end


def thinned(points: Sequence[Point], least: float) -> list[Point]:
    """The points that lie at least so far from the one kept before; the ends stay."""
    kept: list[Point] = []
    for at, (x, y) in enumerate(points):
        if not kept or (x - kept[-1][0]) ** 2 + (y - kept[-1][1]) ** 2 >= least * least:
            kept.append((x, y))
        elif at == len(points) - 1 and len(kept) > 1:
            kept[-1] = (x, y)
    return kept
