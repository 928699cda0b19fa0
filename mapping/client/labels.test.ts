import { expect, it } from 'vitest';
import { squaresOf } from './basemap.ts';
import { fitting, type Sign } from './labels.ts';
import { plain } from './search.ts';

it('no name lies over another, and the first come first', () => {
  let seed = 11;
  const dice = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const signs: Sign[] = Array.from({ length: 300 }, (_, i) => ({ x: dice() * 900, y: dice() * 700, text: 'x', size: 12, kind: 'town', order: i }));
  const placed = fitting(signs, () => 60);
  expect(placed[0]!.sign.order).toBe(0);
  expect(placed.length).toBeGreaterThan(40);
  for (const a of placed) {
    for (const b of placed) {
      const apart = a === b || a.at[2] <= b.at[0] || b.at[2] <= a.at[0] || a.at[3] <= b.at[1] || b.at[3] <= a.at[1];
      expect(apart).toBe(true);
    }
  }
});

it('squares cover a box, across the equator and the first meridian', () => {
  expect(squaresOf([-1, -1, 1, 1], 'near')).toEqual(['-1_-1', '-1_0', '0_-1', '0_0']);
  expect(squaresOf([44, 25, 63, 39], 'mid')).toEqual(['1_0', '1_1', '2_0', '2_1']);
});

it('codes are found whatever keyboard wrote them', () => {
  expect(plain('n۱۲٣k')).toBe('N123K');
  expect(plain('كرمانشاه\u200cي')).toBe('کرمانشاهی');
});
