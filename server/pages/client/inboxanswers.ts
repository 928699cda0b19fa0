/**
 * What a person has answered, on its way to the server: kept sealed in this browser first, sent in order, let go when it is
 * acknowledged. The next message never waits for the one before it.
 */
import { ApiError, ask } from './api.ts';
import { newKey } from './calls.ts';
import { whyNot } from './forms.ts';
import type { Shelf } from './sealed.ts';

export interface Answer {
  key: string;
  /** The report or record that it is about. */
  of: string;
  path: string;
  body: Record<string, unknown>;
  /** The record's version that was seen, for `If-Match`. */
  match?: number;
  /** The record moves under one's hands (voices come): what a person says of it holds for its newest version too. */
  insist?: boolean;
}
export interface Ways {
  done(answer: Answer, data: Record<string, unknown>): void;
  /** The server will not have it: in words, with what it says stands now. */
  refused(answer: Answer, words: string, error: ApiError): void;
  changed(): void;
}
type Sender = (answer: Answer) => Promise<Record<string, unknown>>;

const NAME = 'answer:';
const FIRST_MS = 1000;
const LONGEST_MS = 15_000;
const WORTH_ANOTHER_TRY = new Set([0, 408, 425, 429]);

export class Answers {
  private readonly shelf: Shelf;
  private readonly ways: Ways;
  private readonly post: Sender;
  private readonly waiting = new Map<string, Answer>();
  private flying: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  cut = false;
  signedOut = false;
  /** This browser keeps nothing: closing the page would lose what waits. */
  memoryOnly = false;

  constructor(shelf: Shelf, ways: Ways, post: Sender = postAnswer) {
    this.shelf = shelf;
    this.ways = ways;
    this.post = post;
    for (const [name, one] of shelf.all<Answer>(NAME)) this.waiting.set(name.slice(NAME.length), one);
  }

  /** What the server has not acknowledged, oldest first. */
  get unsent(): Answer[] {
    return [...this.waiting.values()];
  }

  keep(answer: Omit<Answer, 'key'>, now = Date.now()): Answer {
    const kept = { ...answer, key: newKey(now) };
    this.put(kept);
    this.ways.changed();
    void this.pump();
    return kept;
  }

  /** Take an answer back before it has left; false when it is too late for that. */
  takeBack(key: string): boolean {
    if (this.flying === key || !this.waiting.has(key)) return false;
    this.drop(key);
    this.ways.changed();
    return true;
  }

  /** What waits about a report was said of another version than the one that stands now. */
  renew(of: string, version: number): void {
    for (const one of this.unsent) if (one.of === of && one.key !== this.flying && 'version' in one.body) this.put({ ...one, body: { ...one.body, version } });
  }

  async pump(): Promise<void> {
    clearTimeout(this.timer);
    if (this.flying) return;
    for (let next = this.unsent[0]; next; next = this.unsent[0]) {
      this.flying = next.key;
      const goOn = await this.one(next);
      this.flying = null;
      if (!goOn) break;
    }
    this.ways.changed();
  }

  private async one(answer: Answer): Promise<boolean> {
    try {
      const data = await this.post(answer);
      this.tries = 0;
      this.cut = this.signedOut = false;
      this.drop(answer.key);
      this.ways.done(answer, data);
    } catch (thrown) {
      const error = thrown instanceof ApiError ? thrown : new ApiError(0, 'broken', String(thrown));
      const { status } = error;
      if (status === 401 || status >= 500 || WORTH_ANOTHER_TRY.has(status)) {
        this.signedOut = status === 401;
        this.cut = !this.signedOut;
        this.timer = setTimeout(() => void this.pump(), Math.min(LONGEST_MS, FIRST_MS * 2 ** this.tries));
        this.tries = Math.min(this.tries + 1, 10);
        return false;
      }
      const version = versionNow(error);
      if (status === 412 && answer.insist && version !== null && version !== answer.match) {
        this.put({ ...answer, match: version });
        return true;
      }
      this.drop(answer.key);
      this.ways.refused(answer, whyNot(error), error);
    }
    return true;
  }

  private put(answer: Answer): void {
    this.waiting.set(answer.key, answer);
    this.memoryOnly = !this.shelf.put(NAME + answer.key, answer) || this.memoryOnly;
  }

  private drop(key: string): void {
    this.waiting.delete(key);
    this.shelf.drop(NAME + key);
  }
}

function versionNow(error: ApiError): number | null {
  const current = error.body['current'] as { version?: unknown; properties?: { version?: unknown } } | undefined;
  const version = current?.properties?.version ?? current?.version;
  return typeof version === 'number' ? version : null;
}

async function postAnswer({ path, body, match }: Answer): Promise<Record<string, unknown>> {
  const ifMatch = match === undefined ? null : `"${match}"`;
  return (await ask<Record<string, unknown>>(path, { method: 'POST', body, ifMatch, stay: true })).data;
}
