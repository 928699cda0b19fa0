/** Cutting lines and rings by squares. Coordinates are [lon, lat] in degrees; boxes are [west, south, east, north]. */

/** Sides of the squares of each level, in degrees; the whole world is one square of the far level. */
export const LEVELS = { far: 360, mid: 30, near: 10 } as const;

/** Coordinates are compared to about eleven metres when borders are matched. */
const SCALE = 1e4;

export type Point = number[];
export type Line = Point[];
export type Box = [number, number, number, number];

/** One file of the basemap: packed rings and lines, and names with their points [lon·scale, lat·scale, name]. */
export interface Piece {
  /** Steps a degree. */
  scale: number;
  land: number[][];
  border: number[][];
  coast: number[][];
  inner: number[][];
  names: [number, number, string][];
}

/** A line as whole numbers, each the difference from the one before: short in JSON. */
export function pack(line: Line, scale: number): number[] {
  const out: number[] = [];
  let [px, py] = [0, 0];
  for (const [lon, lat] of line) {
    const x = Math.round(lon! * scale);
    const y = Math.round(lat! * scale);
    if (out.length > 2 && x === px && y === py) continue;
    out.push(x - px, y - py);
    [px, py] = [x, y];
  }
  return out;
}

/** The part of a closed ring inside a box (Sutherland and Hodgman, 1974): to be filled, never stroked. */
export function clipRing(ring: Line, [w, s, e, n]: Box): Line {
  let points = ring;
  const sides: [number, number, 1 | -1][] = [[0, w, 1], [0, e, -1], [1, s, 1], [1, n, -1]];
  for (const [axis, edge, sign] of sides) {
    const inside = (p: Point): boolean => sign * (p[axis]! - edge) >= 0;
    const next: Line = [];
    for (let i = 0; i < points.length; i++) {
      const here = points[i]!;
      const before = points[(i + points.length - 1) % points.length]!;
      if (inside(here) !== inside(before)) next.push(crossing(before, here, axis, edge));
      if (inside(here)) next.push(here);
    }
    points = next;
    if (!points.length) break;
  }
  return points;
}

function crossing(a: Point, b: Point, axis: number, edge: number): Point {
  const share = (edge - a[axis]!) / (b[axis]! - a[axis]!);
  const other = 1 - axis;
  const value = a[other]! + share * (b[other]! - a[other]!);
  return axis === 0 ? [edge, value] : [value, edge];
}

/** The parts of an open line inside a box (Liang and Barsky, 1984, segment by segment). */
export function clipLine(line: Line, box: Box): Line[] {
  const out: Line[] = [];
  let current: Line = [];
  for (let i = 1; i < line.length; i++) {
    const part = clipSegment(line[i - 1]!, line[i]!, box);
    if (!part) {
      if (current.length > 1) out.push(current);
      current = [];
      continue;
    }
    const last = current[current.length - 1];
    if (!last || last[0] !== part[0]![0] || last[1] !== part[0]![1]) {
      if (current.length > 1) out.push(current);
      current = [part[0]!];
    }
    current.push(part[1]!);
  }
  if (current.length > 1) out.push(current);
  return out;
}

function clipSegment(a: Point, b: Point, [w, s, e, n]: Box): [Point, Point] | null {
  const [dx, dy] = [b[0]! - a[0]!, b[1]! - a[1]!];
  let [from, to] = [0, 1];
  for (const [p, q] of [[-dx, a[0]! - w], [dx, e - a[0]!], [-dy, a[1]! - s], [dy, n - a[1]!]] as const) {
    if (p === 0) {
      if (q < 0) return null;
      continue;
    }
    const r = q / p;
    if (p < 0) from = Math.max(from, r);
    else to = Math.min(to, r);
    if (from > to) return null;
  }
  const at = (t: number): Point => (t === 0 ? a : t === 1 ? b : [a[0]! + t * dx, a[1]! + t * dy]);
  return [at(from), at(to)];
}

/** The lines that two regions of a country share: each once, its outer border left out. */
export function innerBorders(rings: Line[]): Line[] {
  const name = (p: Point): string => `${Math.round(p[0]! * SCALE)},${Math.round(p[1]! * SCALE)}`;
  const seen = new Map<string, number>();
  const key = (a: string, b: string): string => (a < b ? `${a};${b}` : `${b};${a}`);
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const id = key(name(ring[i - 1]!), name(ring[i]!));
      seen.set(id, (seen.get(id) ?? 0) + 1);
    }
  }
  const out: Line[] = [];
  for (const ring of rings) {
    let current: Line = [];
    for (let i = 1; i < ring.length; i++) {
      const id = key(name(ring[i - 1]!), name(ring[i]!));
      if ((seen.get(id) ?? 0) > 1) {
        seen.set(id, 0);
        if (!current.length) current.push(ring[i - 1]!);
        current.push(ring[i]!);
      } else if (current.length) {
        out.push(current);
        current = [];
      }
    }
    if (current.length) out.push(current);
  }
  return out;
}

/** The centroid of a region's largest ring (area-weighted); null for one without area. */
export function middleOf(rings: Line[]): [number, number] | null {
  let best: [number, number] | null = null;
  let most = 0;
  for (const ring of rings) {
    let [area, x, y] = [0, 0, 0];
    for (let i = 1; i < ring.length; i++) {
      const [ax, ay] = ring[i - 1]! as [number, number];
      const [bx, by] = ring[i]! as [number, number];
      const cross = ax * by - bx * ay;
      area += cross;
      x += (ax + bx) * cross;
      y += (ay + by) * cross;
    }
    if (Math.abs(area) > most) {
      most = Math.abs(area);
      best = [x / (3 * area), y / (3 * area)];
    }
  }
  return best;
}
