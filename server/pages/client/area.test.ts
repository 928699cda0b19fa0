import { describe, expect, it } from 'vitest';
import { circle, slug } from './area.ts';

const metres = ([x1, y1]: number[], [x2, y2]: number[]): number => {
  const rad = Math.PI / 180;
  const a = Math.sin(((y2! - y1!) * rad) / 2) ** 2 + Math.cos(y1! * rad) * Math.cos(y2! * rad) * Math.sin(((x2! - x1!) * rad) / 2) ** 2;
  return 2 * 6371008.8 * Math.asin(Math.sqrt(a));
};

describe('an area around a place', () => {
  it('is a closed ring, counter-clockwise, every corner at the radius', () => {
    const [ring] = circle(48.35, 33.48, 60).coordinates;
    expect(ring!.at(0)).toEqual(ring!.at(-1));
    for (const corner of ring!) expect(Math.abs(metres([48.35, 33.48], corner) - 60_000)).toBeLessThan(20);
    let turned = 0;
    for (let i = 1; i < ring!.length; i += 1) turned += ring![i - 1]![0]! * ring![i]![1]! - ring![i]![0]! * ring![i - 1]![1]!;
    expect(turned).toBeGreaterThan(0);
  });

  it('stays on the earth at its edges', () => {
    for (const [x, y] of circle(179.9, 70, 150).coordinates[0]!) {
      expect(Math.abs(x!)).toBeLessThanOrEqual(180);
      expect(Math.abs(y!)).toBeLessThanOrEqual(90);
    }
  });
});

describe('a name as a code', () => {
  it('keeps small Latin letters and digits', () => {
    expect(slug('  Lorestan Flood, 2026! ')).toBe('lorestan-flood-2026');
    expect(slug('Zāgros')).toBe('zagros');
    expect(slug('سیل')).toBe('');
    expect(slug('a'.repeat(90))).toHaveLength(60);
  });
});
