import { expect, test } from 'vitest';
import { sayDifference } from './differences.ts';
import { speak } from './i18n.ts';

const label = (code: string): string => ({ heating: 'Heating', flooding: 'Flooding' })[code] ?? code;

test('a difference is said in words, and a part that nobody knows is shown as it is', () => {
  speak('en', {});
  expect(sayDifference('+need:heating -incident:flooding kind:other>report urgency:normal>life people -place odd:x', label)).toEqual([
    { sign: '+', text: 'Heating' },
    { sign: '-', text: 'Flooding' },
    { sign: '', text: 'Nothing to act on → A report' },
    { sign: '', text: 'Normal → Life in danger' },
    { sign: '', text: 'Number of people' },
    { sign: '-', text: 'Place' },
    { sign: '', text: 'odd:x' },
  ]);
  expect(sayDifference('', label)).toEqual([]);
});
