import { expect, test } from 'vitest';
import type { Feature } from './types.ts';
import { vagueness } from './whereabouts.ts';

const at = (accuracy_m: number | null, located = true): Feature => ({
  type: 'Feature', id: 'x', geometry: located ? { type: 'Point', coordinates: [47.7, 33.1] } : null, properties: { layer: 'needs', accuracy_m },
});

test('a town or county is drawn as wide as it is, a doorstep is not', () => {
  expect(vagueness(at(25_000))).toBe(25_000);
  expect(vagueness(at(1_000))).toBe(1_000);
  for (const one of [at(250), at(null), at(25_000, false), null]) expect(vagueness(one)).toBeNull();
});
