// @vitest-environment happy-dom
import { beforeAll, describe, expect, it } from 'vitest';
import type { Reading } from './inboxdraft.ts';

const reading = (more: Partial<Reading> = {}): Reading => ({
  lang: 'fa', kind: 'report', incidents: ['flooding'], needs: [{ category: 'water', quantity: 20, unit: 'litre' }], offers: [], people: 5, households: null,
  place: { name: 'Poldokhtar', name_fa: 'پلدختر', lat: 33.15, lon: 47.71, accuracy_m: 5000 }, vulnerable: ['child'], urgency: 'high',
  why: [{ rule: 'need.water.items', start: 0, end: 2 }], candidates: [{ name: 'Pol', name_fa: null, lat: 34, lon: 48, accuracy_m: 2000 }], state: 'read', by: 'rules', version: 1, ...more,
});
const record = { type: 'need', id: 'n1', code: 'N-1', category: 'water', status: 'open', verification: 'unverified', urgency: 'high', people: 5, households: null, quantity: 20, unit: 'litre', voices: 12, accuracy_m: 5000, version: 3, last_reported_at: new Date().toISOString(), place: { fa: 'پلدختر', en: 'Poldokhtar' } };
const item = (id: string): object => ({
  id, receipt: id.toUpperCase(), channel: 'sms', emergency: 'e', emergency_fa: 'سیل', emergency_en: 'Flood', received_at: new Date().toISOString(), flags: [], conflict: false, watched: false, looked: false,
  text: 'آب نداریم', partial: false, sealed: false, sender: null, reading: reading(), records: [{ ...record }], unsure: [], anew: null,
});

const sent: { path: string; body: Record<string, unknown>; match: string | null }[] = [];
let away = false;
const press = (code: string, key = ''): boolean => document.body.dispatchEvent(new KeyboardEvent('keydown', { code, key, bubbles: true, cancelable: true }));
const rest = (): Promise<void> => new Promise((go) => setTimeout(go, 5));
const shown = (): string => document.querySelector('.desk__meta .code')?.textContent?.replace(/[\u2066\u2069]/g, '') ?? '';
const posts = (end: string): typeof sent => sent.filter((one) => one.path.endsWith(end));

beforeAll(async () => {
  const config = { lang: 'en', words: {}, mode: 'look', kept: { key: btoa('k'.repeat(32)), owner: 'o' }, labels: { water: 'Water', flooding: 'Flooding', medicine: 'Medicine' }, also: { medicine: 'دارو' }, codes: { incidents: ['flooding'], needs: ['water', 'medicine'] }, emergency: null, emergencies: [], may: { verify: true, write: true } };
  document.body.innerHTML = `<script type="application/json" id="config">${JSON.stringify(config)}</script><span id="pulse"><span class="pulse__text"></span></span><div id="notes"></div><p id="tally"></p><div id="nothing"></div><div id="desk" hidden><section id="message" tabindex="-1"></section><section id="understood"></section><section id="finder" hidden></section><section id="records"></section><div id="bar"></div></div>`;
  let next = 0;
  globalThis.fetch = (async (path: string, init?: RequestInit) => {
    if (path.startsWith('/api/stream')) return new Promise(() => undefined);
    if (away) throw new TypeError('away');
    const body = JSON.parse(String(init?.body ?? '{}')) as Record<string, unknown>;
    sent.push({ path, body, match: new Headers(init?.headers).get('If-Match') });
    let data: object = {};
    if (path.endsWith('/take')) data = { items: Array.from({ length: Number(body['most']) }, () => item(`r${(next += 1)}`)), kept: body['have'], waits: 40, life: 1, some: true };
    else if (path.endsWith('/answer')) data = { id: path.split('/')[3], version: body['changes'] ? 2 : null };
    else if (path.endsWith('/undo')) data = { ...item(path.split('/')[3]!), reading: reading({ version: 3 }) };
    else if (path.endsWith('/split')) data = { kept: {}, made: { id: 'n9' } };
    return new Response(JSON.stringify(data), { status: 200 });
  }) as typeof fetch;
  window.scrollTo = () => undefined;
  await import('./inboxdesk.ts');
  await rest();
});

describe('the inbox by keys', () => {
  it('shows the words with marks, the reading and the record', () => {
    expect(shown()).toBe('R1');
    expect(document.querySelector('#words .mark--need')?.textContent).toBe('آب');
    expect(document.querySelector('#records')?.textContent).toContain('12 voices');
    expect(document.querySelector('#tally')?.textContent).toContain('40 wait');
  });

  it('answers with Enter, and the next one is there before the server says anything', async () => {
    press('Enter');
    expect(shown()).toBe('R2');
    await rest();
    expect(posts('/r1/answer')[0]?.body).toEqual({ version: 1 });
  });

  it('sends what was set right along with Enter, and takes it back', async () => {
    press('KeyL');
    press('Digit2');
    press('KeyX');
    press('KeyR');
    press('Enter');
    await rest();
    expect(posts('/r2/answer')[0]?.body).toMatchObject({ version: 1, changes: { urgency: 'life', place: { name: 'Pol' } } });
    press('KeyU');
    expect(shown()).toBe('R2');
    await rest();
    expect(posts('/r2/undo')[0]?.body['version']).toBe(2);
    press('Enter');
    await rest();
    expect(posts('/r2/answer')[1]?.body['version']).toBe(3);
  });

  it('confirms the record at its version, and adds a need by typing', async () => {
    press('KeyC');
    await rest();
    expect(posts('/needs/n1/verify')[0]).toMatchObject({ body: { verification: 'confirmed' }, match: '"3"' });
    press('KeyU');
    await rest();
    expect(posts('/needs/n1/verify/undo')).toHaveLength(1);
    press('KeyK');
    expect(document.querySelector('#records')?.textContent).not.toContain('N-1');
    await rest();
    press('KeyU');
    await rest();
    expect(posts('/needs/n1/merge')[0]?.body).toEqual({ other: 'n9' });
    expect(document.querySelector('#records')?.textContent).toContain('N-1');
    press('KeyA');
    const find = document.querySelector<HTMLInputElement>('#find')!;
    find.value = 'دارو';
    find.dispatchEvent(new Event('input'));
    find.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', bubbles: true, cancelable: true }));
    expect([...document.querySelectorAll('.taken--need .taken__name')].map((one) => one.textContent)).toEqual(['Water', 'Medicine']);
    expect(document.querySelector('#answer')?.textContent).toContain('Set right');
  });

  it('goes on without a network and sends afterwards', async () => {
    const before = shown();
    away = true;
    press('Enter');
    await rest();
    expect(shown()).not.toBe(before);
    expect(document.querySelector('#notes')?.textContent).toContain('1 answers wait');
    away = false;
    window.dispatchEvent(new Event('online'));
    await rest();
    expect(posts(`/${before.toLowerCase()}/answer`)).toHaveLength(1);
    expect(document.querySelector('#notes')?.textContent).toBe('');
  });
});
