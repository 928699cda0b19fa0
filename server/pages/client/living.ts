/** The living part of a page: fetched again when something changed, put in place without losing what a person is doing. */
import { learnClock, now, span } from './time.ts';
import { morph } from './morph.ts';
import { t } from './i18n.ts';

export type Pulse = 'waiting' | 'live' | 'stale' | 'offline';

export interface Habits {
  /** At most one fetch in so many milliseconds, however many changes come. */
  rest: number;
  /** Fetch again after so many milliseconds without a change; 0: never by itself. */
  every: number;
  /** While this says so, what came is kept back and announced with a button. */
  busy?: () => boolean;
  /** The part is new: wire what needs wiring. */
  drawn?: (root: HTMLElement) => void;
}

export class Living {
  readonly root: HTMLElement;
  private readonly habits: Habits;
  private tag: string | null = null;
  private running: Promise<void> | null = null;
  private again = false;
  private last = 0;
  private seen = Date.now();
  private failed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private held: string | null = null;

  constructor(root: HTMLElement, habits: Habits) {
    this.root = root;
    this.habits = habits;
    this.habits.drawn?.(root);
    document.addEventListener('visibilitychange', () => !document.hidden && this.stir());
    addEventListener('online', () => this.stir());
    addEventListener('offline', () => this.pulse());
    setInterval(() => this.beat(), 5000);
    this.beat();
  }

  /** Something changed: fetch soon, once for many. */
  stir(): void {
    if (document.hidden || this.timer) return;
    const wait = Math.max(0, this.last + this.habits.rest - Date.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.refresh();
    }, wait);
  }

  /** Fetch now. A call during a fetch makes one more after it. `force` also shows what would be kept back. */
  async refresh(force = false): Promise<void> {
    if (force) {
      // What was kept back, or changed in place, must give way: the whole part is asked for.
      this.held = null;
      this.tag = null;
    }
    if (this.running) {
      this.again = true;
      return this.running;
    }
    this.running = this.fetch(force).finally(() => {
      this.running = null;
    });
    await this.running;
    if (this.again) {
      this.again = false;
      await this.refresh(force);
    }
  }

  private async fetch(force: boolean): Promise<void> {
    this.last = Date.now();
    const headers: Record<string, string> = { 'X-Part': '1', Accept: 'text/html' };
    if (this.tag) headers['If-None-Match'] = this.tag;
    try {
      const answer = await fetch(location.pathname + location.search, { headers, cache: 'no-store', signal: AbortSignal.timeout(20_000) });
      learnClock(answer.headers.get('Date'));
      if (answer.redirected || answer.status === 401) return this.leave();
      if (answer.status !== 304 && !answer.ok) throw new Error(String(answer.status));
      this.seen = Date.now();
      this.failed = false;
      if (answer.status === 304) return;
      this.tag = answer.headers.get('ETag');
      this.take(await answer.text(), force);
    } catch {
      this.failed = true;
    } finally {
      this.pulse();
    }
  }

  private take(html: string, force: boolean): void {
    if (!force && this.habits.busy?.()) {
      this.held = html;
      this.announce();
      return;
    }
    this.put(html);
  }

  private put(html: string): void {
    this.held = null;
    document.getElementById('held-back')?.remove();
    const next = new DOMParser().parseFromString(`<div>${html}</div>`, 'text/html').body.firstElementChild;
    if (!next) return;
    for (const name of this.root.getAttributeNames()) next.setAttribute(name, this.root.getAttribute(name)!);
    morph(this.root, next);
    this.habits.drawn?.(this.root);
  }

  private announce(): void {
    if (document.getElementById('held-back')) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.id = 'held-back';
    button.className = 'button button--main held-back';
    button.textContent = t('Something new has come: show it');
    button.addEventListener('click', () => this.held !== null && this.put(this.held));
    this.root.before(button);
  }

  private leave(): void {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }

  private beat(): void {
    if (this.habits.every && !document.hidden && Date.now() - this.last >= this.habits.every) void this.refresh();
    this.pulse();
  }

  /** How true what one sees is: said in words, not by a colour alone. */
  private pulse(): void {
    const pill = document.getElementById('pulse');
    const text = pill?.querySelector('.pulse__text');
    if (!pill || !text) return;
    const seconds = (Date.now() - this.seen) / 1000;
    const state: Pulse = !navigator.onLine || this.failed ? 'offline' : this.habits.every && seconds * 1000 > this.habits.every * 2 + 15_000 ? 'stale' : 'live';
    const words = state === 'live' ? t('Live') : state === 'stale' ? t('Seen {span} ago', { span: span(seconds) }) : t('Offline for {span}', { span: span(seconds) });
    if (text.textContent !== words) text.textContent = words;
    pill.dataset['state'] = state;
  }
}

/** Keep the times that are still to come true: «4 min left». */
export function countDown(root: ParentNode = document): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[data-left]')) {
    const seconds = (Date.parse(element.dateTime) - now()) / 1000;
    const words = seconds <= 0 ? t('time is up') : seconds < 90 ? t('{n} s left', { n: Math.round(seconds) }) : t('{n} min left', { n: Math.round(seconds / 60) });
    if (element.textContent !== words) element.textContent = words;
    element.classList.toggle('left--short', seconds < 90);
  }
}

/** Filters act as soon as they are chosen; their button is for browsers without modules. */
export function actOnChoice(): void {
  document.documentElement.classList.add('js');
  document.addEventListener('change', (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>('form[data-look]');
    form?.requestSubmit();
  });
}
