/** The messages that this open page holds: fetched ahead so that nobody waits, given back when nobody is there. */
import { ApiError, ask } from './api.ts';
import { newKey } from './calls.ts';
import { whyNot } from './forms.ts';
import { t } from './i18n.ts';
import type { Item } from './inboxparts.ts';

export interface Taken {
  items: Item[];
  /** Which of those that the page said to have are still its own. */
  kept: string[];
  waits: number;
  life: number;
  some: boolean;
}
export interface Around {
  emergency: string | null;
  /** What is shown now. */
  current(): Item | null;
  /** Reports whose answers are on their way: they are not asked for again. */
  unsent(): ReadonlySet<string>;
  /** What is shown was given to somebody else. */
  lost(): void;
  changed(): void;
}
type Post = (path: string, body: Record<string, unknown>) => Promise<unknown>;

const AHEAD = 4;
const HAVE_MOST = 20;
/** Who touches nothing for so long is not there: her messages go back, for a life may hang on one of them. */
const IDLE_MS = 150_000;

export class Supply {
  /** This open page: what it is given nobody else is. */
  readonly desk = newKey(Date.now());
  ahead: Item[] = [];
  waits: number | null = null;
  life = 0;
  some = true;
  asking = false;
  failed = '';
  private readonly around: Around;
  private readonly post: Post;
  private touched = Date.now();
  private resting = false;

  constructor(around: Around, post: Post = async (path, body) => (await ask(path, { method: 'POST', body, stay: true })).data) {
    this.around = around;
    this.post = post;
  }

  get low(): boolean {
    return this.ahead.length < AHEAD - 1;
  }

  held(): string[] {
    const current = this.around.current();
    return [...(current ? [current.id] : []), ...this.ahead.map((one) => one.id)];
  }

  /** Hold on to what is here and fetch what is missing. */
  async take(): Promise<void> {
    if (this.asking || this.resting) return;
    this.asking = true;
    const mine = this.held();
    const have = [...mine, ...this.around.unsent()].slice(0, HAVE_MOST);
    const { emergency } = this.around;
    try {
      const body = { desk: this.desk, have, most: Math.max(0, AHEAD - this.ahead.length), ...(emergency ? { emergency } : {}) };
      const taken = (await this.post('/api/inbox/take', body)) as Taken;
      this.failed = '';
      this.put(taken, mine);
    } catch (error) {
      const { status } = error as ApiError;
      this.failed = status === 401 ? t('You are signed out. Your answers are kept here.') : whyNot(error as ApiError);
    } finally {
      this.asking = false;
    }
    this.around.changed();
  }

  private put({ items, kept, waits, life, some }: Taken, mine: readonly string[]): void {
    const unsent = this.around.unsent();
    Object.assign(this, { waits: Math.max(0, waits - unsent.size), life, some });
    // While the machine slept or the network was away others were given what this page did not hold on to.
    const gone = new Set(mine.filter((id) => !kept.includes(id)));
    this.ahead = this.ahead.filter((one) => !gone.has(one.id));
    const known = new Set([...this.held(), ...unsent]);
    this.ahead.push(...items.filter((one) => !known.has(one.id)));
    const current = this.around.current();
    if (current && gone.has(current.id) && !current.looked) this.around.lost();
  }

  /** A beat every so often: hold on, or give back when nobody is there. */
  beat(now = Date.now()): void {
    if (now - this.touched > IDLE_MS) this.giveBack();
    else void this.take();
  }

  /** Somebody is here. */
  touch(now = Date.now()): void {
    this.touched = now;
    if (!this.resting) return;
    this.resting = false;
    void this.take();
  }

  private giveBack(): void {
    const reports = this.held();
    if (this.resting || !reports.length) return;
    this.resting = true;
    this.ahead = [];
    void this.post('/api/inbox/release', { desk: this.desk, reports }).catch(() => undefined);
  }

  /** The page is left. */
  leave(): void {
    const csrf = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content;
    const headers = { 'Content-Type': 'application/json', ...(csrf ? { 'X-CSRF-Token': csrf } : {}) };
    const reports = this.held();
    if (reports.length) void fetch('/api/inbox/release', { method: 'POST', keepalive: true, headers, body: JSON.stringify({ desk: this.desk, reports }) });
  }
}
