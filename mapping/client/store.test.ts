import { describe, expect, it } from 'vitest';
import { byPriority, inside, passes, pending, Store } from './store.ts';
import type { Facts, Feature } from './types.ts';
import type { Filters } from './view.ts';

const all: Filters = { layers: ['needs'], status: [], category: [], since: 'all' };
const now = Date.parse('2026-11-22T12:00:00Z');

function need(id: string, facts: Partial<Facts> = {}, at: [number, number] = [48, 33]): Feature {
  return { type: 'Feature', id, geometry: { type: 'Point', coordinates: at }, properties: { layer: 'needs', status: 'open', category: 'water', ...facts } };
}

function filled(): Store {
  const store = new Store();
  store.put('needs', { cells: [], features: [need('a'), need('b')], total: 2 }, [47, 32, 49, 34], 8);
  return store;
}

describe('what is in hand', () => {
  it('covers a smaller view and no other', () => {
    const store = filled();
    expect(store.covers('needs', [47.5, 32.5, 48.5, 33.5], 12)).toBe(true);
    expect(store.covers('needs', [46.9, 32.5, 48.5, 33.5], 8)).toBe(false);
    expect(store.covers('tasks', [47.5, 32.5, 48.5, 33.5], 8)).toBe(false);
  });
  it('counts serve one zoom only', () => {
    const store = new Store();
    store.put('needs', { cells: [{ lon: 48, lat: 33, n: 9 }], features: [], total: 9 }, [47, 32, 49, 34], 8);
    expect(store.covers('needs', [47.5, 32.5, 48.5, 33.5], 8)).toBe(true);
    expect(store.covers('needs', [47.5, 32.5, 48.5, 33.5], 9)).toBe(false);
    expect(store.counted('needs')).toBe(true);
  });
  it('is asked for again after a failure', () => {
    const store = filled();
    store.fail('needs');
    expect(store.covers('needs', [47.5, 32.5, 48.5, 33.5], 8)).toBe(false);
  });
});

describe('mending', () => {
  it('adds, changes and takes away, and keeps the total', () => {
    const store = filled();
    const fresh = store.mend('needs', ['a', 'b', 'c', 'gone'], [need('a', { status: 'met' }), need('c')], all, now);
    expect(fresh).toEqual(['c']);
    expect([...store.shelf('needs').features.keys()]).toEqual(['a', 'c']);
    expect(store.find('a')!.properties.status).toBe('met');
    expect(store.shelf('needs').total).toBe(2);
  });
  it('lets go of what no longer passes, and takes nothing from elsewhere', () => {
    const store = filled();
    store.mend('needs', ['a', 'far'], [need('a', { status: 'met' }), need('far', {}, [60, 30])], { ...all, status: ['open'] }, now);
    expect([...store.shelf('needs').features.keys()]).toEqual(['b']);
    expect(store.shelf('needs').total).toBe(1);
  });
  it('is the same when it is done twice', () => {
    const store = filled();
    for (let i = 0; i < 2; i++) store.mend('needs', ['c'], [need('c')], all, now);
    expect(store.shelf('needs').total).toBe(3);
  });
});

it('filters as the server does', () => {
  expect(passes(need('a'), { ...all, category: ['food'] }, now)).toBe(false);
  expect(passes(need('a', { updated_at: '2026-11-22T11:30:00Z' }), { ...all, since: '1h' }, now)).toBe(true);
  expect(passes(need('a', { updated_at: '2026-11-22T10:30:00Z' }), { ...all, since: '1h' }, now)).toBe(false);
  expect(passes(need('a', { layer: 'centres', status: null }), { ...all, status: ['open'] }, now)).toBe(true);
});

it('boxes are half open', () => {
  expect(inside(need('a', {}, [47, 32]), [47, 32, 49, 34])).toBe(true);
  expect(inside(need('a', {}, [49, 33]), [47, 32, 49, 34])).toBe(false);
});

it('lists the most pressing first, and nothing that is over', () => {
  const list = [need('low', { priority: 5 }), need('life', { priority: 50, urgency: 'life' }), need('high', { priority: 50, urgency: 'high' })];
  expect(list.sort(byPriority).map((one) => one.id)).toEqual(['life', 'high', 'low']);
  expect([need('x', { status: 'met' }), need('y', { verification: 'refuted' })].some(pending)).toBe(false);
});
