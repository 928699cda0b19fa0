/** The last calls of who answers the phone: what waits here, what the server has, what became of it. */
import type { Call } from './calls.ts';
import { fill, h } from './dom.ts';
import { lang, t } from './i18n.ts';
import { groups } from './spell.ts';
import { ago, clock } from './time.ts';
import { word } from '../../../mapping/client/words.ts';

/** A call that the server has, without its words. */
export interface Kept {
  id: string;
  receipt: string;
  at: string;
  state: 'pending' | 'read' | 'failed';
  triage: boolean;
  kind?: string | null;
  urgency?: string | null;
  place?: { name: string; name_fa: string | null } | null;
  links: { type: string; id: string; code: string; category: string }[];
}
export interface Shown {
  unsent: Call[];
  kept: Kept[];
  /** Names of drafts that other tabs left. */
  drafts: string[];
  label(code: string): string;
}
export interface Acts {
  back(key: string): void;
  takeUp(name: string): void;
}

const MOST = 10;

export function drawCalls(list: HTMLElement, shown: Shown, acts: Acts): void {
  const lines = [
    ...shown.drafts.map((name) =>
      h('li', {}, h('div', { class: 'lines__what' }, h('b', {}, t('An unfinished call of another window'))), h('button', { type: 'button', class: 'button', onclick: () => acts.takeUp(name) }, t('Take it up'))),
    ),
    ...[...shown.unsent].reverse().map((call) => waiting(call, acts)),
    ...shown.kept.map((call) => line(call, shown)),
  ];
  fill(list, ...lines.slice(0, MOST + shown.unsent.length + shown.drafts.length));
  if (!lines.length) fill(list, h('li', { class: 'nothing' }, t('None yet. The calls you keep stand here with what became of them.')));
}

function waiting(call: Call, acts: Acts): HTMLElement {
  const state = call.refused ? h('span', { class: 'badge badge--life' }, t('Not taken')) : h('span', { class: 'badge badge--high' }, t('Waits to be sent'));
  const body = h('div', { class: 'lines__what' }, h('b', {}, t('Call of {time}', { time: clock(call.at) })), state, call.refused ? h('span', { class: 'meta' }, call.refused) : null);
  return h('li', {}, body, call.refused ? h('button', { type: 'button', class: 'button', onclick: () => acts.back(call.key) }, t('Back into the form')) : null);
}

function line(call: Kept, shown: Shown): HTMLElement {
  const name = call.place ? (lang() === 'fa' ? call.place.name_fa || call.place.name : call.place.name) : '';
  const joined = call.links[0];
  return h(
    'li',
    {},
    h(
      'div',
      { class: 'lines__what' },
      h('bdi', { class: 'code', dir: 'ltr' }, groups(call.receipt).join(' ')),
      call.urgency && call.urgency !== 'none' ? h('span', { class: `badge badge--${call.urgency}` }, word('urgency', call.urgency)) : null,
      call.state === 'pending' ? h('span', { class: 'badge' }, t('Waiting to be read')) : call.state === 'failed' ? h('span', { class: 'badge badge--life' }, t('Could not be read')) : null,
      call.triage ? h('span', { class: 'badge badge--high' }, t('Without an emergency')) : null,
      joined ? h('span', {}, t('Joined to'), ' ', h('b', {}, shown.label(joined.category)), ' ', h('bdi', { class: 'code', dir: 'ltr' }, joined.code)) : call.state === 'read' ? h('span', { class: 'meta' }, t('Joined to nothing')) : null,
      name ? h('span', {}, name) : call.state === 'read' ? h('span', { class: 'badge' }, t('Place unknown')) : null,
    ),
    h('time', { class: 'calls__when', datetime: call.at, 'data-ago': true }, ago(call.at)),
  );
}
