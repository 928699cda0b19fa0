/** Alarms on every page of those who steer: said, rung and blinking in the title until somebody says that they have seen them. */
import { onlookers, listening } from '../../../mapping/client/stream.ts';
import { fingerprint, inOrder, rings, saySight, sayAlarm, wayOf, type Alarm, type Sight, type Spool } from './alarmrules.ts';
import { ApiError, ask } from './api.ts';
import { Bell } from './bell.ts';
import { readConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { follow } from './follow.ts';
import { num, t } from './i18n.ts';
import { clock } from './time.ts';
import { toast } from './toast.ts';

const LOOK_MS = 20_000;
const STIR_MS = 300;
const BLINK_MS = 1000;
/** By then a stream is open: what was raised between the first look and that moment is looked for once more. */
const SETTLED_MS = 2000;

readConfig();
const root = byId('alarms');
const list = root.querySelector<HTMLElement>('.alarms__list')!;
const more = root.querySelector<HTMLElement>('.alarms__more')!;
const bellButton = byId<HTMLButtonElement>('bell');
const soundButton = h('button', { type: 'button', class: 'button alarms__sound only-narrow', hidden: true }, t('Sound is off: press'));
more.before(soundButton);
const maySee = root.dataset['maySee'] === '1';
const title = document.title;

let alarms: Alarm[] = [];
let sight: Sight = { state: 'clear' };
let shown = '';
let failures = 0;
let stopped = false;
let stirring: ReturnType<typeof setTimeout> | undefined;
const bell = new Bell(() => {
  drawBell();
  bell.again();
});

async function look(): Promise<void> {
  if (stopped) return;
  try {
    const { data } = await ask<{ items: Alarm[] }>('/api/alarms', { stay: true, timeoutMs: 8000 });
    failures = 0;
    alarms = data.items;
    sight = { state: 'clear' };
  } catch (error) {
    const { status } = error as ApiError;
    if (status === 401 || status === 403 || status === 404) stopped = true;
    else {
      failures += 1;
      sight = await whatIsAway(status);
    }
  }
  draw();
}

/** One answer lost on a bad line is no news; the second is. */
async function whatIsAway(status: number): Promise<Sight> {
  const spool = await fetch('/api/spool', { cache: 'no-store', signal: AbortSignal.timeout(5000) })
    .then(async (answer) => (answer.ok ? ((await answer.json()) as Spool) : null))
    .catch(() => undefined);
  if (spool === undefined) return failures > 1 && navigator.onLine ? { state: 'away' } : sight;
  return status >= 502 || (status === 0 && failures > 1) ? { state: 'database', spool } : sight;
}

function stir(): void {
  stirring ??= setTimeout(() => {
    stirring = undefined;
    void look();
  }, STIR_MS);
}

function draw(): void {
  const away = saySight(sight);
  const ordered = inOrder(alarms);
  const print = `${away}${fingerprint(ordered)}`;
  const ringing = alarms.filter(rings).length;
  bell.ring(ringing > 0);
  blink(ringing);
  drawBell();
  if (print === shown) return;
  shown = print;
  const open = ordered.filter((one) => one.seen === null);
  const seen = ordered.filter((one) => one.seen !== null);
  fill(list, away ? h('li', { class: 'alarm alarm--warn' }, h('span', { class: 'alarm__what' }, away)) : null, ...open.map((one) => line(one)));
  const folded = more.querySelector('details')?.open ?? false;
  fill(more, seen.length ? h('details', { class: 'alarms__seen', open: folded }, h('summary', {}, t('{n} seen that still stand', { n: seen.length })), h('ul', { class: 'alarms__list' }, ...seen.map((one) => line(one)))) : null);
  root.hidden = !away && !ordered.length;
  // What lies below has another height now: a map must know.
  dispatchEvent(new Event('resize'));
}

function line(alarm: Alarm): HTMLElement {
  const words = sayAlarm(alarm);
  const button = maySee && alarm.seen === null ? h('button', { type: 'button', class: 'button', onclick: () => void see(alarm) }, t('Seen'), h('span', { class: 'visually-hidden' }, ` ${words}`)) : null;
  return h(
    'li',
    { class: `alarm ${rings(alarm) ? 'alarm--rings' : 'alarm--warn'}`, 'data-code': alarm.code },
    h('span', { class: 'alarm__what' }, words),
    h('span', { class: 'alarm__since' }, t('since {time}', { time: clock(alarm.since) })),
    h('a', { class: 'button', href: wayOf(alarm) }, t('Show')),
    button,
  );
}

async function see(alarm: Alarm): Promise<void> {
  try {
    await ask(`/api/alarms/${encodeURIComponent(alarm.id)}/seen`, { method: 'POST', stay: true });
  } catch (error) {
    toast((error as ApiError).message, 'bad');
  }
  await look();
}

let blinking: ReturnType<typeof setInterval> | undefined;
function blink(ringing: number): void {
  clearInterval(blinking);
  if (!ringing) {
    document.title = title;
    return;
  }
  const loud = `(${num(ringing)}) ${t('ALARM')}`;
  const turn = (): void => void (document.title = document.title === loud ? title : loud);
  document.title = loud;
  blinking = setInterval(turn, BLINK_MS);
}

function drawBell(): void {
  const on = bell.awake;
  const ringing = alarms.some(rings);
  bellButton.setAttribute('aria-pressed', String(on));
  bellButton.dataset['state'] = on ? 'on' : ringing ? 'wanted' : 'off';
  const words = on ? t('Sound is on') : t('Sound is off: press');
  const text = bellButton.querySelector('.bell__text')!;
  if (text.textContent !== words) text.textContent = words;
  // Beside the alarm itself, where a small screen has no room for words in its head.
  soundButton.hidden = on || !ringing;
}

// The press itself has let the bell sound by now.
bellButton.addEventListener('click', () => bell.sound());
onlookers.add((batch) => {
  if (batch.some((one) => one.type === 'alarm' || one.verb === 'report.escalated' || one.verb === 'report.seen')) stir();
});
// All modules of the page have run by then: one that has a stream has started it.
document.addEventListener('DOMContentLoaded', () => {
  if (!listening()) follow(['alarm'], stir);
  setTimeout(stir, SETTLED_MS);
});
setInterval(() => void look(), LOOK_MS);
document.addEventListener('visibilitychange', () => !document.hidden && void look());
addEventListener('online', stir);
drawBell();
void look();
