/** The frame around what is looked at one by one: how much waits, what is on its way, and the page when there is nothing. */
import { byId, fill, h } from './dom.ts';
import { t } from './i18n.ts';
import type { Answers } from './inboxanswers.ts';

export interface Tally {
  answers: Answers;
  waits: number | null;
  life: number;
  /** When this page's messages were looked at. */
  looked: readonly number[];
  failed: string;
}

const HOUR_MS = 3_600_000;

export function drawTally({ answers, waits, life, looked, failed }: Tally): void {
  const unsent = answers.unsent.length;
  const hour = looked.filter((at) => at > Date.now() - HOUR_MS).length;
  fill(
    byId('tally'),
    waits === null ? null : h('span', { class: 'tally__waits' }, t('{n} wait', { n: waits })),
    life ? h('span', { class: 'badge badge--life' }, t('{n} lives in danger', { n: life })) : null,
    hour ? h('span', {}, t('{n} looked at by you', { n: hour })) : null,
  );
  const notes: Node[] = [];
  if (answers.signedOut) notes.push(h('p', { class: 'note note--bad' }, `${t('You are signed out. Your answers are kept here.')} `, h('a', { href: '/login?next=%2Finbox' }, t('Sign in again'))));
  else if (unsent && (answers.cut || !navigator.onLine)) notes.push(h('p', { class: 'note note--warn' }, t('{n} answers wait here and go out by themselves when the server is back.', { n: unsent })));
  if (answers.memoryOnly && unsent) notes.push(h('p', { class: 'note note--bad' }, t('This browser keeps nothing: do not close or reload the page before everything is sent.')));
  fill(byId('notes'), ...notes);
  const pill = byId('pulse');
  const away = !navigator.onLine || answers.cut || failed !== '';
  pill.dataset['state'] = away ? 'offline' : 'live';
  const text = pill.querySelector('.pulse__text')!;
  const words = away ? t('Offline') : t('Live');
  if (text.textContent !== words) text.textContent = words;
}

export interface Nothing {
  asking: boolean;
  failed: string;
  /** Whether any report has ever come. */
  some: boolean;
  waits: number | null;
}

export function drawNothingToLookAt({ asking, failed, some, waits }: Nothing): void {
  byId('desk').hidden = true;
  const box = byId('nothing');
  box.hidden = false;
  const line = (...inside: (Node | string)[]): HTMLElement => h('p', { class: 'state' }, ...inside);
  if (asking) return fill(box, h('p', { class: 'state state--loading', role: 'status' }, t('Loading')));
  if (failed) return fill(box, h('p', { class: 'state state--error', role: 'alert' }, failed), line(t('The next message comes by itself when the server is back.')));
  if (!some) return fill(box, line(h('b', {}, t('No report has come yet.'))), line(t('Reports come by SMS through a gateway, by field form, by web and from files.')));
  fill(
    box,
    line(h('b', {}, t('Nothing waits.'))),
    line(waits ? t('Others are looking at the {n} that are left.', { n: waits }) : t('Every message has been looked at. New ones appear here by themselves.')),
    line(h('a', { class: 'button', href: '/inbox?show=joins' }, t('Unsure joins')), ' ', h('a', { class: 'button', href: '/inbox?show=checks' }, t('What to check next')), ' ', h('a', { class: 'button', href: '/inbox?show=newest' }, t('See the newest voices'))),
  );
}
