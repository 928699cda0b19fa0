/**
 * Calls on their way to the server. A call is kept (sealed, in this browser) before anything is sent, goes out in the order of
 * typing with a key of its own, and is let go only when the server has acknowledged it: nothing is lost, nothing kept twice.
 */
import type { Shelf } from './sealed.ts';

export interface Place {
  name: string;
  name_fa: string | null;
  kind: string;
  province: string;
  province_fa: string;
  lat: number;
  lon: number;
  accuracy_m: number;
  read?: boolean;
}
export interface Told {
  people?: number;
  urgency?: 'life';
  place?: Place;
}
/** The body of `POST /api/reports`. */
export interface CallBody {
  channel: 'hotline';
  text: string;
  sender?: string;
  emergency?: string;
  told?: Told;
}
export interface Call {
  /** The Idempotency-Key; its beginning is the time, so that keys sort as the calls were typed. */
  key: string;
  at: string;
  body: CallBody;
  /** Why the server will not have it as it is: a person must look. */
  refused?: string;
}
export interface Receipt {
  id: string;
  receipt: string;
}
/** What became of a try: the receipt; a refusal in words; or not now (`signedOut`: until the person signs in again). */
export type Outcome = { receipt: Receipt } | { refused: string } | { later: true; signedOut?: boolean };

export interface Ways {
  send(call: Call): Promise<Outcome>;
  /** A call was acknowledged. */
  done(call: Call, receipt: Receipt): void;
  /** The list or the state changed. */
  changed(): void;
}

const FIRST_MS = 1000;
const LONGEST_MS = 15_000;
const CALL = 'call:';

export class Calls {
  private readonly shelf: Shelf;
  private readonly ways: Ways;
  private readonly waiting = new Map<string, Call>();
  private running = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  /** The person must sign in again before anything goes out. */
  signedOut = false;
  /** The last try found no server. */
  cut = false;
  /** This browser keeps nothing: a reload would lose what waits. */
  memoryOnly = false;

  constructor(shelf: Shelf, ways: Ways) {
    this.shelf = shelf;
    this.ways = ways;
    for (const [name, call] of shelf.all<Call>(CALL)) this.waiting.set(name.slice(CALL.length), call);
  }

  /** Calls that the server has not acknowledged, oldest first. */
  get unsent(): Call[] {
    return [...this.waiting.values()];
  }

  /** Keep a call and send it. It is on the shelf when this returns. */
  keep(body: CallBody, now = new Date()): Call {
    const call: Call = { key: newKey(now.getTime()), at: now.toISOString(), body };
    this.waiting.set(call.key, call);
    this.memoryOnly = !this.shelf.put(CALL + call.key, call) || this.memoryOnly;
    this.ways.changed();
    void this.pump();
    return call;
  }

  /** Send what waits, now. One at a time: the calls of one number stay in their order. */
  async pump(): Promise<void> {
    clearTimeout(this.timer);
    if (this.running) return;
    this.running = true;
    try {
      for (;;) {
        const next = this.unsent.find((one) => !one.refused);
        if (!next || !(await this.one(next))) break;
      }
    } finally {
      this.running = false;
      this.ways.changed();
    }
  }

  /** Whether to go on with the next one. */
  private async one(call: Call): Promise<boolean> {
    const outcome = await this.ways.send(call).catch((): Outcome => ({ later: true }));
    if ('later' in outcome) {
      this.cut = !outcome.signedOut;
      this.signedOut = outcome.signedOut === true;
      this.timer = setTimeout(() => void this.pump(), Math.min(LONGEST_MS, FIRST_MS * 2 ** this.tries));
      this.tries = Math.min(this.tries + 1, 10);
      return false;
    }
    this.tries = 0;
    this.cut = this.signedOut = false;
    // Another tab may have had it acknowledged meanwhile: the answer is the same, and there is nothing more to do.
    if ('refused' in outcome) this.refuse(call, outcome.refused);
    else {
      this.forget(call.key);
      this.ways.done(call, outcome.receipt);
    }
    return true;
  }

  private refuse(call: Call, refused: string): void {
    const marked = { ...call, refused };
    this.waiting.set(call.key, marked);
    this.shelf.put(CALL + call.key, marked);
    this.ways.changed();
  }

  /** Take a refused call out of the list, to be typed anew; undefined when it is gone. */
  takeBack(key: string): Call | undefined {
    const call = this.waiting.get(key);
    if (!call?.refused) return undefined;
    this.forget(key);
    this.ways.changed();
    return call;
  }

  /** Another tab let go of a call or kept one. */
  heard(name: string): void {
    if (!name.startsWith(CALL)) return;
    const key = name.slice(CALL.length);
    const call = this.shelf.all<Call>(name).get(name);
    if (call) this.waiting.set(key, call);
    else if (!this.memoryOnly) this.waiting.delete(key);
    this.ways.changed();
  }

  private forget(key: string): void {
    this.waiting.delete(key);
    this.shelf.drop(CALL + key);
  }
}

/** A UUIDv7 (RFC 9562): `crypto.randomUUID` is missing where the page comes over plain HTTP in a local network. */
export function newKey(ms: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let at = 0; at < 6; at += 1) bytes[at] = Math.floor(ms / 2 ** (8 * (5 - at))) % 256;
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (one) => one.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
