import { describe, expect, it } from 'vitest';
import { Ahead } from './inboxahead.ts';

const named = (...ids: string[]): { id: string }[] => ids.map((id) => ({ id }));
const rest = (): Promise<void> => new Promise((go) => setTimeout(go, 0));

describe('questions one at a time', () => {
  it('are fetched ahead; an answered one does not come again, however many were answered, unless it is taken back', async () => {
    const pages = [named('a', 'b', 'c'), named('a', 'c', 'd')];
    const sent: string[][] = [];
    const shown: (string | undefined)[] = [];
    const ahead = new Ahead<{ id: string }>('/x', null, (one) => shown.push(one?.id), (_, body) => {
      sent.push(body['have'] as string[]);
      return Promise.resolve({ items: pages.shift() ?? [] });
    });
    await ahead.take();
    ahead.done();
    await rest();
    expect(sent).toEqual([[], ['b', 'c', 'a']]);
    for (const id of ['b', 'c', 'd']) {
      expect(ahead.current?.id).toBe(id);
      ahead.done();
      await rest();
    }
    expect(ahead.current).toBeNull();
    ahead.back({ id: 'd' });
    expect(ahead.current?.id).toBe('d');
    ahead.done();
    // The newest answers are told first: what is long answered the server knows by itself.
    for (let n = 0; n < 25; n += 1) {
      pages.push(named(`q${n}`));
      await ahead.take();
      ahead.done();
      await rest();
    }
    expect(sent.at(-1)).toHaveLength(20);
    expect(sent.at(-1)![0]).toBe('q24');
    expect(shown.filter((id) => id === 'a')).toHaveLength(1);
  });
});
