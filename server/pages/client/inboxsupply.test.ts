import { describe, expect, it } from 'vitest';
import type { Item } from './inboxparts.ts';
import { Supply, type Taken } from './inboxsupply.ts';

const item = (id: string): Item => ({ id, looked: false }) as Item;

function made(answers: Partial<Taken>[]) {
  const sent: [string, Record<string, unknown>][] = [];
  const state = { current: null as Item | null, unsent: new Set<string>(), lost: 0 };
  const supply = new Supply(
    { emergency: null, current: () => state.current, unsent: () => state.unsent, lost: () => (state.lost += 1), changed: () => undefined },
    (path, body) => {
      sent.push([path, body]);
      return Promise.resolve({ items: [], kept: [], waits: 0, life: 0, some: true, ...answers.shift() });
    },
  );
  return { supply, sent, state };
}

describe('messages held by a page', () => {
  it('are fetched ahead once each, without what is answered already', async () => {
    const { supply, sent, state } = made([{ items: [item('a'), item('b'), item('c')], waits: 5 }, { items: [item('c'), item('a'), item('d')], kept: ['b', 'c'], waits: 5 }]);
    await supply.take();
    state.current = supply.ahead.shift()!;
    state.unsent.add('a');
    state.current = supply.ahead.shift()!;
    await supply.take();
    expect(supply.ahead.map((one) => one.id)).toEqual(['c', 'd']);
    expect(sent[1]![1]['have']).toEqual(['b', 'c', 'a']);
    expect([supply.waits, state.lost]).toEqual([4, 0]);
  });

  it('are let go of when somebody else has them', async () => {
    const { supply, state } = made([{ items: [item('a'), item('b'), item('c')] }, { kept: ['c'] }]);
    await supply.take();
    state.current = supply.ahead.shift()!;
    await supply.take();
    expect([supply.ahead.map((one) => one.id), state.lost]).toEqual([['c'], 1]);
  });

  it('go back when nobody is there, and come again with the first touch', async () => {
    const { supply, sent } = made([{ items: [item('a')] }]);
    await supply.take();
    supply.beat(Date.now() + 200_000);
    supply.beat(Date.now() + 240_000);
    await supply.take();
    expect(sent.map(([path]) => path)).toEqual(['/api/inbox/take', '/api/inbox/release']);
    supply.touch();
    expect(sent.map(([path]) => path).at(-1)).toBe('/api/inbox/take');
  });
});
