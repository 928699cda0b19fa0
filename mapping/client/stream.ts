/** The live stream: resumes where it was cut, gathers changes, and knows how old what one sees is. */
import { Reader, type Message } from './sse.ts';
import type { Change } from './types.ts';

export type Freshness = { state: 'waiting' | 'live' | 'stale' | 'offline'; seconds: number };

/** The server pings every ten seconds: silence beyond this many milliseconds is stale, and beyond the next is cut. */
const STALE_MS = 15_000;
const CUT_MS = 25_000;
const GATHER_MS = 250;
const HIDDEN_MS = 120_000;

export interface Ears {
  /** Changes of the last quarter second, each record once, in order of their first change. */
  changes(batch: Change[]): void;
  /** What is in hand may be wrong from here on: ask for everything again. */
  reset(): void;
}

/** Whoever else on the page wants to hear: one connection a page is enough. They are told after the page's own ears. */
export const onlookers = new Set<(batch: Change[]) => void>();
let streams = 0;
/** Whether the page has a stream of its own. */
export const listening = (): boolean => streams > 0;

export class Stream {
  private last: string | null = null;
  private heard = 0;
  private tries = 0;
  private stop: AbortController | null = null;
  private batch = new Map<string, Change>();
  private gathering: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private readonly path: string | (() => string);
  private readonly ears: Ears;

  /** `path` may be asked anew at each connection. */
  constructor(path: string | (() => string), ears: Ears) {
    this.path = path;
    this.ears = ears;
  }

  start(): void {
    streams += 1;
    addEventListener('online', () => this.reconnect(0));
    document.addEventListener('visibilitychange', () => this.visibility());
    setInterval(() => this.watch(), 5000);
    void this.connect();
  }

  freshness(now: number = Date.now()): Freshness {
    if (!this.heard) return { state: navigator.onLine ? 'waiting' : 'offline', seconds: 0 };
    const seconds = (now - this.heard) / 1000;
    if (!navigator.onLine || this.tries > 3) return { state: 'offline', seconds };
    return { state: seconds * 1000 > STALE_MS ? 'stale' : 'live', seconds };
  }

  /** Connect anew at once, from where it is: what is to be heard has changed. */
  renew(): void {
    if (this.stop && !this.stop.signal.aborted) this.reconnect(0);
  }

  private async connect(): Promise<void> {
    this.stop?.abort();
    const mine = (this.stop = new AbortController());
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.last) headers['Last-Event-ID'] = this.last;
    try {
      const answer = await fetch(typeof this.path === 'string' ? this.path : this.path(), { headers, signal: mine.signal, cache: 'no-store' });
      if (answer.status === 401) return this.leave();
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      this.heard = Date.now();
      this.tries = 0;
      const reader = new Reader();
      const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await pieces.read();
        if (done) break;
        this.heard = Date.now();
        for (const message of reader.push(value)) this.take(message);
        this.last = reader.lastId ?? this.last;
      }
    } catch {
      // A cut is the ordinary case in a flood: the clock says so, and the next try follows.
    }
    if (mine === this.stop && !mine.signal.aborted) this.reconnect();
  }

  private leave(): void {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`);
  }

  private reconnect(delay = Math.min(30_000, 1000 * 2 ** this.tries) * (0.5 + Math.random())): void {
    this.tries += 1;
    clearTimeout(this.again);
    this.again = setTimeout(() => void this.connect(), delay);
  }

  private watch(): void {
    if (this.heard && this.stop && !this.stop.signal.aborted && Date.now() - this.heard > CUT_MS && this.tries === 0) this.reconnect(0);
  }

  /** A forgotten tab gives its connection back; it resumes by number when it is looked at again. */
  private visibility(): void {
    clearTimeout(this.hiding);
    if (document.hidden) this.hiding = setTimeout(() => this.stop?.abort(), HIDDEN_MS);
    else if (this.stop?.signal.aborted) this.reconnect(0);
  }

  private take(message: Message): void {
    if (message.id) this.last = message.id;
    if (message.event === 'reset') {
      this.batch.clear();
      this.ears.reset();
      return;
    }
    let body: Partial<Change>;
    try {
      body = JSON.parse(message.data) as Partial<Change>;
    } catch {
      return;
    }
    if (!body.id || !body.type) return;
    const key = `${body.type}:${body.id}`;
    this.batch.set(key, { seq: Number(body.seq), verb: message.event, type: body.type, id: body.id, emergency: body.emergency ?? null });
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      const batch = [...this.batch.values()];
      this.batch.clear();
      if (!batch.length) return;
      this.ears.changes(batch);
      for (const one of onlookers) one(batch);
    }, GATHER_MS);
  }
}
