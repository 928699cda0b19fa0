import { beforeEach, describe, expect, it } from 'vitest';
import { speak } from '@pages/i18n.ts';
import { acts, caught } from './selecting.ts';
import type { Facts, Feature } from './types.ts';

beforeEach(() => speak('en', {}));

const can = { verify: true, voices: true, people: true, send: true, make: true, close: true, draw: true };
const one = (id: string, facts: Partial<Facts>, lon = 48.5): Feature => ({ type: 'Feature', id, geometry: { type: 'Point', coordinates: [lon, 33.5] }, properties: { layer: 'needs', ...facts } });

describe('choosing by area', () => {
  it('takes what lies in the ring, and nothing without a place', () => {
    const records = [one('in', {}), one('out', {}, 50), { ...one('nowhere', {}), geometry: null }];
    expect(caught(records, [[48, 33], [49, 33], [49, 34], [48, 34]]).map((each) => each.id)).toEqual(['in']);
  });

  it('offers each act for those alone that it changes', () => {
    const records = [one('a', { status: 'open', verification: 'confirmed' }), one('b', { status: 'met', verification: 'unverified' }), one('t', { layer: 'tasks', status: 'accepted' }), one('q', { layer: 'tasks', status: 'queued' })];
    const found = Object.fromEntries(acts(records, can).map((bulk) => [bulk.code, bulk.of.map((each) => each.id)]));
    expect(found).toEqual({ 'needs.confirmed': ['b'], 'needs.refuted': ['a', 'b'], 'needs.met': ['a'], 'tasks.back': ['t'] });
  });

  it('sends a task back under the fence that it has now', () => {
    const [back] = acts([one('t', { layer: 'tasks', status: 'accepted', fence: 1 })], can);
    expect(back!.call(one('t', { layer: 'tasks', status: 'accepted', fence: 7 })).body).toEqual({ fence: 7 });
  });

  it('offers nothing to who may do nothing', () => {
    const none = Object.fromEntries(Object.keys(can).map((key) => [key, false])) as typeof can;
    expect(acts([one('a', { status: 'open' }), one('t', { layer: 'tasks', status: 'accepted' })], none)).toEqual([]);
  });
});
