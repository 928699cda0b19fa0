/** The inbox, one message at a time: Enter says that the reading is right, a letter or digit sets it right, and the next one is there. */
import './inboxdesk.css';
import './inboxparts.css';
import { ApiError, ask } from './api.ts';
import { readConfig, type PageConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { follow } from './follow.ts';
import { whyNot } from './forms.ts';
import { t } from './i18n.ts';
import { Answers, type Answer } from './inboxanswers.ts';
import { runChecks } from './inboxchecks.ts';
import { runJoins } from './inboxjoins.ts';
import { Deeds, drawVoices, type Deed } from './inboxdeeds.ts';
import { Draft, type Changes, type Fields, type Reading } from './inboxdraft.ts';
import { keyed, listen, showKeys, type Bond } from './inboxkeys.ts';
import { Finder } from './inboxfinder.ts';
import { drawNothingToLookAt, drawTally } from './inboxframe.ts';
import { anewCard, assignRow, message, recordCard, understood, unsureCard, type Hands, type Item, type RecordBrief, type Unsure } from './inboxparts.ts';
import { Shelf, fromBase64 } from './sealed.ts';
import { Supply } from './inboxsupply.ts';
import { actOnChoice } from './living.ts';
import { toast } from './toast.ts';

interface DeskConfig extends PageConfig {
  mode: 'look' | 'checks' | 'joins';
  kept: { key: string; owner: string };
  labels: Record<string, string>;
  also: Record<string, string>;
  codes: { incidents: string[]; needs: string[] };
  emergency: string | null;
  emergencies: { id: string; fa: string; en: string }[];
  may: { verify: boolean; write: boolean };
}
/** What can be taken back: the message with what was changed of it, and the answer that said so. */
interface Past {
  item: Item;
  changes: Changes;
  key: string | null;
  /** The version that the answer made, once the server has said so. */
  version: number;
}

const HOLD_MS = 40_000;
const LOOK_AGAIN_MS = 12_000;
const PAST_MOST = 30;

const config = readConfig<DeskConfig>();
const label = (code: string): string => config.labels[code] ?? code;

function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

const answers = new Answers(new Shelf(storage(), 'inbox', config.kept.owner, fromBase64(config.kept.key)), { done, refused, changed: drawState });

let current: Item | null = null;
let draft: Draft | null = null;
const past: (Past | Deed)[] = [];
const looked: number[] = [];

const supply = new Supply({
  emergency: config.emergency,
  current: () => current,
  unsent: () => new Set(answers.unsent.map((one) => one.of)),
  lost() {
    toast(t('You were away: this message was given to somebody else.'));
    current = null;
  },
  changed() {
    if (!current && supply.ahead.length) next();
    else if (!current) drawNothing();
    drawState();
  },
});

function next(): void {
  current = supply.ahead.shift() ?? null;
  if (supply.low) void supply.take();
  show(current);
}

function show(item: Item | null, changes: Changes = {}): void {
  current = item;
  draft = item ? new Draft(item.reading) : null;
  if (draft) draft.changes = { ...changes };
  finder.close();
  if (!item) return drawNothing();
  byId('desk').hidden = false;
  byId('nothing').hidden = true;
  byId('desk').classList.toggle('desk--life', item.reading.urgency === 'life');
  drawMessage();
  drawRecords();
  draw();
  home();
  window.scrollTo({ top: 0 });
}

/** Back to the message, from wherever one was writing. */
function home(): void {
  byId('message').focus({ preventScroll: true });
}

/* What is answered. */

function answer(): void {
  if (!current || !draft) return;
  const { item, changes } = { item: current, changes: draft.changes };
  const body = draft.changed ? { version: item.reading.version, changes } : { version: item.reading.version };
  const kept = answers.keep({ of: item.id, path: `/api/inbox/${item.id}/answer`, body });
  keepPast({ item, changes, key: kept.key, version: 0 });
  looked.push(Date.now());
  if (supply.waits) supply.waits -= 1;
  next();
  drawState();
}

function later(): void {
  if (!current) return;
  const item = current;
  void ask('/api/inbox/release', { method: 'POST', body: { desk: supply.desk, reports: [item.id], later: true }, stay: true }).catch(() => undefined);
  keepPast({ item, changes: draft?.changes ?? {}, key: null, version: 0 });
  toast(t('Left for later: it comes back in ten minutes, to whoever is free.'));
  next();
}

function keepPast(one: Past | Deed): void {
  past.push(one);
  if (past.length > PAST_MOST) past.shift();
}

function undo(): void {
  const one = past.pop();
  if (!one) return toast(t('There is nothing to take back.'));
  if ('restore' in one) {
    deeds.undo(one);
    return drawRecords();
  }
  if (current) supply.ahead.unshift(current);
  if (one.key && !answers.takeBack(one.key)) answers.keep({ of: one.item.id, path: `/api/inbox/${one.item.id}/undo`, body: { desk: supply.desk, version: one.version } });
  if (one.key) {
    looked.pop();
    supply.waits = (supply.waits ?? 0) + 1;
  }
  show(one.item, one.changes);
  drawState();
}

function done(one: Answer, data: Record<string, unknown>): void {
  const version = typeof data['version'] === 'number' ? data['version'] : 0;
  const before = past.find((each) => each.key === one.key);
  if (before && 'restore' in before) before.said = data;
  else if (before && version) before.version = version;
  // Whoever takes an answer back while it flies learns its version only now.
  if (version) answers.renew(one.of, version);
  if (one.path.endsWith('/undo') && data['reading']) stands(one.of, data as unknown as Item);
  if (one.path.includes('/verify') || one.path.includes('/split')) fresh(one.of, data);
}

/** A message as the server has it now, in place of the one that is shown or waits. */
function stands(id: string, item: Item): void {
  answers.renew(id, item.reading.version);
  if (current?.id !== id) return;
  const changes = draft?.changes ?? {};
  show(item, changes);
}

function refused(one: Answer, words: string, error: ApiError): void {
  toast(words, 'bad');
  const at = past.findIndex((each) => each.key === one.key);
  const before = past[at];
  if (!before || error.status === 404) return;
  if ('restore' in before) {
    past.splice(at, 1);
    before.restore();
    return drawRecords();
  }
  // Somebody was faster, or it cannot be so: the message comes back as it stands now, with what was said of it.
  past.splice(at, 1);
  const reading = error.body['current'] as Reading | undefined;
  const item = reading?.version ? { ...before.item, reading: { ...before.item.reading, ...reading } } : before.item;
  if (current && current.id !== item.id) supply.ahead.unshift(current);
  show(item, before.changes);
}

/* Setting it right. */

const hands: Hands = {
  kind: (code) => change(() => draft!.kind(code)),
  urgency: (code) => change(() => draft!.urgency(code)),
  drop: (family, code) => change(() => (family === 'need' ? draft!.need(code, false) : family === 'incident' ? draft!.incident(code, false) : draft!.group(code, false))),
  amount: (code, quantity, unit) => quietly(() => draft!.amount(code, quantity, unit)),
  count: (field, n) => quietly(() => draft!.set(field, n)),
  place: (place) => change(() => draft!.place(place)),
  add: () => finder.add(),
  search: () => finder.place(),
};

function change(act: () => void): void {
  if (!draft) return;
  act();
  draw();
  home();
}

/** While somebody types a number the field stays as it is. */
function quietly(act: () => void): void {
  if (!draft) return;
  act();
  drawAnswer();
}

const finder = new Finder({
  chosen: (family, code) => change(() => (family === 'need' ? draft!.need(code, true) : family === 'incident' ? draft!.incident(code, true) : draft!.group(code, true))),
  placed: (place) => change(() => draft!.place(place)),
  closed: home,
});

function digit(n: number): void {
  if (!draft) return;
  if (n === 0) return hands.place(null);
  const place = draft.places[n - 1];
  if (place) hands.place(place);
}

/* What it was joined to. */

const deeds = new Deeds(answers, (deed) => keepPast(deed));

/** Decide about a record beside the message that is shown, and show it so at once. */
function decide(act: (item: Item) => void): void {
  if (!current) return;
  act(current);
  drawRecords();
  home();
}

const verify = (record: RecordBrief, to: 'confirmed' | 'refuted'): void => decide((item) => deeds.verify(item, record, to));
const apart = (record: RecordBrief): void => decide((item) => deeds.apart(item, record));
const settle = (one: Unsure, to: 'join' | 'apart'): void => decide((item) => deeds.settle(item, one, to));

async function assign(emergency: string): Promise<void> {
  if (!current) return;
  const item = current;
  try {
    await ask(`/api/reports/${item.id}/assign`, { method: 'POST', body: { emergency }, stay: true });
    item.emergency = emergency;
    const named = config.emergencies.find((one) => one.id === emergency);
    [item.emergency_fa, item.emergency_en] = [named?.fa ?? '', named?.en ?? ''];
    toast(t('Given to the emergency'), 'good');
    if (current === item) drawMessage();
  } catch (error) {
    toast(whyNot(error as ApiError), 'bad');
  }
}

/** Take what reading anew proposes (it is one of the person's changes then), or leave it. */
function anew(taken: boolean): void {
  if (!current?.anew || !draft) return;
  const { id, to } = current.anew;
  if (taken) for (const field of Object.keys(to) as (keyof Fields)[]) draft.set(field, to[field]);
  answers.keep({ of: id, path: `/api/reading-proposals/${id}/leave`, body: {} });
  current.anew = null;
  drawMessage();
  draw();
  home();
}

function fresh(id: string, data: Record<string, unknown>): void {
  const version = (data['properties'] as { version?: number } | undefined)?.version;
  for (const item of [current, ...supply.ahead]) for (const record of item?.records ?? []) if (record.id === id && version) record.version = version;
}

/* What is drawn. */

function draw(): void {
  if (!draft || !current) return;
  fill(byId('understood'), ...understood(draft, label, hands));
  byId('desk').classList.toggle('desk--life', draft.now.urgency === 'life');
  drawAnswer();
}

function drawMessage(): void {
  if (!current) return;
  const emergencies = current.emergency ? [] : config.emergencies;
  fill(byId('message'), ...message(current, label), assignRow(emergencies, (id) => void assign(id)), anewCard(current, label, () => anew(true), () => anew(false)));
}

function drawRecords(): void {
  if (!current) return;
  const { records } = current;
  const record = { verify, apart, voices: (one: RecordBrief, box: HTMLElement) => void drawVoices(one, box, current?.id) };
  fill(
    byId('records'),
    h('h2', { class: 'understood__title' }, t('Joined to')),
    ...records.map((one, at) => recordCard(one, at === 0, label, record, config.may.verify)),
    records.length ? null : h('p', { class: 'nothing' }, t('Joined to nothing')),
    ...current.unsure.map((one, at) => unsureCard(one, at === 0, label, settle)),
  );
}

function drawAnswer(): void {
  const words = draft?.changed ? t('Set right, next') : t('Right, next');
  fill(byId('answer'), words, ' ', h('kbd', { 'aria-hidden': 'true' }, 'Enter'));
}

function drawState(): void {
  const { waits, life, failed } = supply;
  drawTally({ answers, waits, life, looked, failed });
}

function drawNothing(): void {
  drawNothingToLookAt(supply);
}

/* Keys and beats. */

const primary = (): RecordBrief | undefined => current?.records[0];
const onPrimary = (act: (record: RecordBrief) => void) => (): void => {
  const record = primary();
  if (record && config.may.verify) act(record);
};
const bonds: readonly Bond[] = [
  { codes: 'Enter NumpadEnter', shown: 'Enter', says: t('The reading is right (or set right): the next message'), does: answer },
  { codes: 'KeyU', shown: 'U', says: t('Take the last answer back'), does: undo },
  { codes: 'KeyD', shown: 'D', says: t('Not sure: leave it for later, or for somebody else'), does: later },
  { codes: 'KeyL', shown: 'L', says: t('Life in danger, or not'), does: () => hands.urgency('life') },
  { codes: 'KeyH', shown: 'H', says: t('Urgent, or not'), does: () => hands.urgency('high') },
  { codes: 'KeyN', shown: 'N', says: t('Normal'), does: () => hands.urgency('normal') },
  { codes: '1 2 3 4 5 6 7 8 9'.split(' ').flatMap((n) => [`Digit${n}`, `Numpad${n}`]).join(' '), shown: '1–9', says: t('One of the places'), does: digit },
  { codes: 'Digit0 Numpad0', shown: '0', says: t('Names no place'), does: () => digit(0) },
  { codes: 'KeyP Slash', shown: 'P', says: t('Search a place'), does: () => finder.place() },
  { codes: 'KeyA', shown: 'A', says: t('Add a need, a happening, a group of people'), does: () => finder.add() },
  { codes: 'KeyE', shown: 'E', says: t('How many people'), does: () => (byId('count-people').focus(), byId<HTMLInputElement>('count-people').select()) },
  { codes: 'KeyR', shown: 'R', says: t('It is a report'), does: () => hands.kind('report') },
  { codes: 'KeyO', shown: 'O', says: t('It is an offer'), does: () => hands.kind('offer') },
  { codes: 'KeyW', shown: 'W', says: t('It is an update'), does: () => hands.kind('update') },
  { codes: 'KeyQ', shown: 'Q', says: t('It is a question'), does: () => hands.kind('question') },
  { codes: 'KeyX', shown: 'X', says: t('Nothing to act on'), does: () => hands.kind('other') },
  { codes: 'KeyC', shown: 'C', says: t('Confirm what it was joined to'), does: onPrimary((one) => verify(one, 'confirmed')) },
  { codes: 'KeyF', shown: 'F', says: t('Refute what it was joined to'), does: onPrimary((one) => verify(one, 'refuted')) },
  { codes: 'KeyK', shown: 'K', says: t('Not the same: take it apart'), does: onPrimary((one) => one.voices > 1 && apart(one)) },
  { codes: 'KeyB', shown: 'B', says: t('Write to the sender'), does: () => current && config.may.write && finder.write(current.id) },
  { codes: 'KeyJ', shown: 'J', says: t('The same as what it is compared with: join them'), does: () => current?.unsure[0] && settle(current.unsure[0], 'join') },
  { codes: 'KeyY', shown: 'Y', says: t('Two happenings: keep them apart'), does: () => current?.unsure[0] && settle(current.unsure[0], 'apart') },
  { codes: 'KeyT', shown: 'T', says: t('Take what reading anew proposes'), does: () => anew(true) },
  { codes: 'KeyZ', shown: 'Z', says: t('Leave what reading anew proposes'), does: () => anew(false) },
  { codes: '?', shown: '?', says: t('Show the keys'), does: () => showKeys(bonds) },
];

function start(): void {
  fill(byId('bar'), h('button', { type: 'button', class: 'button button--main bar__answer', id: 'answer', 'aria-keyshortcuts': 'Enter', onclick: answer }), keyed(t('Not sure'), 'D', later), keyed(t('Take back'), 'U', undo), keyed(t('Keys'), '?', () => showKeys(bonds), { class: 'button button--quiet only-wide' }));
  drawAnswer();
  listen(bonds, () => {
    finder.close();
    home();
  });
  follow(['report'], () => !current && void supply.take());
  setInterval(() => (!current || supply.low) && navigator.onLine && void supply.take(), LOOK_AGAIN_MS);
  setInterval(() => supply.beat(), HOLD_MS);
  for (const kind of ['keydown', 'pointerdown', 'wheel']) document.addEventListener(kind, () => supply.touch(), { capture: true, passive: true });
  addEventListener('pagehide', () => supply.leave());
  void supply.take();
  drawNothing();
}

addEventListener('online', () => void answers.pump().then(() => (config.mode === 'look' ? supply.take() : undefined)));
addEventListener('offline', drawState);
document.addEventListener('visibilitychange', () => !document.hidden && void answers.pump());
addEventListener('beforeunload', (event) => {
  if (answers.memoryOnly && answers.unsent.length) event.preventDefault();
});
actOnChoice();
const shared = { answers, label, emergency: config.emergency, may: config.may, drawState };
if (config.mode === 'checks') runChecks(shared);
else if (config.mode === 'joins') runJoins(shared);
else start();
void answers.pump();
setInterval(drawState, 15_000);
