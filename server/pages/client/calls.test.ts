import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Calls, newKey, type Call, type Outcome } from './calls.ts';
import { Shelf, type Store } from './sealed.ts';
import { groups } from './spell.ts';

class Memory implements Store {
  readonly items = new Map<string, string>();
  full = false;
  get length(): number {
    return this.items.size;
  }
  key = (at: number): string | null => [...this.items.keys()][at] ?? null;
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  removeItem = (key: string): void => void this.items.delete(key);
  setItem = (key: string, value: string): void => {
    if (this.full) throw new DOMException('full', 'QuotaExceededError');
    this.items.set(key, value);
  };
}

const KEY = new Uint8Array(32).fill(7);
const body = (text: string): Call['body'] => ({ channel: 'hotline', text, sender: '09121234567' });

/** Random numbers that come again with the same seed (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let x = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A server that acts once a key, whose answers may get lost on the way back. */
class Server {
  readonly acted = new Map<string, string>();
  readonly order: string[] = [];
  private readonly chance: () => number;
  constructor(chance: () => number) {
    this.chance = chance;
  }
  send = async (call: Call): Promise<Outcome> => {
    const luck = this.chance();
    if (luck < 0.3) return { later: true };
    if (luck < 0.35) return { later: true, signedOut: true };
    if (call.body.text.startsWith('wrong')) return { refused: 'not so' };
    if (!this.acted.has(call.key)) {
      this.acted.set(call.key, call.body.text);
      this.order.push(call.body.text);
    }
    if (luck < 0.5) throw new TypeError('the answer was lost');
    return { receipt: { id: call.key, receipt: `R-${call.body.text}` } };
  };
}

describe('calls on their way', () => {
  beforeAll(() => void vi.useFakeTimers());

  it('reach the server once each and in order, whatever fails, and however often the page is reloaded', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const chance = random(seed);
      const store = new Memory();
      const server = new Server(chance);
      const receipts = new Map<string, number>();
      const open = (): Calls => new Calls(new Shelf(store, 'hotline', 'me', KEY), { send: server.send, done: (call) => receipts.set(call.body.text, 1), changed: () => undefined });
      let calls = open();
      const typed: string[] = [];
      let now = 1_800_000_000_000;
      for (let step = 0; step < 25; step += 1) {
        const what = chance();
        now += 1000;
        if (what < 0.5) {
          const text = `${chance() < 0.1 ? 'wrong' : 'call'} ${step}`;
          typed.push(text);
          calls.keep(body(text), new Date(now));
        } else if (what < 0.6) calls = open();
        else await vi.advanceTimersByTimeAsync(chance() * 5000);
      }
      calls = open();
      void calls.pump();
      await vi.advanceTimersByTimeAsync(900_000);
      const good = typed.filter((one) => one.startsWith('call'));
      expect(server.order, `seed ${seed}`).toEqual(good);
      expect([...receipts.keys()].sort()).toEqual([...good].sort());
      expect(calls.unsent.map((one) => one.body.text)).toEqual(typed.filter((one) => one.startsWith('wrong')));
      expect(store.length).toBe(calls.unsent.length);
      await vi.runOnlyPendingTimersAsync();
    }
  });

  it('goes on past a refused one, which can be taken back once', async () => {
    const calls = new Calls(new Shelf(new Memory(), 'hotline', 'me', KEY), { send: async (call) => (call.body.text === 'wrong' ? { refused: 'no' } : { receipt: { id: '1', receipt: 'R' } }), done: () => undefined, changed: () => undefined });
    const wrong = calls.keep(body('wrong'));
    calls.keep(body('good'));
    await vi.advanceTimersByTimeAsync(10);
    expect(calls.unsent.map((one) => one.refused)).toEqual(['no']);
    expect(calls.takeBack(wrong.key)?.body.text).toBe('wrong');
    expect(calls.takeBack(wrong.key)).toBeUndefined();
  });

  it('live in memory, and say so, where the browser keeps nothing', async () => {
    const store = new Memory();
    store.full = true;
    const sent: string[] = [];
    const calls = new Calls(new Shelf(store, 'hotline', 'me', KEY), { send: async (call) => (sent.push(call.body.text), { receipt: { id: '1', receipt: 'R' } }), done: () => undefined, changed: () => undefined });
    calls.keep(body('one'));
    expect(calls.memoryOnly).toBe(true);
    await vi.advanceTimersByTimeAsync(10);
    expect(sent).toEqual(['one']);
  });
});

describe('the shelf', () => {
  it('shows nobody what lies on it without the key', () => {
    const store = new Memory();
    const mine = new Shelf(store, 'hotline', 'me', KEY);
    mine.put('call:1', body('روی بام'));
    expect([...store.items.values()].join()).not.toMatch(/بام|0912|hotline/);
    expect(new Shelf(store, 'hotline', 'me', new Uint8Array(32)).all('call:').size).toBe(0);
    const other = new Shelf(store, 'hotline', 'you', KEY);
    expect([other.all('call:').size, other.others('call:'), mine.others('call:')]).toEqual([0, 1, 0]);
    expect(mine.all<Call['body']>('call:').get('call:1')).toEqual(body('روی بام'));
    const [name, value] = [...store.items][0]!;
    store.items.set(name.replace('call:1', 'call:2'), value);
    expect(mine.all('call:2').size, 'a value moved to another name does not open').toBe(0);
  });
});

describe('keys and codes', () => {
  it('sort by time and are UUIDs', () => {
    const keys = [1, 2 ** 31, 1_800_000_000_000, 1_800_000_000_001].map(newKey);
    expect([...keys].sort()).toEqual(keys);
    for (const one of keys) expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('stand in groups that can be held in mind', () => {
    expect(groups('K7M29PQX')).toEqual(['K7M2', '9PQX']);
    expect(groups('K7M29PQXAB')).toEqual(['K7M', '29P', 'QXAB']);
    expect(groups('K7M29P')).toEqual(['K7M', '29P']);
    expect(groups('K7')).toEqual(['K7']);
    for (let n = 1; n < 20; n += 1) expect(groups('ABCDEFGHJKLMNPQRSTUV'.slice(0, n)).join('')).toBe('ABCDEFGHJKLMNPQRSTUV'.slice(0, n));
  });
});
