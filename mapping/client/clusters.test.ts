import { expect, it } from 'vitest';
import { Clusters, type Mark } from './clusters.ts';
import type { Feature, LayerCode, Urgency } from './types.ts';

const world: [number, number, number, number] = [-180, -85, 180, 85];

function made(n: number): Feature[] {
  const urgencies: Urgency[] = ['life', 'high', 'normal', 'none'];
  const layers: LayerCode[] = ['needs', 'incidents'];
  let seed = 7;
  const dice = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  return Array.from({ length: n }, (_, i) => ({
    type: 'Feature', id: String(i),
    geometry: { type: 'Point', coordinates: [47 + 2 * dice(), 32 + 2 * dice()] },
    properties: { layer: layers[i % 2]!, urgency: urgencies[i % 4]!, status: i % 5 ? 'open' : 'met' },
  }));
}

const count = (marks: Mark[]): number => marks.reduce((sum, one) => sum + (one.kind === 'cluster' ? one.sum.n : 1), 0);

it('loses nobody at any zoom', () => {
  const clusters = new Clusters();
  clusters.load(made(4000), []);
  for (let zoom = 3; zoom <= 18; zoom++) expect(count(clusters.marks(world, zoom)), `zoom ${zoom}`).toBe(4000);
});

it('adds up urgencies and layers, those that are over as nothing pressing', () => {
  const clusters = new Clusters();
  clusters.load(made(400), []);
  for (const zoom of [3, 6, 9]) {
    const sums = clusters.marks(world, zoom).flatMap((one) => (one.kind === 'cluster' ? [one.sum] : []));
    for (const sum of sums) {
      expect(sum.life + sum.high + sum.normal + sum.none + sum.mixed).toBe(sum.n);
      expect((sum.layers.needs ?? 0) + (sum.layers.incidents ?? 0)).toBe(sum.n);
      expect(sum.top === 3).toBe(sum.life > 0);
    }
  }
  const [one] = clusters.marks(world, 0);
  expect(one!.kind === 'cluster' && one!.sum.life).toBe(80);
});

it('counts of the server weigh what they count', () => {
  const clusters = new Clusters();
  clusters.load([], [['needs', { lon: 48, lat: 33, n: 900, top_urgency: 'life' }], ['tasks', { lon: 48.001, lat: 33, n: 100 }]]);
  const marks = clusters.marks(world, 5);
  expect(marks).toHaveLength(1);
  const sum = marks[0]!.kind === 'cluster' ? marks[0]!.sum : null;
  expect(sum).toMatchObject({ n: 1000, mixed: 1000, top: 3, layers: { needs: 900, tasks: 100 } });
});

it('tells what a cluster holds and at which zoom it comes apart, of the newest index alone', () => {
  const clusters = new Clusters();
  const apart = made(2);
  apart[0]!.geometry = { type: 'Point', coordinates: [48, 33] };
  apart[1]!.geometry = { type: 'Point', coordinates: [48.02, 33] };
  clusters.load(apart, []);
  const [one] = clusters.marks(world, 5);
  const { leaves, expand } = clusters.within(one!.id);
  expect(leaves.map((leaf) => leaf.id)).toEqual(['0', '1']);
  expect(clusters.marks(world, expand)).toHaveLength(2);
  expect(clusters.marks(world, expand - 1)).toHaveLength(1);

  apart[1]!.geometry = { type: 'Point', coordinates: [48, 33] };
  clusters.load(apart, []);
  const [same] = clusters.marks(world, 5);
  expect(clusters.within(same!.id).expand).toBeGreaterThan(20);
  expect(clusters.within('c0,0,2,0,0').leaves).toEqual([]);
});
