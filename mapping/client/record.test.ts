// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { differences, RecordPanel, type RecordEars } from './record.ts';
import { marked } from './voice.ts';
import type { Feature, MapConfig } from './types.ts';

const config = { lang: 'en', words: {}, emergency: null, can: { verify: true, voices: true, people: true, send: true, make: true, close: true, draw: true }, layers: [], labels: { water: 'Drinking water' }, kinds: {}, clusters: { water: 'wash' }, tiles: false } as MapConfig;
const need = (verification: string): Feature => ({
  type: 'Feature', id: 'n1', geometry: { type: 'Point', coordinates: [48, 33] },
  properties: {
    layer: 'needs', code: 'N1', category: 'water', status: 'open', urgency: 'life', verification,
    links: [{ report: 'r1', receipt: 'R1', at: '2026-11-22T10:00:00Z', channel: 'sms', primary: true }],
    tasks: [], history: [], why: [{ code: 'urgency', points: 50 }],
  },
});

let root: HTMLElement;
let panel: RecordPanel;
const calls: { path: string; method: string; ifMatch: string | null }[] = [];
let answers: Record<string, () => Response>;
const json = (body: unknown, status = 200, etag = '"1"'): Response => new Response(JSON.stringify(body), { status, headers: { ETag: etag } });
const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await new Promise((done) => setTimeout(done, 0));
};

beforeEach(() => {
  document.body.replaceChildren((root = document.createElement('article')));
  calls.length = 0;
  const ears: RecordEars = { closed: vi.fn(), show: vi.fn(), seen: vi.fn(), aim: vi.fn() };
  panel = new RecordPanel(root, config, ears);
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const headers = init.headers as Record<string, string>;
    calls.push({ path, method: init.method ?? 'GET', ifMatch: headers['If-Match'] ?? null });
    return (answers[`${init.method} ${path}`] ?? (() => json({ code: 'missing' }, 404)))();
  });
});

describe('a record', () => {
  it('fetches no voice before somebody opens it, and shows it as text', async () => {
    answers = {
      'GET /api/needs/n1': () => json(need('unverified')),
      'GET /api/reports/r1': () => json({ properties: { text: 'آب نداریم <img src=x onerror=alert(1)>', sender: '+98912' } }),
      'GET /api/reports/r1/reading': () => json({ why: [{ rule: 'water', start: 0, end: 2 }] }),
    };
    await panel.show('needs', 'n1');
    await settle();
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.filter((one) => one.path.startsWith('/api/reports'))).toEqual([]);
    root.querySelector<HTMLButtonElement>('.voice__open')!.click();
    await settle();
    expect(calls.map((one) => one.path)).toContain('/api/reports/r1');
    expect(root.querySelector('.voice__text')!.textContent).toBe('آب نداریم <img src=x onerror=alert(1)>');
    expect(root.querySelector('.voice__text img')).toBeNull();
    expect(root.querySelector('mark')!.textContent).toBe('آب');
  });

  it('saves with the version that was seen', async () => {
    answers = { 'GET /api/needs/n1': () => json(need('unverified'), 200, '"5"'), 'PATCH /api/needs/n1': () => json(need('confirmed'), 200, '"6"') };
    await panel.show('needs', 'n1');
    root.querySelector<HTMLButtonElement>('.verify--confirmed')!.click();
    await settle();
    expect(calls.find((one) => one.method === 'PATCH')!.ifMatch).toBe('"5"');
  });

  it('shows what somebody else did, saves nothing by itself, and lets the person insist', async () => {
    let now = need('unverified');
    let version = '"1"';
    answers = {
      'GET /api/needs/n1': () => json(now, 200, version),
      'PATCH /api/needs/n1': () => (version === '"1"' ? json({ code: 'stale' }, 412) : json({ ...now, properties: { ...now.properties, verification: 'confirmed' } })),
    };
    await panel.show('needs', 'n1');
    now = need('refuted');
    const patch = answers['PATCH /api/needs/n1']!;
    answers['PATCH /api/needs/n1'] = () => {
      const answer = patch();
      version = '"2"';
      return answer;
    };
    root.querySelector<HTMLButtonElement>('.verify--confirmed')!.click();
    await settle();
    expect(root.querySelector('.conflict')!.textContent).toContain('Unverified → Refuted');
    expect(calls.filter((one) => one.method === 'PATCH')).toHaveLength(1);
    root.querySelector<HTMLButtonElement>('.conflict button')!.click();
    await settle();
    expect(calls.filter((one) => one.method === 'PATCH').at(-1)!.ifMatch).toBe('"2"');
  });

  it('says so when it is gone', async () => {
    answers = {};
    await panel.show('needs', 'n1');
    expect(root.querySelector('.state--error')).not.toBeNull();
  });
});

describe('marking what the reading went by', () => {
  it('counts characters, not UTF-16 units, and survives nonsense', () => {
    const show = (parts: (Node | string)[]): string => parts.map((one) => (typeof one === 'string' ? one : `[${one.textContent}]`)).join('');
    expect(show(marked('😀آب بیاورید', [{ rule: 'w', start: 1, end: 3 }]))).toBe('😀[آب] بیاورید');
    expect(show(marked('abcdef', [{ rule: 'a', start: 3, end: 99 }, { rule: 'b', start: 1, end: 4 }, { rule: 'c', start: 5, end: 2 }]))).toBe('a[bcd][ef]');
  });
});

it('differences are said in words', () => {
  expect(differences(need('unverified').properties, need('unverified').properties)).toEqual([]);
  expect(differences({ ...need('likely').properties, people: 3 }, { ...need('refuted').properties, people: 5 })).toEqual(['Likely → Refuted', 'People: 3 → 5']);
});
