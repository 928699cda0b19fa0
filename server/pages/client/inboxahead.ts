/** Questions asked one at a time: the one that is shown, those fetched ahead of it, and those answered, which do not come again at once. */
import { ApiError, ask } from './api.ts';
import { newKey } from './calls.ts';
import { whyNot } from './forms.ts';

type Post = (path: string, body: Record<string, unknown>) => Promise<unknown>;

const AHEAD = 3;
const HAVE_MOST = 20;
const LOOK_AGAIN_MS = 15_000;
/** So long an answered one is not shown again: an answer may wait for the network, and "not sure" leaves it to others. */
const REST_MS = 30 * 60_000;

export class Ahead<T extends { id: string }> {
  current: T | null = null;
  asking = false;
  failed = '';
  /** This open page: what it is given nobody else is. */
  private readonly desk = newKey(Date.now());
  private ahead: T[] = [];
  private readonly answered = new Map<string, number>();
  private readonly path: string;
  private readonly emergency: string | null;
  private readonly show: (one: T | null) => void;
  private readonly post: Post;

  constructor(path: string, emergency: string | null, show: (one: T | null) => void, post: Post = async (to, body) => (await ask(to, { method: 'POST', body, stay: true })).data) {
    this.path = path;
    this.emergency = emergency;
    this.show = show;
    this.post = post;
  }

  /** Fetch what is missing, now and whenever nothing is there. */
  begin(): void {
    setInterval(() => !this.current && navigator.onLine && void this.take(), LOOK_AGAIN_MS);
    void this.take();
    this.show(null);
  }

  async take(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      const have = [...this.held(), ...this.resting().reverse()].slice(0, HAVE_MOST);
      const { items } = (await this.post(this.path, { desk: this.desk, have, most: AHEAD, ...(this.emergency ? { emergency: this.emergency } : {}) })) as { items: T[] };
      this.failed = '';
      const known = new Set([...this.held(), ...this.resting()]);
      this.ahead.push(...items.filter((one) => !known.has(one.id)));
    } catch (error) {
      this.failed = whyNot(error as ApiError);
    } finally {
      this.asking = false;
    }
    if (this.current) return;
    if (this.ahead.length) this.next();
    else this.show(null);
  }

  /** The one that is shown is answered, or left to others. */
  done(): void {
    if (this.current) this.answered.set(this.current.id, Date.now());
    this.next();
  }

  /** Show an answered one again, before the one that is shown now. */
  back(one: T): void {
    if (this.current) this.ahead.unshift(this.current);
    this.answered.delete(one.id);
    this.current = one;
    this.show(one);
  }

  private next(): void {
    this.current = this.ahead.shift() ?? null;
    if (this.ahead.length < 2) void this.take();
    this.show(this.current);
  }

  private held(): string[] {
    return [...(this.current ? [this.current.id] : []), ...this.ahead.map((one) => one.id)];
  }

  /** Those answered of late, the newest last. */
  private resting(): string[] {
    const since = Date.now() - REST_MS;
    for (const [id, at] of this.answered) if (at < since) this.answered.delete(id);
    return [...this.answered.keys()];
  }
}
