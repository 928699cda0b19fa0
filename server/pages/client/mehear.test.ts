import { expect, test } from 'vitest';
import { hers, patience } from './mehear.ts';

const change = (verb: string, id: string) => ({ seq: 1, verb, type: verb.split('.')[0]!, id, emergency: null });

test('her own tasks and every offer are looked at now, others later', () => {
  const shown = new Set(['a']);
  expect(hers([change('task.queued', 'b')], shown)).toBe(false);
  expect(hers([change('task.queued', 'b'), change('task.reassigned', 'a')], shown)).toBe(true);
  expect(hers([change('offer.made', 'c')], shown)).toBe(true);
});

test('a slow or saving phone asks seldom for what is not its own', () => {
  expect(patience(undefined)).toBeLessThan(5_000);
  expect(patience({ effectiveType: '2g' })).toBeGreaterThan(10_000);
  expect(patience({ saveData: true, effectiveType: '4g' })).toBeGreaterThan(10_000);
});
