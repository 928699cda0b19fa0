// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { speak } from '@pages/i18n.ts';
import { Loader } from './loader.ts';
import { Store } from './store.ts';
import type { Change, MapConfig } from './types.ts';
import type { Filters } from './view.ts';

const filters: Filters = { layers: ['needs'], status: [], category: [], since: '' } as unknown as Filters;
const bounds = { getWest: () => 40, getSouth: () => 30, getEast: () => 50, getNorth: () => 40, pad: () => bounds };
const map = { getBounds: () => bounds, getZoom: () => 8 } as unknown as L.Map;
const config = { layers: [{ code: 'needs' }], emergency: null } as unknown as MapConfig;

let asked: URL[];
let changed: number;
let loader: Loader;
let store: Store;
const change = (n: number): Change => ({ seq: n, verb: 'need.created', type: 'need', id: `n${n}`, emergency: null });
const feature = (id: string): object => ({ type: 'Feature', id, geometry: { type: 'Point', coordinates: [45, 35] }, properties: { status: 'open' } });

beforeEach(() => {
  vi.useFakeTimers();
  speak('en', {});
  asked = [];
  changed = 0;
  vi.stubGlobal('fetch', async (path: string) => {
    const url = new URL(path, 'http://127.0.0.1');
    asked.push(url);
    const ids = url.searchParams.get('ids')?.split(',');
    return Response.json(ids ? { features: ids.map(feature) } : { cells: [], features: [], total: 0 });
  });
  store = new Store();
  loader = new Loader(map, store, config, filters, { changed: () => void (changed += 1) });
});
afterEach(() => vi.useRealTimers());

it('a storm of two hundred changes a second asks and draws about once a second, and loses none', async () => {
  loader.load();
  await vi.advanceTimersByTimeAsync(100);
  asked = [];
  changed = 0;
  for (let n = 0; n < 1000; n += 50) {
    loader.mend(Array.from({ length: 50 }, (_, i) => change(n + i)));
    await vi.advanceTimersByTimeAsync(250);
  }
  await vi.advanceTimersByTimeAsync(5000);
  expect(store.shelf('needs').features.size + (asked.some((url) => url.pathname.endsWith('/cells')) ? 1000 : 0)).toBeGreaterThanOrEqual(1000);
  expect(asked.length).toBeLessThanOrEqual(8);
  expect(changed).toBeLessThanOrEqual(9);
});

it('a single change is asked for at once', async () => {
  loader.load();
  await vi.advanceTimersByTimeAsync(100);
  asked = [];
  loader.mend([change(1)]);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked.map((url) => url.searchParams.get('ids'))).toEqual(['n1']);
  expect(store.shelf('needs').features.size).toBe(1);
});

it('records that come in for hours do not pile up: beyond a bound the box is asked for whole', async () => {
  loader.load();
  await vi.advanceTimersByTimeAsync(100);
  let most = 0;
  for (let n = 0; n < 6000; n += 100) {
    loader.mend(Array.from({ length: 100 }, (_, i) => change(n + i)));
    await vi.advanceTimersByTimeAsync(1100);
    most = Math.max(most, store.shelf('needs').features.size);
  }
  expect(most).toBeLessThanOrEqual(2000);
});
