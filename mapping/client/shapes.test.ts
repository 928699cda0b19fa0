import { describe, expect, it } from 'vitest';
import { geometryOf, metres, squareMetres, within, type Spot } from './shapes.ts';

const square: Spot[] = [[48, 33], [49, 33], [49, 34], [48, 34]];

describe('drawn shapes', () => {
  it('know what lies in them, also in a bay', () => {
    const bay: Spot[] = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
    expect(within([48.5, 33.5], square)).toBe(true);
    expect(within([47.9, 33.5], square)).toBe(false);
    expect(within([2, 3], bay)).toBe(false);
    expect(within([0.5, 2], bay)).toBe(true);
  });

  it('measure as a map does', () => {
    expect(metres([[48, 33], [48, 34]])).toBeCloseTo(111_320, -1);
    expect(squareMetres(square) / 1e6).toBeCloseTo(111.32 * 111.32 * Math.cos((33.5 * Math.PI) / 180), -1);
    expect(squareMetres([...square].reverse())).toBeCloseTo(squareMetres(square), 3);
  });

  it('close their ring', () => {
    const made = geometryOf('Polygon', square) as { coordinates: Spot[][] };
    expect(made.coordinates[0]).toHaveLength(5);
    expect(made.coordinates[0]![0]).toEqual(made.coordinates[0]![4]);
    expect(geometryOf('Point', [[48.12345678, 33]])).toEqual({ type: 'Point', coordinates: [48.123457, 33] });
  });
});
