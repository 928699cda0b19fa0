import { describe, expect, it } from 'vitest';
import { unpack } from '../basemap.ts';
import { clipLine, clipRing, innerBorders, middleOf, pack, type Line } from './cut.ts';

const area = (ring: Line): number => ring.reduce((sum, [x, y], i) => sum + x! * ring[(i + 1) % ring.length]![1]! - ring[(i + 1) % ring.length]![0]! * y!, 0) / 2;
const long = (line: Line): number => line.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x! - line[i]![0]!, y! - line[i]![1]!), 0);
const star: Line = Array.from({ length: 41 }, (_, i) => {
  const [angle, far] = [(i % 40) * (Math.PI / 20), i % 2 ? 13 : 7];
  return [3 + far * Math.cos(angle), 2 + far * Math.sin(angle)];
});

describe('cutting by squares', () => {
  it('keeps the whole area of a ring', () => {
    let sum = 0;
    for (let i = -3; i < 4; i++) for (let j = -3; j < 4; j++) sum += area(clipRing(star.slice(0, -1), [i * 5, j * 5, i * 5 + 5, j * 5 + 5]));
    expect(sum).toBeCloseTo(area(star.slice(0, -1)), 9);
  });
  it('keeps the whole length of a line', () => {
    let sum = 0;
    for (let i = -3; i < 4; i++) for (let j = -3; j < 4; j++) for (const cut of clipLine(star, [i * 5, j * 5, i * 5 + 5, j * 5 + 5])) sum += long(cut);
    expect(sum).toBeCloseTo(long(star), 9);
  });
});

it('draws a border between two regions once and their outer border never', () => {
  const west: Line = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]];
  const east: Line = [[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]];
  expect(innerBorders([west, east])).toEqual([[[1, 0], [1, 1]]]);
});

it('finds the middle of the largest part', () => {
  const [x, y] = middleOf([[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], [[10, 10], [20, 10], [20, 20], [10, 20], [10, 10]]])!;
  expect([x, y]).toEqual([15, 15]);
});

it('packed points come back to within half a step', () => {
  const back = unpack(pack([[48.123456, 33.654321], [48.2, 33.7], [-3.00004, -1.5]], 10_000), 10_000);
  expect(back.points).toHaveLength(6);
  expect((back.points[0]! - 0.5) * 360).toBeCloseTo(48.1235, 4);
  expect((back.points[4]! - 0.5) * 360).toBeCloseTo(-3.0, 4);
});
