import { describe, expect, it } from 'vitest';
import { kindOf, PATTERN } from './areas.ts';
import { Clusters } from './clusters.ts';
import { inside, passes } from './store.ts';
import { chosen } from './theme.ts';
import { areasOf, asNeed, atOf, boxOf, type Feature } from './types.ts';

const ring: [number, number][] = [[48, 33], [50, 33], [50, 35], [48, 35], [48, 33]];
const hazard = (facts: Partial<Feature['properties']> = {}): Feature => ({ type: 'Feature', id: 'h', geometry: { type: 'Polygon', coordinates: [ring] }, properties: { layer: 'hazards', category: 'flood', status: 'active', ...facts } });

describe('areas', () => {
  it('are marked where the server counts them, and reach wherever they are', () => {
    expect(atOf(hazard({ at: [48.2, 33.1] }))).toEqual([48.2, 33.1]);
    expect(boxOf(hazard().geometry!)).toEqual([48, 33, 50, 35]);
    expect(inside(hazard(), [48.1, 33.1, 48.2, 33.2])).toBe(true);
    expect(inside(hazard(), [50.1, 33, 51, 34])).toBe(false);
    expect(inside(hazard(), null)).toBe(false);
  });
  it('keep their parts and holes', () => {
    expect(areasOf({ type: 'MultiPolygon', coordinates: [[ring], [ring, ring]] }).map((one) => one.length)).toEqual([1, 2]);
    expect(areasOf({ type: 'LineString', coordinates: ring })).toEqual([]);
  });
  it('have a pattern whatever a feed may call them, none of which is another', () => {
    expect(kindOf(hazard())).toBe('flood');
    expect(kindOf(hazard({ category: 'tsunami' }))).toBe('other');
    expect(kindOf(hazard({ category: 'closed' }))).toBe('other');
    expect(kindOf(hazard({ layer: 'closures', category: 'area' }))).toBe('closed');
    expect(new Set(Object.values(PATTERN)).size).toBe(Object.keys(PATTERN).length);
  });
  it('stand whatever the filters of states and subjects say', () => {
    expect(passes(hazard(), { layers: ['hazards'], status: ['open'], category: ['water'], since: '1h' }, Date.now())).toBe(true);
  });
});

describe('gaps', () => {
  const gap = (id: string, people: number, since: string): Feature => ({ type: 'Feature', id, geometry: { type: 'Point', coordinates: [48, 33] }, properties: { layer: 'gaps', status: 'nobody', urgency: 'high', people, since } });
  it('add up to people and the first who waits, records and counts alike', () => {
    const clusters = new Clusters();
    clusters.load([gap('a', 5, '2026-11-22T10:00:00Z'), gap('b', 7, '2026-11-22T08:00:00Z')], [['gaps', { lon: 48, lat: 33, n: 3, people: 30, waits_since: '2026-11-21T08:00:00Z' }]]);
    const [mark] = clusters.marks([40, 30, 50, 40], 6);
    expect(mark?.kind === 'cluster' && [mark.sum.n, mark.sum.people, mark.sum.since]).toEqual([5, 42, '2026-11-21T08:00:00Z']);
  });
  it('open as their need', () => {
    expect(asNeed(gap('a', 5, '')).properties).toMatchObject({ layer: 'needs', status: null, people: 5 });
  });
});

describe('light and dark', () => {
  const query = 'screen and (prefers-color-scheme: dark)';
  it('follows the system until somebody chooses, and leaves the rest of a query alone', () => {
    expect(chosen(query, 'system')).toBe(query);
    expect(chosen(query, 'dark')).toBe('screen and (min-width: 0px)');
    expect(chosen(query, 'light')).toBe('screen and (max-width: 0px)');
  });
});
