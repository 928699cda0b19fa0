// @vitest-environment happy-dom
import { beforeAll, expect, it } from 'vitest';
import type { Answer, Answers } from './inboxanswers.ts';
import { runChecks } from './inboxchecks.ts';

const check = (id: string): object => ({
  type: 'need', id, code: `N-${id}`, category: 'water', status: 'open', verification: 'unverified', urgency: 'life', people: 30, voices: 1, accuracy_m: null, version: 4,
  last_reported_at: new Date().toISOString(), place: null, reports: 1, asks: { code: 'is_it_so', fa: 'درست است؟', en: 'Is it so?' }, reasons: [{ code: 'alone', fa: 'تنها', en: 'One sender alone', times: 1 }], said: null,
});
const kept: Omit<Answer, 'key'>[] = [];
const press = (code: string): boolean => document.body.dispatchEvent(new KeyboardEvent('keydown', { code, bubbles: true, cancelable: true }));
const rest = (): Promise<void> => new Promise((go) => setTimeout(go, 5));
let asked = 0;

beforeAll(async () => {
  document.body.innerHTML = '<div id="nothing"></div><div id="desk" hidden><section id="message" tabindex="-1"></section><section id="understood"></section><section id="records"></section><div id="bar"></div></div>';
  const pages = [[check('a'), check('b')], [], [], []];
  globalThis.fetch = (async () => {
    asked += 1;
    return new Response(JSON.stringify({ items: pages.shift() ?? [] }));
  }) as typeof fetch;
  window.scrollTo = () => undefined;
  const answers = { keep: (one: Omit<Answer, 'key'>) => (kept.push(one), { ...one, key: String(kept.length) }), takeBack: () => false } as unknown as Answers;
  runChecks({ answers, label: (code) => code, emergency: null, may: { verify: true, write: true }, drawState: () => undefined });
  await rest();
});

it('is answered by one key, with how one knows where it fits, and asks no more than it must', async () => {
  expect(document.querySelector('.check__asks')?.textContent).toContain('درست است؟');
  press('Digit5');
  press('KeyC');
  expect(kept[0]).toMatchObject({ of: 'a', path: '/api/needs/a/verify', body: { verification: 'confirmed' }, match: 4 });
  expect(kept[0]!.body).not.toHaveProperty('reason');
  press('Digit5');
  press('KeyF');
  expect(kept[1]).toMatchObject({ of: 'b', body: { verification: 'refuted', reason: 'rumour' } });
  await rest();
  expect(document.getElementById('nothing')!.hidden).toBe(false);
  expect(document.getElementById('nothing')!.textContent).toContain('Nothing waits');
  expect(asked).toBeLessThan(5);
  press('KeyU');
  expect(kept[2]).toMatchObject({ of: 'b', path: '/api/needs/b/verify/undo' });
  expect(document.getElementById('desk')!.hidden).toBe(false);
});
