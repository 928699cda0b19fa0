import { describe, expect, it } from 'vitest';
import { newer } from './newer.ts';

const lines = ['c', 'b', 'a'].map((id) => ({ id }));

describe('newer', () => {
  it('counts what stands before the newest that is shown', () => {
    expect(newer(lines, 'c')).toBe(0);
    expect(newer(lines, 'a')).toBe(2);
  });

  it('counts all when the newest shown has fallen out of the list, and none where no list is shown', () => {
    expect(newer(lines, 'z')).toBe(3);
    expect(newer(lines, '')).toBe(0);
    expect(newer([], 'z')).toBe(0);
  });
});
