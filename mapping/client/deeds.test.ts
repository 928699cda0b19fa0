import { beforeEach, describe, expect, it } from 'vitest';
import { speak } from '@pages/i18n.ts';
import { deedsOf } from './deeds.ts';
import type { Facts, Feature } from './types.ts';

beforeEach(() => speak('en', {}));

const can = { verify: true, voices: true, people: true, send: true, make: true, close: true, draw: true };
const one = (facts: Partial<Facts>): Feature => ({ type: 'Feature', id: 'x1', geometry: { type: 'Point', coordinates: [48, 33] }, properties: { layer: 'needs', ...facts } });
const codes = (facts: Partial<Facts>, may = can): string[] => deedsOf(one(facts), { can: may, clusters: { landslide: 'access', collapsed: 'rescue' } }).map((deed) => deed.code);

describe('what can be done next', () => {
  it('sends somebody where a task waits, before anything else', () => {
    expect(codes({ status: 'open', tasks: [{ id: 't1', state: 'queued' }] })).toEqual(['send', 'met']);
    expect(codes({ status: 'tasked', tasks: [{ id: 't1', state: 'en_route' }] })).toEqual(['met']);
    expect(codes({ layer: 'tasks', status: 'queued' })).toEqual(['send']);
    expect(codes({ layer: 'tasks', status: 'accepted', fence: 3 })).toEqual(['send', 'back']);
    expect(codes({ layer: 'tasks', status: 'done' })).toEqual([]);
  });

  it('makes the task that fits what happened, once', () => {
    const [deed] = deedsOf(one({ layer: 'incidents', status: 'open', category: 'collapsed', tasks: [] }), { can, clusters: { collapsed: 'rescue' } });
    expect(deed!.call).toEqual({ method: 'POST', path: '/api/tasks', body: { incident: 'x1', kind: 'rescue' } });
    expect(codes({ layer: 'incidents', status: 'open', tasks: [{ id: 't', state: 'claimed' }] })).toEqual(['resolved']);
  });

  it('offers nothing that the server would refuse', () => {
    const none = { verify: false, voices: false, people: false, send: false, make: false, close: false, draw: false };
    for (const layer of ['needs', 'incidents', 'tasks', 'closures', 'centres', 'reports'] as const) {
      for (const status of ['open', 'queued', 'active', 'accepted']) expect(codes({ layer, status, tasks: [{ id: 't', state: 'queued' }] }, none)).toEqual([]);
    }
    expect(codes({ layer: 'closures', status: 'lifted' })).toEqual(['shut']);
  });
});
