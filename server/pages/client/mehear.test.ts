import { expect, test } from 'vitest';
import { patience, weigh } from './mehear.ts';

const change = (verb: string, id: string) => ({ seq: 1, verb, type: verb.split('.')[0]!, id, emergency: null });

test('her own tasks are looked at now, what is given asked for, others later', () => {
  const shown = new Set(['a']);
  expect(weigh([change('task.queued', 'b')], shown)).toBe('soon');
  expect(weigh([change('task.queued', 'b'), change('task.reassigned', 'a')], shown)).toBe('now');
  expect(weigh([change('offer.made', 'c'), change('task.queued', 'c')], shown)).toBe('perhaps');
  expect(weigh([change('offer.answered', 'c')], shown)).toBe('soon');
});

test('a slow or saving phone asks seldom for what is not its own', () => {
  expect(patience(undefined)).toBeLessThan(5_000);
  expect(patience({ effectiveType: '2g' })).toBeGreaterThan(10_000);
  expect(patience({ saveData: true, effectiveType: '4g' })).toBeGreaterThan(10_000);
});
