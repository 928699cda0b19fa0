/** What the inbox draws: a message, how it was read, what it was joined to. No state, no requests. */
import { h, icon } from './dom.ts';
import { lang, num, t } from './i18n.ts';
import { GROUPS, KINDS, URGENCIES, samePlace, wholeNumber, type Draft, type Fields, type NeedRead, type PlaceRead, type Reading } from './inboxdraft.ts';
import { keyed } from './inboxkeys.ts';
import { directionOf, markedText } from './inboxmarks.ts';
import { formLines, whoSent, type Summary } from './said.ts';
import { ago, dateTime } from './time.ts';
import { accuracy, codeText, word } from '../../../mapping/client/words.ts';

export interface RecordBrief {
  type: 'need' | 'incident';
  id: string;
  code: string;
  category: string;
  status: string;
  verification: string;
  urgency: string;
  people: number | null;
  households: number | null;
  quantity: number | null;
  unit: string | null;
  voices: number;
  accuracy_m: number | null;
  version: number;
  last_reported_at: string;
  place: { fa: string; en: string } | null;
}
export interface Item {
  id: string;
  receipt: string;
  channel: string;
  emergency: string | null;
  emergency_fa: string | null;
  emergency_en: string | null;
  received_at: string;
  flags: string[];
  conflict: boolean;
  watched: boolean;
  looked: boolean;
  text: string | null;
  /** What a form answers, a line an answer, by language; `text` is then what was typed into it. */
  form?: Summary | null;
  partial: boolean;
  sealed: boolean;
  sender: string | null;
  reading: Reading;
  records: RecordBrief[];
  unsure: Unsure[];
  /** What reading it anew would make of it. */
  anew: { id: string; to: Fields } | null;
}
/** One side of a question whether two records are one happening. */
export interface Side {
  id: string;
  code: string;
  category: string;
  urgency: string;
  verification: string;
  people: number | null;
  households: number | null;
  quantity: number | null;
  unit: string | null;
  corroboration: number;
  accuracy_m: number | null;
  place: string | null;
  place_fa: string | null;
  last_at: string;
}
export interface Unsure {
  id: string;
  type: 'need' | 'incident';
  report: string;
  record: Side;
  other: Side;
  reasons: { code: string; points: number }[];
  /** It was answered "two" and that was taken back. */
  kept?: boolean;
}
export type Label = (code: string) => string;

export const KIND_KEYS: Readonly<Record<string, string>> = { report: 'R', offer: 'O', update: 'W', question: 'Q', other: 'X' };
export const URGENCY_KEYS: Readonly<Record<string, string>> = { life: 'L', high: 'H', normal: 'N' };
const UNITS = ['piece', 'litre', 'bottle', 'pack', 'box', 'kg', 'tonne', 'truck', 'tanker', 'can', 'canister', 'device', 'set', 'kit', 'meal', 'sack', 'cylinder', 'vial', 'sheet'];
const COMMA = (): string => (lang() === 'fa' ? '، ' : ', ');

export const nameOf = (one: PlaceRead): string => (lang() === 'fa' ? one.name_fa || one.name : one.name);
const provinceOf = (one: PlaceRead): string => (lang() === 'fa' ? one.province_fa || one.province : one.province) ?? '';
const within = (metres: number | null | undefined): string => (metres === null || metres === undefined ? '' : accuracy(metres));

export function message(item: Item, label: Label, id = 'words'): Node[] {
  const { text, reading } = item;
  const place = lang() === 'fa' ? item.emergency_fa : item.emergency_en;
  const answers = item.form ? formLines(item.form, item.text) : [];
  const said = item.sealed
    ? h('p', { class: 'note note--warn' }, t('The key that opens this is not on this machine.'))
    : answers.length && !text
      ? h('span', { id })
      : h('blockquote', { class: 'words', dir: text ? directionOf(text) : 'auto', id }, ...(text ? markedText(text, reading.why, label) : [t('No words came with it.')]));
  return [
    h(
      'p',
      { class: 'desk__meta' },
      item.watched ? h('span', { class: 'badge badge--life' }, t('Life in danger, unseen')) : null,
      // In a window of its own: an answer that somebody is in the midst of stays where it is.
      item.channel === 'form' ? h('a', { href: `/submissions/of/${item.id}`, target: '_blank', rel: 'noopener' }, word('channel', item.channel)) : h('span', {}, word('channel', item.channel)),
      h('time', { datetime: item.received_at, title: dateTime(item.received_at), 'data-ago': true }, ago(item.received_at)),
      h('span', { class: 'code', dir: 'ltr' }, codeText(item.receipt)),
      whoSent(item.sender),
      place ? h('span', {}, place) : h('span', { class: 'badge badge--high' }, t('Without an emergency')),
      ...item.flags.map((flag) => h('span', { class: 'badge' }, word('flag', flag))),
      item.conflict ? h('span', { class: 'badge badge--high' }, t('In conflict')) : null,
    ),
    ...answers,
    said,
    item.partial ? h('p', { class: 'note note--warn' }, t('Parts of this message have not come yet: […] stands for them.')) : h('span'),
  ];
}

/** A message without an emergency is given one by a press. */
export function assignRow(emergencies: readonly { id: string; fa: string; en: string }[], give: (id: string) => void): HTMLElement | null {
  if (!emergencies.length) return null;
  const one = (each: { id: string; fa: string; en: string }): HTMLElement => h('button', { type: 'button', class: 'button', onclick: () => give(each.id) }, lang() === 'fa' ? each.fa : each.en);
  return h('div', { class: 'row', role: 'group', 'aria-label': t('Without an emergency') }, h('span', { class: 'field__hint' }, t('It belongs to:')), ...emergencies.slice(0, 6).map(one));
}

export interface Hands {
  kind(code: string): void;
  urgency(code: string): void;
  drop(family: 'incident' | 'need' | 'group', code: string): void;
  amount(code: string, quantity: number | null, unit: string | null): void;
  count(field: 'people' | 'households', n: number | null): void;
  place(at: PlaceRead | null): void;
  add(): void;
  search(): void;
}

const pressed = (on: boolean): Record<string, string> => ({ 'aria-pressed': String(on) });

function row(title: string, id: string, ...inside: (Node | null)[]): HTMLElement {
  return h('div', { class: 'understood__row', role: 'group', 'aria-labelledby': id }, h('span', { class: 'understood__name', id }, title), h('div', { class: 'understood__what' }, ...inside));
}

export function understood(draft: Draft, label: Label, hands: Hands): Node[] {
  const { now, read } = draft;
  const by = draft.changed ? t('set right by you') : read.by === 'person' ? t('set right by a person') : read.by === 'model' ? t('by the learned model') : read.state === 'failed' ? t('could not be read') : t('by the rules');
  const choice = (codes: readonly string[], at: string | null, keys: Readonly<Record<string, string>>, family: string, act: (code: string) => void): HTMLElement =>
    h('div', { class: 'segments' }, ...codes.map((code) => (keys[code] ? keyed(word(family, code), keys[code], () => act(code), { class: `button segment segment--${family}-${code}`, ...pressed(at === code) }) : h('button', { type: 'button', class: `button segment segment--${family}-${code}`, onclick: () => act(code), ...pressed(at === code) }, word(family, code)))));
  const said: (Node | null)[] = [
    ...now.incidents.map((code) => chip(label(code), 'incident', () => hands.drop('incident', code))),
    ...now.needs.map((need) => needChip(need, label, hands)),
    ...now.vulnerable.map((code) => chip(word('vulnerable', code), 'group', () => hands.drop('group', code))),
    ...(now.offers ?? []).map((code) => h('span', { class: 'chip' }, label(code))),
    keyed(t('Add'), 'A', hands.add, { id: 'add', class: 'button button--quiet' }),
  ];
  return [
    h('h2', { class: 'understood__title', id: 'h-read' }, t('Understood'), ' ', h('span', { class: 'understood__by' }, by)),
    row(t('Urgency'), 'u-urgency', choice(URGENCIES, now.urgency, URGENCY_KEYS, 'urgency', hands.urgency)),
    row(t('It says'), 'u-says', ...said),
    row(t('Where'), 'u-place', places(draft, hands)),
    row(t('Who'), 'u-who', counter(t('People'), 'people', now.people, hands, 'E'), counter(t('Households'), 'households', now.households, hands)),
    row(t('What it is'), 'u-kind', choice(KINDS, now.kind, KIND_KEYS, 'reading', hands.kind)),
  ];
}

function chip(words: string, family: string, drop: () => void, ...more: (Node | null)[]): HTMLElement {
  const off = h('button', { type: 'button', class: 'taken__off', 'aria-label': t('Take away: {what}', { what: words }), title: t('Not so'), onclick: drop }, '×');
  return h('span', { class: `taken taken--${family}` }, h('span', { class: 'taken__name' }, words), ...more, off);
}

function needChip(need: NeedRead, label: Label, hands: Hands): HTMLElement {
  const units = [...new Set([...(need.unit ? [need.unit] : []), ...UNITS])];
  const amount = h('input', { class: 'taken__amount', inputmode: 'decimal', value: need.quantity === null ? '' : num(need.quantity, { useGrouping: false }), placeholder: t('how many'), 'aria-label': t('How much of {what}', { what: label(need.category) }), dir: 'ltr' });
  const unit = h('select', { class: 'taken__unit', 'aria-label': t('Unit of {what}', { what: label(need.category) }), hidden: need.quantity === null }, h('option', { value: '' }, '—'), ...units.map((one) => h('option', { value: one, selected: one === need.unit }, word('unit', one))));
  const change = (): void => {
    const n = wholeNumber(amount.value);
    amount.setAttribute('aria-invalid', String(n === undefined));
    unit.hidden = n === null || n === undefined;
    if (n !== undefined) hands.amount(need.category, n, unit.value || null);
  };
  amount.addEventListener('input', change);
  unit.addEventListener('change', change);
  return chip(label(need.category), 'need', () => hands.drop('need', need.category), amount, unit);
}

function counter(title: string, field: 'people' | 'households', value: number | null, hands: Hands, key = ''): HTMLElement {
  const input = h('input', { class: 'input counter', id: `count-${field}`, inputmode: 'numeric', maxlength: 7, dir: 'ltr', value: value === null ? '' : num(value, { useGrouping: false }), placeholder: '—' });
  input.addEventListener('input', () => {
    const n = wholeNumber(input.value);
    input.setAttribute('aria-invalid', String(n === undefined));
    if (n !== undefined) hands.count(field, n);
  });
  return h('label', { class: 'counter__label' }, title, key ? h('kbd', { 'aria-hidden': 'true' }, key) : null, input);
}

function places(draft: Draft, hands: Hands): HTMLElement {
  const { now } = draft;
  const found = draft.places;
  const one = (place: PlaceRead, at: number): HTMLElement =>
    h(
      'button',
      { type: 'button', class: 'button pick', 'aria-keyshortcuts': String(at + 1), onclick: () => hands.place(place), ...pressed(samePlace(place, now.place)) },
      found.length > 1 || !now.place ? h('kbd', { 'aria-hidden': 'true' }, String(at + 1)) : null,
      h('b', {}, nameOf(place)),
      h('span', { class: 'pick__more' }, [provinceOf(place), within(place.accuracy_m)].filter(Boolean).join(COMMA())),
    );
  return h(
    'div',
    { class: 'picks' },
    ...found.map(one),
    found.length ? keyed(t('No place'), '0', () => hands.place(null), { class: 'button button--quiet pick', ...pressed(!now.place) }) : h('span', { class: 'nothing' }, t('Names no place.')),
    keyed(t('Search a place'), 'P', hands.search, { id: 'search', class: 'button button--quiet pick' }),
  );
}

export interface RecordHands {
  verify(record: RecordBrief, to: 'confirmed' | 'refuted'): void;
  apart(record: RecordBrief): void;
  voices(record: RecordBrief, box: HTMLElement): void;
}

const PIN = 'M12 21s7-6.500 7-12a7 7 0 0 0-14 0c0 5.500 7 12 7 12zM12 11.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z';

/** What the message was joined to. The first one's keys are those of the page. */
export function recordCard(record: RecordBrief, first: boolean, label: Label, hands: RecordHands, may: boolean): HTMLElement {
  const place = record.place ? (lang() === 'fa' ? record.place.fa : record.place.en) : t('Place unknown');
  const many = record.voices > 1;
  const box = h('div', { class: 'joined-to__voices', hidden: true });
  const open = h('button', { type: 'button', class: 'button button--quiet joined-to__open', 'aria-expanded': 'false' }, record.voices === 1 ? t('One voice') : t('{n} voices', { n: record.voices }));
  open.addEventListener('click', () => {
    box.hidden = !box.hidden;
    open.setAttribute('aria-expanded', String(!box.hidden));
    if (!box.hidden) hands.voices(record, box);
  });
  const state = record.verification;
  const act = (words: string, key: string, does: () => void, on: boolean): HTMLElement => (first ? keyed(words, key, does, pressed(on)) : h('button', { type: 'button', class: 'button', onclick: does, ...pressed(on) }, words));
  return h(
    'article',
    { class: `joined-to joined-to--${record.urgency}`, 'data-record': record.id },
    h(
      'p',
      { class: 'joined-to__head' },
      h('b', {}, label(record.category)),
      h('a', { class: 'code', href: `/map?open=${record.type}s:${record.id}`, dir: 'ltr' }, codeText(record.code)),
      h('span', { class: `badge ${state === 'confirmed' ? 'badge--good' : state === 'refuted' ? 'badge--life' : state === 'likely' ? 'badge--normal' : ''}` }, word('verification', state)),
      record.status === 'open' ? null : h('span', { class: 'badge' }, word('status', record.status)),
    ),
    h(
      'p',
      { class: 'joined-to__facts' },
      h('span', { class: 'joined-to__place' }, icon(PIN), place, record.accuracy_m && record.place ? ` (${within(record.accuracy_m)})` : ''),
      record.people ? h('span', {}, t('{n} people', { n: record.people })) : null,
      record.households ? h('span', {}, t('{n} households', { n: record.households })) : null,
      record.quantity ? h('span', {}, `${num(record.quantity)} ${word('unit', record.unit)}`) : null,
      h('span', {}, ago(record.last_reported_at)),
    ),
    h('div', { class: 'joined-to__do' }, open, may ? act(t('Confirm'), 'C', () => hands.verify(record, 'confirmed'), state === 'confirmed') : null, may ? act(t('Refute'), 'F', () => hands.verify(record, 'refuted'), state === 'refuted') : null, may && many ? act(t('Not the same'), 'K', () => hands.apart(record), false) : null),
    box,
  );
}

/** A record in one line, as a question names it. */
export function unsureFacts(side: Side, label: Label): HTMLElement {
  const place = (lang() === 'fa' ? side.place_fa : null) ?? side.place ?? t('Place unknown');
  return h(
    'p',
    { class: 'joined-to__facts' },
    h('b', {}, label(side.category)),
    h('span', { class: 'joined-to__place' }, icon(PIN), place, side.accuracy_m ? ` (${within(side.accuracy_m)})` : ''),
    side.people ? h('span', {}, t('{n} people', { n: side.people })) : null,
    side.households ? h('span', {}, t('{n} households', { n: side.households })) : null,
    side.quantity ? h('span', {}, `${num(side.quantity)} ${word('unit', side.unit)}`) : null,
    h('span', {}, side.corroboration === 1 ? t('One voice') : t('{n} voices', { n: side.corroboration })),
    h('span', {}, ago(side.last_at)),
    h('a', { class: 'code', href: `/map?open=${side.code.startsWith('I') ? 'incidents' : 'needs'}:${side.id}`, dir: 'ltr' }, codeText(side.code)),
  );
}

/** A question beside a message: is it the same as that? */
export function unsureCard(one: Unsure, first: boolean, label: Label, say: (one: Unsure, to: 'join' | 'apart') => void): HTMLElement {
  const button = (words: string, key: string, to: 'join' | 'apart'): HTMLElement => (first ? keyed(words, key, () => say(one, to)) : h('button', { type: 'button', class: 'button', onclick: () => say(one, to) }, words));
  return h('article', { class: 'joined-to joined-to--unsure' }, h('p', { class: 'joined-to__head' }, h('b', {}, t('Perhaps the same as this:'))), unsureFacts(one.other, label), h('div', { class: 'joined-to__do' }, button(t('The same'), 'J', 'join'), button(t('Two happenings'), 'Y', 'apart')));
}

/** What reading anew would change, field by field. */
export function anewCard(item: Item, label: Label, take: () => void, leave: () => void): HTMLElement | null {
  if (!item.anew) return null;
  const { to } = item.anew;
  const { reading } = item;
  const codes = (one: Pick<Fields, 'incidents' | 'needs'>): string => [...one.incidents, ...one.needs.map((need) => need.category)].map(label).join(COMMA()) || '—';
  const rows: [string, string, string][] = [
    [t('What it is'), word('reading', reading.kind), word('reading', to.kind)],
    [t('Urgency'), word('urgency', reading.urgency), word('urgency', to.urgency)],
    [t('It says'), codes(reading), codes(to)],
    [t('Where'), reading.place ? nameOf(reading.place) : '—', to.place ? nameOf(to.place) : '—'],
    [t('People'), reading.people === null ? '—' : num(reading.people), to.people === null ? '—' : num(to.people)],
    [t('Households'), reading.households === null ? '—' : num(reading.households), to.households === null ? '—' : num(to.households)],
  ];
  return h(
    'div',
    { class: 'note anew' },
    h('b', {}, t('Read anew it would say:')),
    ...rows.filter(([, before, after]) => before !== after).map(([name, before, after]) => h('div', {}, `${name}: `, h('s', {}, before), ' ', h('b', {}, after))),
    h('div', { class: 'row' }, keyed(t('Take it'), 'T', take), keyed(t('Leave it'), 'Z', leave)),
  );
}

/** Everything that can be added to a reading: [family, code, words to be found by]. */
export function addable(codes: { incidents: string[]; needs: string[] }, label: Label, also: Label): { family: 'incident' | 'need' | 'group'; code: string; words: string; find: string }[] {
  const one = (family: 'incident' | 'need' | 'group', code: string, words: string): { family: 'incident' | 'need' | 'group'; code: string; words: string; find: string } => ({ family, code, words, find: `${words} ${also(code)} ${code}`.toLowerCase() });
  return [...codes.needs.map((code) => one('need', code, label(code))), ...codes.incidents.map((code) => one('incident', code, label(code))), ...GROUPS.map((code) => one('group', code, word('vulnerable', code)))];
}
