/** What to check next, one record at a time: the question, why it is asked, the newest words, and one key for the answer. */
import { ApiError, ask } from './api.ts';
import { byId, fill, h } from './dom.ts';
import { lang, t } from './i18n.ts';
import { Ahead } from './inboxahead.ts';
import type { Answers } from './inboxanswers.ts';
import { keyed, listen, showKeys, type Bond } from './inboxkeys.ts';
import { message, recordCard, type Item, type Label, type RecordBrief } from './inboxparts.ts';
import { toast } from './toast.ts';
import { voice, type Link } from '../../../mapping/client/voice.ts';
import { word } from '../../../mapping/client/words.ts';

interface Why {
  code: string;
  fa: string;
  en: string;
  times: number;
}
interface Check extends Omit<RecordBrief, 'households' | 'quantity' | 'unit'> {
  asks: { code: string; fa: string; en: string };
  reasons: Why[];
  reports: number;
  said: Item | null;
}
interface Past {
  check: Check;
  key: string;
  undo: string | null;
}
export interface ChecksNeeds {
  answers: Answers;
  label: Label;
  emergency: string | null;
  may: { verify: boolean; write: boolean };
  drawState(): void;
}

const WHYS = 4;
/** How one knows: pressed before the answer, it goes along with it where it fits. */
const REASONS: readonly { code: string; fits: readonly string[]; says: () => string }[] = [
  { code: 'called_back', fits: ['confirmed', 'refuted'], says: () => t('The sender was called back') },
  { code: 'field_report', fits: ['confirmed', 'refuted'], says: () => t('A team in the field reports it') },
  { code: 'official', fits: ['confirmed', 'refuted'], says: () => t('An authority says so') },
  { code: 'many_sources', fits: ['confirmed'], says: () => t('Several independent sources') },
  { code: 'rumour', fits: ['refuted'], says: () => t('It is a rumour') },
  { code: 'old_news', fits: ['refuted'], says: () => t('It is old news') },
  { code: 'not_found', fits: ['refuted'], says: () => t('Nothing was found there') },
];
const inWords = (one: { fa: string; en: string }): string => (lang() === 'fa' ? one.fa : one.en);

export function runChecks({ answers, label, emergency, may, drawState }: ChecksNeeds): void {
  const supply = new Ahead<Check>('/api/inbox/checks', emergency, (check) => show(check));
  const past: Past[] = [];
  let reason = '';

  function show(check: Check | null): void {
    byId('desk').hidden = check === null;
    byId('nothing').hidden = check !== null;
    if (!check) return drawNothing();
    byId('desk').classList.toggle('desk--life', check.urgency === 'life');
    fill(byId('message'), h('h2', { class: 'check__asks' }, inWords(check.asks)), ...(check.said ? message(check.said, label) : [h('p', { class: 'nothing' }, t('No words came with it.'))]));
    const strongest = [...check.reasons].sort((a, b) => Math.abs(Math.log(b.times)) - Math.abs(Math.log(a.times))).slice(0, WHYS);
    fill(
      byId('understood'),
      h('h2', { class: 'understood__title' }, t('Why this one')),
      h('ul', { class: 'check__whys' }, ...strongest.map((one) => h('li', {}, h('span', { class: 'badge badge--normal' }, inWords(one)), ' ', detail(one)))),
      h('div', { class: 'segments check__reasons', id: 'reasons', role: 'group', 'aria-label': t('How do you know? (if you want to say)') }),
    );
    reason = '';
    drawReasons();
    const brief: RecordBrief = { ...check, households: null, quantity: null, unit: null };
    fill(byId('records'), h('h2', { class: 'understood__title' }, t('What it is about')), recordCard(brief, true, label, { verify: (_, to) => say(to), apart: () => undefined, voices: (one, box) => void voices(one, box) }, false));
    byId('message').focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }

  function detail(why: Why): string {
    const more = why as Why & { people?: number | null; urgency?: string; voices?: number; channel?: string; hours?: number };
    if (more.people) return t('{n} people', { n: more.people });
    if (more.urgency) return word('urgency', more.urgency);
    if (more.channel) return word('channel', more.channel);
    if (more.hours) return t('{n} h', { n: more.hours });
    return more.voices ? t('{n} voices', { n: more.voices }) : '';
  }

  function drawNothing(): void {
    const box = byId('nothing');
    if (supply.asking) return fill(box, h('p', { class: 'state state--loading', role: 'status' }, t('Loading')));
    if (supply.failed) return fill(box, h('p', { class: 'state state--error', role: 'alert' }, supply.failed));
    fill(box, h('p', { class: 'state' }, h('b', {}, t('Nothing waits to be checked.'))), h('p', { class: 'state' }, t('What would change most if somebody knew stands here.')));
  }

  async function voices(record: RecordBrief, box: HTMLElement): Promise<void> {
    fill(box, h('p', { class: 'nothing' }, t('Loading')));
    try {
      const { data } = await ask<{ properties: { links?: Link[] } }>(`/api/${record.type}s/${record.id}`, { stay: true });
      fill(box, ...(data.properties.links ?? []).slice(0, 20).map((one) => voice(one, true)));
    } catch (error) {
      fill(box, h('p', { class: 'field__error' }, (error as ApiError).message));
    }
  }

  function put(path: string, body: Record<string, unknown>, undo: string | null, match?: number): void {
    const check = supply.current;
    if (!check) return;
    const kept = answers.keep({ of: check.id, path: `/api/${check.type}s/${check.id}/${path}`, body, ...(match === undefined ? {} : { match, insist: true }) });
    past.push({ check, key: kept.key, undo });
    supply.done();
    drawState();
  }

  function say(to: 'confirmed' | 'refuted'): void {
    const fits = REASONS.find((one) => one.code === reason)?.fits.includes(to);
    const check = supply.current;
    if (check && may.verify) put('verify', { verification: to, ...(fits ? { reason } : {}) }, 'verify/undo', check.version);
  }

  function because(at: number): void {
    const code = REASONS[at]?.code ?? '';
    reason = reason === code ? '' : code;
    drawReasons();
    byId('message').focus({ preventScroll: true });
  }

  function drawReasons(): void {
    fill(
      byId('reasons'),
      h('span', { class: 'field__hint' }, t('How do you know? (if you want to say)')),
      ...REASONS.map((one, at) => keyed(one.says(), String(at + 1), () => because(at), { class: 'button segment', 'aria-pressed': String(reason === one.code) })),
    );
  }

  function back(): void {
    const one = past.pop();
    if (!one) return toast(t('There is nothing to take back.'));
    if (!answers.takeBack(one.key) && one.undo) answers.keep({ of: one.check.id, path: `/api/${one.check.type}s/${one.check.id}/${one.undo}`, body: {}, match: one.check.version, insist: true });
    supply.back(one.check);
    drawState();
  }

  const bonds: readonly Bond[] = [
    { codes: 'KeyC', shown: 'C', says: t('It is so: confirmed'), does: () => say('confirmed') },
    { codes: 'KeyF', shown: 'F', says: t('It is not so: refuted'), does: () => say('refuted') },
    { codes: 'KeyD', shown: 'D', says: t('Not sure: offer it to others'), does: () => put('skip', {}, null) },
    { codes: 'KeyB', shown: 'B', says: t('Ask the sender by text'), does: () => may.write && put('ask', {}, null) },
    { codes: 'KeyU', shown: 'U', says: t('Take the last answer back'), does: back },
    { codes: REASONS.flatMap((_, at) => [`Digit${at + 1}`, `Numpad${at + 1}`]).join(' '), shown: `1–${REASONS.length}`, says: t('How you know it'), does: (n) => because(n - 1) },
    { codes: '?', shown: '?', says: t('Show the keys'), does: () => showKeys(bonds) },
  ];
  fill(
    byId('bar'),
    keyed(t('It is so'), 'C', () => say('confirmed'), { class: 'button button--main bar__answer', id: 'answer' }),
    keyed(t('Not so'), 'F', () => say('refuted'), { class: 'button button--danger' }),
    keyed(t('Not sure'), 'D', () => put('skip', {}, null)),
    may.write ? keyed(t('Ask the sender'), 'B', () => put('ask', {}, null)) : null,
    keyed(t('Take back'), 'U', back),
  );
  listen(bonds, () => byId('message').focus());
  supply.begin();
}
