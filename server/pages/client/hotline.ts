/** The hotline: she types, it reads along; Enter keeps the call and clears the page. Nothing is let go before the server has it. */
import { ApiError, ask } from './api.ts';
import { Calls, type Call, type CallBody, type Outcome, type Place, type Receipt } from './calls.ts';
import { readConfig, type PageConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { whyNot } from './forms.ts';
import { listenKeys } from './hotkeys.ts';
import { t } from './i18n.ts';
import { drawCalls, type Kept } from './lastcalls.ts';
import { Shelf, fromBase64, type Store } from './sealed.ts';
import { groups, spoken } from './spell.ts';
import { clock } from './time.ts';
import { drawChoices, drawUnderstood, same, type Read } from './understood.ts';

interface Config extends PageConfig {
  kept: { key: string; owner: string };
  labels: Record<string, string>;
}
interface Draft {
  said: string;
  number: string;
  place: string;
  people: string;
  life: boolean;
  chosen: Place | null;
}

const config = readConfig<Config>();
const READ_MS = 250;
const DRAFT_MS = 300;
const ASK_MS = 4000;
const ASK_SELDOM_MS = 30_000;
const DRAFT = 'draft:';

const said = byId<HTMLTextAreaElement>('said');
const number = byId<HTMLInputElement>('number');
const place = byId<HTMLInputElement>('place');
const people = byId<HTMLInputElement>('people');
const life = byId<HTMLButtonElement>('life');
const again = byId<HTMLButtonElement>('again');
const form = byId<HTMLFormElement>('call');
const emergency = document.getElementById('emergency') as HTMLSelectElement | null;

/** Storage may be forbidden altogether, and then even naming it throws. */
function storage(which: 'localStorage' | 'sessionStorage'): Store | null {
  try {
    return window[which];
  } catch {
    return null;
  }
}
const shelf = new Shelf(storage('localStorage'), 'hotline', config.kept.owner, fromBase64(config.kept.key));
const tab = tabName();
let chosen: Place | null = null;
let read: Read | null = null;
let before: { number: string; place: Place | null } | null = null;
let kept: Kept[] = [];
/** The call that the caller on the line has just made, and its code once the server has it. */
let told: { at: string; receipt: string | null } | null = null;

function tabName(): string {
  const session = storage('sessionStorage');
  const known = session?.getItem('hamyar.tab');
  const name = known ?? Math.random().toString(36).slice(2, 10);
  try {
    session?.setItem('hamyar.tab', name);
  } catch {
    // Then a reload begins with an empty page, and the draft is offered as that of another tab.
  }
  return name;
}

/* Keeping. */

const calls = new Calls(shelf, {
  send,
  done(call, receipt) {
    told = { at: call.at, receipt: receipt.receipt };
    drawReceipt();
    void askForCalls();
  },
  changed: draw,
});

async function send(call: Call): Promise<Outcome> {
  try {
    const { data } = await ask<Receipt>('/api/reports', { method: 'POST', body: call.body, key: call.key, stay: true });
    return { receipt: data };
  } catch (error) {
    const { status } = error as ApiError;
    if (status === 401) return { later: true, signedOut: true };
    if (status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429) return { refused: whyNot(error as ApiError) };
    return { later: true };
  }
}

/** Digits of any script as a number; null when it is none. */
function count(text: string): number | null {
  const latin = text.replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x6f0)).replace(/[٠-٩]/g, (d) => String(d.charCodeAt(0) - 0x660)).trim();
  return /^\d{1,7}$/.test(latin) ? Number(latin) : null;
}

function keep(): void {
  const text = said.value.trim();
  const many = people.value.trim() ? count(people.value) : undefined;
  if (!text) return fault(t('Type what the caller says first.'), said);
  if (many === null) return fault(t('People is a whole number.'), people);
  fault('');
  const { read: _, ...where } = chosen ?? ({} as Place);
  const body: CallBody = { channel: 'hotline', text: chosen || !place.value.trim() ? text : `${text}\n${place.value.trim()}` };
  if (number.value.trim()) body.sender = number.value.trim();
  if (emergency?.value) body.emergency = emergency.value;
  const beside = { ...(many ? { people: many } : {}), ...(marked() ? { urgency: 'life' as const } : {}), ...(chosen ? { place: where as Place } : {}) };
  if (Object.keys(beside).length) body.told = beside;
  before = { number: number.value.trim(), place: chosen };
  told = { at: new Date().toISOString(), receipt: null };
  calls.keep(body);
  drawReceipt();
  clear();
}

function fault(words: string, at?: HTMLElement): void {
  const box = byId('fault');
  box.textContent = words;
  box.hidden = !words;
  at?.focus();
}

function clear(): void {
  form.reset();
  if (emergency) emergency.value = sessionEmergency();
  chosen = null;
  read = null;
  mark(false);
  drawRead();
  saveDraft();
  said.focus();
  again.hidden = !before?.number && !before?.place;
}

function sessionEmergency(): string {
  return storage('sessionStorage')?.getItem('hamyar.hotline.emergency') ?? '';
}

/* The draft: sealed in this browser while she types, so that a reload gives it back. */

const draftNow = (): Draft => ({ said: said.value, number: number.value, place: place.value, people: people.value, life: marked(), chosen });
const blank = (draft: Draft): boolean => !draft.said.trim() && !draft.number.trim() && !draft.people.trim() && !draft.place.trim();

function saveDraft(): void {
  const draft = draftNow();
  if (blank(draft)) shelf.drop(DRAFT + tab);
  else if (!shelf.put(DRAFT + tab, draft)) calls.memoryOnly = true;
}

function takeUp(draft: Draft): void {
  [said.value, number.value, place.value, people.value] = [draft.said, draft.number, draft.place, draft.people];
  chosen = draft.chosen;
  mark(draft.life);
  drawRead();
  saveDraft();
  void readAlong();
  said.focus();
}

function draftOf(call: Call): Draft {
  const { text, sender = '', told: beside = {} } = call.body;
  return { said: text, number: sender, place: '', people: beside.people ? String(beside.people) : '', life: beside.urgency === 'life', chosen: beside.place ?? null };
}

let saving: ReturnType<typeof setTimeout> | undefined;
function typed(): void {
  clearTimeout(saving);
  saving = setTimeout(saveDraft, DRAFT_MS);
  clearTimeout(reading);
  reading = setTimeout(() => void readAlong(), READ_MS);
}

/* Reading along. */

let reading: ReturnType<typeof setTimeout> | undefined;
let asking: AbortController | null = null;
let readFailed = false;

async function readAlong(): Promise<void> {
  asking?.abort();
  const text = said.value.trim();
  const name = place.value.trim();
  if (!text && !name) {
    read = null;
    return drawRead();
  }
  const mine = (asking = new AbortController());
  try {
    const { data } = await ask<Read>('/api/hotline/read', { method: 'POST', body: { text, place: name }, signal: mine.signal, stay: true, timeoutMs: 8000 });
    readFailed = false;
    read = data;
  } catch {
    if (mine.signal.aborted) return;
    readFailed = true;
    read = null;
    clearTimeout(reading);
    reading = setTimeout(() => void readAlong(), 5000);
  }
  drawRead();
}

const marked = (): boolean => life.getAttribute('aria-pressed') === 'true';
function mark(on: boolean): void {
  life.setAttribute('aria-pressed', String(on));
  drawLife();
}

function drawLife(): void {
  const heard = read?.urgency === 'life';
  form.classList.toggle('call--life', heard || marked());
  const words = marked() ? t('Marked: life in danger') : heard ? t('This sounds like a life in danger') : '';
  const box = byId('read-life');
  if (box.textContent !== words) box.textContent = words;
}

function drawRead(): void {
  drawLife();
  drawUnderstood(byId('read'), { read, failed: readFailed, typing: said.value.trim() !== '', label: (code) => config.labels[code] ?? code });
  drawPlaces();
}

/** What stands to choose from: the chosen one first, so that it stays in sight while the words go on. */
function candidates(): Place[] {
  const found = read?.places ?? [];
  return (chosen && !found.some((one) => same(one, chosen)) ? [chosen, ...found] : found).slice(0, 5);
}

function drawPlaces(): void {
  drawChoices(byId('places'), { found: candidates(), chosen, searched: read !== null && Boolean(said.value.trim() || place.value.trim()) }, choose);
}

function choose(one: Place): void {
  chosen = same(one, chosen) ? null : one;
  drawPlaces();
  saveDraft();
  said.focus();
}

/* The code for the caller, and what waits. */

function drawReceipt(): void {
  const box = byId('receipt');
  box.hidden = !told;
  if (!told) return;
  const of = h('div', { class: 'field__hint' }, t('Call of {time}', { time: clock(told.at) }));
  box.classList.toggle('receipt--waits', told.receipt === null);
  if (told.receipt === null) return fill(box, h('div', {}, h('b', {}, t('Kept. Its code comes as soon as the server has it.')), of));
  const code = groups(told.receipt).map((group) => h('span', { class: 'receipt__group' }, ...Array.from(group).map((sign) => h('span', { class: 'receipt__sign' }, h('b', {}, sign), h('span', { dir: 'auto' }, spoken(sign))))));
  fill(box, h('div', {}, h('b', {}, t('Read this code to the caller')), of), h('div', { class: 'receipt__code', role: 'img', 'aria-label': Array.from(told.receipt).join(' ') }, ...code));
}

function draw(): void {
  const unsent = calls.unsent;
  const waiting = unsent.filter((one) => !one.refused).length;
  const others = shelf.others('call:');
  const notes: Node[] = [];
  const note = (words: string, tone: string, ...more: Node[]): void => void notes.push(h('p', { class: `note note--${tone}` }, words, ...more));
  if (calls.signedOut) note(`${t('You are signed out. Your calls are kept here.')} `, 'bad', h('a', { href: '/login?next=%2Fhotline' }, t('Sign in again')));
  else if (waiting && calls.cut) note(`${t('{n} calls wait to be sent.', { n: waiting })} ${t('The server cannot be reached; each goes out by itself. Note the number: the code comes later.')}`, 'warn');
  else if (waiting > 1) note(t('{n} calls wait to be sent.', { n: waiting }), 'warn');
  if (calls.memoryOnly && (waiting || !blank(draftNow()))) note(t('This browser keeps nothing: do not close or reload the page before everything is sent.'), 'bad');
  if (others) note(t('{n} unsent calls of somebody else lie in this browser, sealed: that person must sign in here to send them.', { n: others }), 'warn');
  fill(byId('unsent'), ...notes);
  drawPulse();
  drawCalls(byId('calls'), { unsent, kept, drafts: strayDrafts(), label: (code) => config.labels[code] ?? code }, { back, takeUp: (name) => takeStray(name) });
}

function back(key: string): void {
  if (!blank(draftNow())) return fault(t('Finish or clear the call you are typing first.'), said);
  const call = calls.takeBack(key);
  if (call) takeUp(draftOf(call));
}

function strayDrafts(): string[] {
  return [...shelf.all<Draft>(DRAFT).keys()].filter((name) => name !== DRAFT + tab);
}

function takeStray(name: string): void {
  if (!blank(draftNow())) return fault(t('Finish or clear the call you are typing first.'), said);
  const draft = shelf.all<Draft>(name).get(name);
  shelf.drop(name);
  if (draft) takeUp(draft);
  draw();
}

function drawPulse(): void {
  const pill = byId('pulse');
  const away = !navigator.onLine || calls.cut;
  pill.dataset['state'] = away ? 'offline' : 'live';
  const words = away ? t('Offline') : t('Live');
  const text = pill.querySelector('.pulse__text')!;
  if (text.textContent !== words) text.textContent = words;
}

let next: ReturnType<typeof setTimeout> | undefined;
async function askForCalls(): Promise<void> {
  clearTimeout(next);
  try {
    const { data } = await ask<{ items: Kept[] }>('/api/hotline/calls', { stay: true });
    kept = data.items;
    draw();
  } catch {
    // What stands there stays; the next look comes by itself.
  }
  next = setTimeout(() => void askForCalls(), !document.hidden && kept.some((one) => one.state === 'pending') ? ASK_MS : ASK_SELDOM_MS);
}

/* What keys and buttons do. */

function toggleLife(): void {
  mark(!marked());
  saveDraft();
}

function sameCaller(): void {
  if (!before) return;
  number.value ||= before.number;
  chosen ??= before.place;
  drawPlaces();
  saveDraft();
  said.focus();
}

listenKeys({ said, number, place, people }, { keep, life: toggleLife, again: sameCaller, choose: (at) => chooseAt(at) });

function chooseAt(at: number): void {
  const one = candidates()[at];
  if (one) choose(one);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  delete form.dataset['sent'];
  keep();
});
form.addEventListener('input', typed);
life.addEventListener('click', toggleLife);
again.addEventListener('click', sameCaller);
emergency?.addEventListener('change', () => storage('sessionStorage')?.setItem('hamyar.hotline.emergency', emergency.value));
addEventListener('online', () => void calls.pump());
addEventListener('offline', drawPulse);
addEventListener('pagehide', saveDraft);
addEventListener('storage', (event) => {
  const name = shelf.nameOf(event.key);
  if (name) calls.heard(name);
});
addEventListener('beforeunload', (event) => {
  if (calls.memoryOnly && (calls.unsent.length || !blank(draftNow()))) event.preventDefault();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) saveDraft();
  else {
    void calls.pump();
    void askForCalls();
  }
});

if (emergency) emergency.value = sessionEmergency();
const draft = shelf.all<Draft>(DRAFT + tab).get(DRAFT + tab);
if (draft) takeUp(draft);
else drawRead();
said.focus();
draw();
void calls.pump();
void askForCalls();
