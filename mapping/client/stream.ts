/** The live stream: resumes where it was cut, gathers changes, and knows how old what one sees is. */
import { Reader, type Message } from './sse.ts';
import type { Change } from './types.ts';

export type Freshness = { state: 'waiting' | 'live' | 'stale' | 'offline'; seconds: number };

/** The server pings every ten seconds: silence beyond this many milliseconds is stale, and beyond the next is cut. */
const STALE_MS = 15_000;
const CUT_MS = 25_000;
/** A connection that has not begun within this is given up: after a sleep or a frozen server it might hang for minutes. */
const BEGIN_MS = 12_000;
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

/** A moment by the wall and by the page: the one goes on while a laptop sleeps, the other cannot be set back. */
interface Clock {
  wall: number;
  page: number;
}
const clock = (wall: number = Date.now()): Clock => ({ wall, page: performance.now() });
const since = (then: Clock, now: Clock = clock()): number => Math.max(now.wall - then.wall, now.page - then.page, 0);

export class Stream {
  private last: string | null = null;
  /** The last sign of life, and from when on what is shown may be behind the truth, by two clocks (`Clock`). */
  private heard: Clock | null = null;
  private behind: { seconds: number; at: Clock } | null = null;
  private begun: Clock | null = null;
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

  freshness(wall: number = Date.now()): Freshness {
    if (!this.heard) return { state: navigator.onLine ? 'waiting' : 'offline', seconds: 0 };
    const now = clock(wall);
    const silent = since(this.heard, now) / 1000;
    // What the server says of itself: nothing that happens gets a number, or it has lost the house.
    const behind = this.behind ? this.behind.seconds + since(this.behind.at, now) / 1000 : 0;
    const seconds = Math.max(silent, behind);
    if (!navigator.onLine || this.tries > 3) return { state: 'offline', seconds };
    return { state: behind || silent * 1000 > STALE_MS ? 'stale' : 'live', seconds };
  }

  /** Connect anew at once, from where it is: what is to be heard has changed. */
  renew(): void {
    if (this.stop && !this.stop.signal.aborted) this.reconnect(0);
  }

  private async connect(): Promise<void> {
    this.stop?.abort();
    const mine = (this.stop = new AbortController());
    this.begun = clock();
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.last) headers['Last-Event-ID'] = this.last;
    try {
      const answer = await fetch(typeof this.path === 'string' ? this.path : this.path(), { headers, signal: mine.signal, cache: 'no-store' });
      if (answer.status === 401) return this.leave();
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      this.begun = null;
      this.heard = clock();
      this.tries = 0;
      const reader = new Reader();
      const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await pieces.read();
        if (done) break;
        this.heard = clock();
        for (const message of reader.push(value)) this.take(message);
        this.told(reader);
        this.last = reader.lastId ?? this.last;
      }
    } catch {
      if (mine === this.stop) this.begun = null;
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
    if (!this.stop || this.stop.signal.aborted) return;
    if (this.begun) {
      if (since(this.begun) <= BEGIN_MS) return;
      // Aborted here, so that it does not come back by itself as well.
      this.begun = null;
      this.stop.abort();
      return this.reconnect();
    }
    if (this.heard && since(this.heard) > CUT_MS && this.tries === 0) this.reconnect(0);
  }

  private told(reader: Reader): void {
    if (reader.behind === null) return;
    this.behind = reader.behind ? { seconds: reader.behind, at: clock() } : null;
    reader.behind = null;
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
