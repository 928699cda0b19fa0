import { expect, test } from 'vitest';
import { atHome } from './volunteersday.ts';

test('hours are those of the house, wherever the browser is', () => {
  const evening = new Date('2026-11-23T21:00:00Z'); // half past midnight of the 24th in Tehran
  expect(atHome(0, 8, 'Asia/Tehran', evening).toISOString()).toBe('2026-11-24T04:30:00.000Z');
  expect(atHome(1, 0, 'Asia/Tehran', evening).toISOString()).toBe('2026-11-24T20:30:00.000Z');
});

test('the clocks that change in between are heeded', () => {
  const before = new Date('2026-10-24T12:00:00Z');
  expect(atHome(0, 8, 'Europe/Berlin', before).toISOString()).toBe('2026-10-24T06:00:00.000Z');
  expect(atHome(1, 8, 'Europe/Berlin', before).toISOString()).toBe('2026-10-25T07:00:00.000Z');
});
