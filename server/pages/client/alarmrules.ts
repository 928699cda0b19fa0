/** What alarms say, which of them ring, and where they lead. Pure. */
import { num, t } from './i18n.ts';

/** An alarm as `GET /api/alarms` gives it. */
export interface Alarm {
  id: string;
  code: string;
  subject: string;
  emergency: string | null;
  data: Readonly<Record<string, unknown>>;
  since: string;
  seen: string | null;
}
/** What `GET /api/spool` says without a database. */
export interface Spool {
  open: boolean;
  share: number;
  filling: boolean;
  records?: number;
}
/** How far the page sees: all is well; the database is away (then the spool's state is shown); nothing answers. */
export type Sight = { state: 'clear' } | { state: 'database'; spool: Spool | null } | { state: 'away' };

/** These ring until somebody says that they have seen them: people may die, or messages be turned away, meanwhile. */
const RINGS: ReadonlySet<string> = new Set(['life.unseen', 'spool.full']);
/** Their number grows by the second: it is brought up to date when something else is. */
const COUNTING: ReadonlySet<string> = new Set(['gateway.refused']);
/** First to last on the page. */
const ORDER: readonly string[] = ['life.unseen', 'volunteer.silent', 'spool.full', 'spool.filling', 'gateway.silent', 'outbox.stuck', 'outbox.cap', 'forms.no_key', 'gateway.refused'];

export const rings = (one: Alarm): boolean => RINGS.has(one.code) && one.seen === null;

/** Most pressing first; of one kind the longest standing first. Those seen come last. */
export function inOrder(alarms: readonly Alarm[]): Alarm[] {
  const place = (one: Alarm): number => (ORDER.includes(one.code) ? ORDER.indexOf(one.code) : ORDER.length);
  return [...alarms].sort((a, b) => Number(a.seen !== null) - Number(b.seen !== null) || place(a) - place(b) || a.since.localeCompare(b.since));
}

/** Changes when what is shown must change: a screen reader hears an alarm once, not at each look. */
export const fingerprint = (alarms: readonly Alarm[]): string => JSON.stringify(alarms.map((one) => [one.id, one.seen !== null, COUNTING.has(one.code) ? null : one.data]));

const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** An alarm in words. One that nobody has words for is shown by its code, never hidden. */
export function sayAlarm({ code, data }: Alarm): string {
  const name = String(data['name'] ?? '');
  switch (code) {
    case 'life.unseen':
      return t('{n} reports of a life in danger that nobody has looked at', { n: count(data['count']) });
    case 'volunteer.silent':
      return data['team']
        ? t('The team {team} is silent: no sign of life of {code}', { team: String(data['team']), code: String(data['volunteer'] ?? '') })
        : t('{code} is silent: a sign of life is overdue', { code: String(data['volunteer'] ?? '') });
    case 'gateway.silent':
      return t('The gateway {name} is silent', { name });
    case 'gateway.refused':
      return t('The gateway {name}: {n} requests were turned away', { name, n: count(data['count']) });
    case 'spool.filling':
      return t('The store of waiting messages is {share} full', { share: share(count(data['bytes']) / (count(data['limit']) || 1)) });
    case 'spool.full':
      return t('The store of waiting messages is full: gateways are turned away');
    case 'outbox.cap':
      return t('The day’s limit of messages is used up: {used} of {cap} parts', { used: count(data['used']), cap: count(data['cap']) });
    case 'outbox.stuck':
      return t('{n} messages have waited for a gateway for more than five minutes', { n: count(data['waiting']) });
    case 'forms.no_key':
      return t('{n} encrypted answers of the form {name} wait for a key', { n: count(data['count']), name: String(data['form'] ?? '') });
    default:
      return code.replaceAll(/[._]/g, ' ');
  }
}

const share = (value: number): string => num(Math.min(1, value), { style: 'percent' });

/** Where a person does something about it. */
export function wayOf({ code, emergency, data }: Alarm): string {
  if (code === 'forms.no_key') return `/forms/${encodeURIComponent(String(data['form'] ?? ''))}/submissions`;
  if (code === 'life.unseen') return `/inbox?show=life${emergency ? `&emergency=${encodeURIComponent(emergency)}` : ''}`;
  if (code === 'volunteer.silent') return '/queue';
  return '/messages';
}

/** What is said while the server or its database is away; null while all is well. */
export function saySight(sight: Sight): string | null {
  if (sight.state === 'clear') return null;
  if (sight.state === 'away') return t('The server cannot be reached: alarms do not come through.');
  const { spool } = sight;
  if (!spool) return t('The database is away: what you see may be old.');
  if (spool.share >= 1) return t('The database is away, and the store of waiting messages is full: gateways are turned away.');
  const kept = t('The database is away. Messages are kept on disk; the store is {share} full.', { share: share(spool.share) });
  return spool.records ? `${kept} ${t('{n} wait.', { n: spool.records })}` : kept;
}
