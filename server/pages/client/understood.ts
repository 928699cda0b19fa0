/** What is understood of a call while it is typed: its urgency, its needs, and the places to choose from. */
import type { Place } from './calls.ts';
import { fill, h } from './dom.ts';
import { lang, num, t } from './i18n.ts';
import { word } from '../../../mapping/client/words.ts';

/** The answer of `POST /api/hotline/read`. */
export interface Read {
  kind: string;
  urgency: string;
  needs: { category: string; quantity: number | null; unit: string | null }[];
  incidents: string[];
  people: number | null;
  households: number | null;
  vulnerable: string[];
  places: Place[];
}
export interface Seen {
  read: Read | null;
  failed: boolean;
  /** Something is typed. */
  typing: boolean;
  label(code: string): string;
}

export function drawUnderstood(box: HTMLElement, { read, failed, typing, label }: Seen): void {
  if (!read) {
    const words = failed ? t('Reading along is away. What you type is kept all the same.') : t('As you type, what is understood stands here.');
    return fill(box, h('p', { class: failed ? 'note note--warn' : 'nothing' }, words));
  }
  const { kind, urgency, needs, incidents, people, households, vulnerable } = read;
  fill(
    box,
    kind === 'report' ? null : h('span', { class: 'badge' }, word('reading', kind)),
    urgency === 'none' ? null : h('span', { class: `badge badge--${urgency}` }, word('urgency', urgency)),
    ...needs.map((one) => h('span', { class: 'chip' }, label(one.category), one.quantity ? ` · ${num(one.quantity)} ${word('unit', one.unit)}` : '')),
    ...incidents.map((one) => h('span', { class: 'chip chip--incident' }, label(one))),
    people ? h('span', {}, t('{n} people', { n: people })) : null,
    households ? h('span', {}, t('{n} households', { n: households })) : null,
    ...vulnerable.map((one) => h('span', {}, word('vulnerable', one))),
    kind === 'other' && typing ? h('p', { class: 'nothing' }, t('No need is understood yet: what do they lack, what has happened?')) : null,
  );
}

const nameOf = (one: Place): string => (lang() === 'fa' ? one.name_fa || one.name : one.name);
const provinceOf = (one: Place): string => (lang() === 'fa' ? one.province_fa || one.province : one.province);

/** Whether both are one entry of the gazetteer. */
export const same = (one: Place, other: Place | null): boolean => other !== null && one.name === other.name && one.lat === other.lat && one.lon === other.lon;

export interface Choice {
  found: readonly Place[];
  chosen: Place | null;
  /** The server has looked: an empty list means that it found nothing. */
  searched: boolean;
}

export function drawChoices(list: HTMLElement, { found, chosen, searched }: Choice, choose: (one: Place) => void): void {
  const mark = (one: Place): string => (same(one, chosen) ? t('Chosen') : !chosen && one.read ? t('Taken unless you choose') : '');
  fill(
    list,
    ...found.map((one, at) =>
      h(
        'li',
        {},
        h(
          'button',
          { type: 'button', class: 'button', 'aria-pressed': String(same(one, chosen)), 'aria-keyshortcuts': `Alt+${at + 1}`, onclick: () => choose(one) },
          h('kbd', {}, `Alt+${at + 1}`),
          h('b', {}, nameOf(one)),
          h('span', {}, [provinceOf(one), word('place', one.kind)].filter(Boolean).join(lang() === 'fa' ? '، ' : ', ')),
          mark(one) ? h('span', { class: 'places__mark' }, mark(one)) : null,
        ),
      ),
    ),
    !found.length && searched ? h('li', { class: 'nothing' }, t('No place found yet: ask for the nearest town.')) : null,
  );
}
