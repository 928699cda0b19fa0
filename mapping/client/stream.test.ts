// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { speak } from '@pages/i18n.ts';
import { clockText } from './clock.ts';
import { Stream } from './stream.ts';
import type { Change } from './types.ts';

let bodies: ReadableStreamDefaultController<Uint8Array>[];
let sent: (string | null)[];
const write = (text: string, at = bodies.length - 1): void => bodies[at]!.enqueue(new TextEncoder().encode(text));
const event = (seq: number, id: string): string => `id: ${seq}\nevent: need.changed\ndata: ${JSON.stringify({ seq, type: 'need', id, emergency: 'e' })}\n\n`;

beforeEach(() => {
  vi.useFakeTimers();
  speak('en', {});
  bodies = [];
  sent = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    sent.push((init.headers as Record<string, string>)['Last-Event-ID'] ?? null);
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void bodies.push(controller) });
    init.signal?.addEventListener('abort', () => bodies.at(-1)?.error(new Error('aborted')));
    return new Response(body);
  });
});
afterEach(() => vi.useRealTimers());

function listening(): { stream: Stream; batches: Change[][]; resets: number[] } {
  const batches: Change[][] = [];
  const resets: number[] = [];
  const stream = new Stream('/api/stream', { changes: (batch) => batches.push(batch), reset: () => resets.push(1) });
  stream.start();
  return { stream, batches, resets };
}

it('gathers changes: each record once', async () => {
  const { batches } = listening();
  await vi.advanceTimersByTimeAsync(1);
  for (let i = 0; i < 50; i++) write(event(i + 1, `n${i % 3}`));
  await vi.advanceTimersByTimeAsync(400);
  expect(batches).toHaveLength(1);
  expect(batches[0]!.map((one) => one.id)).toEqual(['n0', 'n1', 'n2']);
});

it('resumes after a cut with the last number it saw', async () => {
  const { batches } = listening();
  await vi.advanceTimersByTimeAsync(1);
  write(event(41, 'a'));
  await vi.advanceTimersByTimeAsync(300);
  bodies[0]!.close();
  await vi.advanceTimersByTimeAsync(3000);
  expect(sent).toEqual([null, '41']);
  write(event(42, 'b'));
  await vi.advanceTimersByTimeAsync(300);
  expect(batches.flat().map((one) => one.seq)).toEqual([41, 42]);
});

it('knows how old it is, and cuts a connection that fell silent', async () => {
  const { stream } = listening();
  await vi.advanceTimersByTimeAsync(1);
  expect(stream.freshness().state).toBe('live');
  for (let i = 0; i < 3; i++) {
    await vi.advanceTimersByTimeAsync(10_000);
    write(': ping\n\n');
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(stream.freshness().state).toBe('live');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(stream.freshness().state).toBe('stale');
  expect(clockText({ state: 'stale', seconds: 40 })).toBe('Stale for 40 s');
  await vi.advanceTimersByTimeAsync(15_000);
  expect(sent.length).toBeGreaterThan(1);
});

it('a reset throws away what was gathered', async () => {
  const { batches, resets } = listening();
  await vi.advanceTimersByTimeAsync(1);
  write(event(1, 'a') + 'event: reset\ndata: {}\n\n');
  await vi.advanceTimersByTimeAsync(400);
  expect(resets).toEqual([1]);
  expect(batches).toEqual([]);
});

it('is not live while the server says that nothing gets a number', async () => {
  const { stream } = listening();
  await vi.advanceTimersByTimeAsync(1);
  write(': ping behind=40\n\nid: 7\n\n');
  await vi.advanceTimersByTimeAsync(1);
  expect(stream.freshness()).toMatchObject({ state: 'stale' });
  expect(clockText(stream.freshness())).toBe('Stale for 40 s');
  // What still comes does not make it live; the next word of the server does.
  write(event(8, 'a'));
  await vi.advanceTimersByTimeAsync(5000);
  expect(stream.freshness().state).toBe('stale');
  expect(Math.round(stream.freshness().seconds)).toBe(45);
  write(': ping\n\nid: 8\n\n');
  await vi.advanceTimersByTimeAsync(1);
  expect(stream.freshness().state).toBe('live');
});

it('knows that the laptop slept, and that a clock was set back', async () => {
  const { stream } = listening();
  await vi.advanceTimersByTimeAsync(1);
  const woke = Date.now() + 3 * 3600_000;
  vi.setSystemTime(woke);
  expect(stream.freshness().state).toBe('stale');
  // At the next look at the line it is cut and begun anew.
  await vi.advanceTimersByTimeAsync(6000);
  expect(sent.length).toBe(2);
  expect(stream.freshness().state).toBe('live');
  vi.setSystemTime(woke - 24 * 3600_000);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(stream.freshness().state).toBe('stale');
});

it('gives up a connection that never begins, again and again, and says that it is cut off', async () => {
  const { stream } = listening();
  await vi.advanceTimersByTimeAsync(1);
  const hung: AbortSignal[] = [];
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    hung.push(init.signal!);
    return new Promise((_, fail) => init.signal!.addEventListener('abort', () => fail(new Error('aborted'))));
  });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(stream.freshness().state).toBe('stale');
  await vi.advanceTimersByTimeAsync(240_000);
  expect(stream.freshness().state).toBe('offline');
  expect(hung.length).toBeGreaterThan(4);
  // One at a time: each was given up before the next began.
  expect(hung.filter((one) => !one.aborted).length).toBeLessThanOrEqual(1);
});
