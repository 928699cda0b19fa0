/** Unsure joins, one question at a time: two voices side by side, and one key for "the same" or "two". */
import { byId, fill, h } from './dom.ts';
import { t } from './i18n.ts';
import { Ahead } from './inboxahead.ts';
import type { ChecksNeeds } from './inboxchecks.ts';
import { keyed, listen, showKeys, type Bond } from './inboxkeys.ts';
import { message, unsureFacts, type Item, type Unsure } from './inboxparts.ts';
import { toast } from './toast.ts';

interface Question extends Unsure {
  said: Item | null;
  heard: Item | null;
}
type Decided = 'join' | 'apart';
interface Past {
  question: Question;
  key: string | null;
  decided: Decided | null;
}

export function runJoins({ answers, label, emergency, drawState }: ChecksNeeds): void {
  const supply = new Ahead<Question>('/api/inbox/joins', emergency, (question) => show(question));
  const past: Past[] = [];
  /** Questions that were answered and taken back: the next answer undoes the first one's work. */
  const again = new Map<string, Decided>();

  function show(question: Question | null): void {
    byId('desk').hidden = question === null;
    byId('nothing').hidden = question !== null;
    if (!question) return drawNothing();
    const side = (title: string, item: Item | null, facts: HTMLElement, id: string): Node[] => [h('h2', { class: 'understood__title' }, title), facts, ...(item ? message(item, label, id) : [h('p', { class: 'nothing' }, t('No words came with it.'))])];
    fill(byId('message'), h('h2', { class: 'check__asks' }, t('Is it the same happening?')), ...side(t('This voice'), question.said, unsureFacts(question.record, label), 'words'));
    fill(byId('understood'), ...side(t('What was known before'), question.heard, unsureFacts(question.other, label), 'heard'));
    fill(byId('records'), h('h2', { class: 'understood__title' }, t('Why it is asked')), h('ul', { class: 'check__whys' }, ...question.reasons.map((one) => h('li', {}, h('span', { class: `badge ${one.points > 0 ? 'badge--good' : 'badge--high'}` }, one.points > 0 ? '+' : '−'), ' ', reasonName(one.code)))));
    byId('message').focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }

  function drawNothing(): void {
    const box = byId('nothing');
    if (supply.asking) return fill(box, h('p', { class: 'state state--loading', role: 'status' }, t('Loading')));
    if (supply.failed) return fill(box, h('p', { class: 'state state--error', role: 'alert' }, supply.failed));
    fill(box, h('p', { class: 'state' }, h('b', {}, t('No join is unsure.'))), h('p', { class: 'state' }, t('Where two voices may tell of one happening, the question comes here.')));
  }

  function say(to: Decided): void {
    const question = supply.current;
    if (!question) return;
    const before = again.get(question.id);
    const { record, other, type } = question;
    let key: string | null = null;
    if (!before) key = answers.keep({ of: question.id, path: `/api/join-proposals/${question.id}/${to}`, body: {} }).key;
    else if (before === 'apart' && to === 'join') key = answers.keep({ of: question.id, path: `/api/${type}s/${other.id}/merge`, body: { other: record.id } }).key;
    past.push({ question, key, decided: to });
    supply.done();
    drawState();
  }

  function pass(): void {
    if (!supply.current) return;
    past.push({ question: supply.current, key: null, decided: null });
    supply.done();
  }

  function back(): void {
    const one = past.pop();
    if (!one) return toast(t('There is nothing to take back.'));
    const { question } = one;
    if (one.key && !answers.takeBack(one.key)) {
      if (one.decided === 'join') answers.keep({ of: question.id, path: `/api/${question.type}s/${question.other.id}/split`, body: { report: question.report } });
      again.set(question.id, 'apart');
    }
    supply.back(question);
    drawState();
  }

  const bonds: readonly Bond[] = [
    { codes: 'KeyJ', shown: 'J', says: t('The same: join them'), does: () => say('join') },
    { codes: 'KeyY KeyK', shown: 'Y', says: t('Two happenings: keep them apart'), does: () => say('apart') },
    { codes: 'KeyD', shown: 'D', says: t('Not sure: offer it to others'), does: pass },
    { codes: 'KeyU', shown: 'U', says: t('Take the last answer back'), does: back },
    { codes: '?', shown: '?', says: t('Show the keys'), does: () => showKeys(bonds) },
  ];
  fill(
    byId('bar'),
    keyed(t('The same'), 'J', () => say('join'), { class: 'button button--main bar__answer', id: 'answer' }),
    keyed(t('Two happenings'), 'Y', () => say('apart')),
    keyed(t('Not sure'), 'D', pass),
    keyed(t('Take back'), 'U', back),
  );
  listen(bonds, () => byId('message').focus());
  supply.begin();
}

/** Why the two may be one, or two: what the rule of joining went by, in words. */
function reasonName(code: string): string {
  const [head = '', rest = ''] = code.split('.');
  if (head === 'place') return rest === 'house_in_town' ? t('One is a house, the other its town') : t('Places near each other');
  if (head === 'numbers') return rest === 'agree' ? t('The numbers agree') : t('The numbers differ');
  if (head === 'sender') return t('The same sender');
  if (head === 'rumour') return t('The same as a refuted rumour');
  if (head === 'time') return rest === 'another' ? t('Another time') : t('Long apart in time');
  if (rest.endsWith('_in_one')) return t('Only one of them names a landmark');
  return rest.includes('differ') || rest === 'unlike' ? t('Different words or landmarks') : t('The same words or landmarks');
}
