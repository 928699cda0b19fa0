import { describe, expect, it } from 'vitest';
import { ApiError } from './api.ts';
import { Answers, type Answer } from './inboxanswers.ts';
import { Shelf, type Store } from './sealed.ts';

function store(): Store & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    key: (at) => [...kept.keys()][at] ?? null,
    get length() {
      return kept.size;
    },
  };
}
const KEY = new Uint8Array(32).fill(7);
const look = (of: string, more: Partial<Answer> = {}): Omit<Answer, 'key'> => ({ of, path: `/api/inbox/${of}/answer`, body: { version: 1, changes: { people: 7 } }, ...more });

function made(post: (answer: Answer) => Promise<Record<string, unknown>>, kept = store()) {
  const log: string[] = [];
  const answers = new Answers(new Shelf(kept, 'inbox', 'me', KEY), { done: (one) => log.push(`done ${one.of}`), refused: (one, _, error) => log.push(`refused ${one.of} ${error.status}`), changed: () => undefined }, post);
  return { answers, log, kept };
}

describe('answers on their way', () => {
  it('are sealed until acknowledged, in order, and outlive the page', async () => {
    const away = made(() => Promise.reject(new ApiError(0, 'network', 'away')));
    away.answers.keep(look('a'), 1000);
    away.answers.keep(look('b'), 2000);
    await Promise.resolve();
    expect(away.kept.kept.size).toBe(2);
    expect(JSON.stringify([...away.kept.kept])).not.toContain('people');
    const sent: string[] = [];
    const back = made((one) => Promise.resolve(sent.push(one.of)).then(() => ({})), away.kept);
    await back.answers.pump();
    expect([sent, back.log, away.kept.kept.size]).toEqual([['a', 'b'], ['done a', 'done b'], 0]);
  });

  it('go on after one that the server will not have', async () => {
    const { answers, log } = made((one) => (one.of === 'a' ? Promise.reject(new ApiError(412, 'stale', '', { current: { version: 3 } })) : Promise.resolve({})));
    answers.keep(look('a'));
    answers.keep(look('b'));
    await answers.pump();
    await new Promise((go) => setTimeout(go, 0));
    expect(log).toEqual(['refused a 412', 'done b']);
  });

  it('hold for the newest version of a record that moved meanwhile, once', async () => {
    const seen: (number | undefined)[] = [];
    const { answers, log } = made((one) => {
      seen.push(one.match);
      return one.match === 5 ? Promise.resolve({}) : Promise.reject(new ApiError(412, 'stale', '', { current: { properties: { version: 5 } } }));
    });
    answers.keep(look('a', { match: 2, insist: true }));
    await new Promise((go) => setTimeout(go, 0));
    expect([seen, log]).toEqual([[2, 5], ['done a']]);
  });

  it('can be taken back until they leave', async () => {
    const { answers } = made(() => Promise.reject(new ApiError(0, 'network', 'away')));
    const first = answers.keep(look('a'));
    expect(answers.takeBack(first.key)).toBe(false);
    await new Promise((go) => setTimeout(go, 0));
    expect([answers.takeBack(first.key), answers.unsent.length]).toEqual([true, 0]);
  });
});
