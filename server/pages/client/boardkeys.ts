/** The board's keys, by their place on the keyboard: the same under a Persian and a Latin layout. */
import type { Bond } from './inboxkeys.ts';
import { t } from './i18n.ts';

export interface Way {
  column: number;
  row: number;
}

const WRITTEN = 'input, select, textarea, [contenteditable], dialog';

/** Columns from the first to the last as they are read, each with the cards that are shown. */
export function columns(): HTMLElement[][] {
  return [...document.querySelectorAll<HTMLElement>('[data-column]')].map((column) => cardsOf(column)).filter((cards) => cards.length);
}

function cardsOf(column: HTMLElement): HTMLElement[] {
  return [...column.querySelectorAll<HTMLElement>('.task')].filter((card) => card.checkVisibility());
}

/** Where one stands after a key. `grid`: how many cards each column holds; sideways the row is kept as far as there is one. Pure. */
export function step(grid: readonly number[], at: Way | null, key: 'up' | 'down' | 'next' | 'before' | 'first' | 'last'): Way | null {
  if (!grid.length) return null;
  if (!at) return { column: 0, row: 0 };
  const size = grid[at.column] ?? 0;
  if (key === 'first') return { column: at.column, row: 0 };
  if (key === 'last') return { column: at.column, row: size - 1 };
  if (key === 'up') return { column: at.column, row: Math.max(0, at.row - 1) };
  if (key === 'down') return { column: at.column, row: Math.min(size - 1, at.row + 1) };
  const column = Math.min(grid.length - 1, Math.max(0, at.column + (key === 'next' ? 1 : -1)));
  return { column, row: column === at.column ? at.row : Math.min(at.row, grid[column]! - 1) };
}

export interface Hands {
  open(card: HTMLElement): void;
  back(card: HTMLElement): void;
  keys(): void;
}

export class Keys {
  private readonly hands: Hands;
  /** The card that has, or had, the focus: it finds it again when it moves to another column. */
  private last: { id: string; column: number; row: number } | null = null;

  constructor(hands: Hands) {
    this.hands = hands;
    document.addEventListener('keydown', (event) => this.pressed(event));
    document.addEventListener('focusin', (event) => {
      const card = (event.target as Element).closest<HTMLElement>('.task');
      if (card) this.keep(card);
    });
  }

  /** The part is new: one card can be reached by Tab, and a card that moved keeps the focus. */
  drawn(): void {
    const known = this.last ? document.getElementById(this.last.id) : null;
    const first = known?.checkVisibility() ? known : document.querySelector<HTMLElement>('.task');
    if (first) first.tabIndex = 0;
    if (!this.last || document.activeElement !== document.body) return;
    if (known) return this.focus(known);
    // It has left the board: its neighbour takes its place.
    const grid = columns();
    const cards = grid[Math.min(this.last.column, grid.length - 1)];
    const next = cards?.[Math.min(this.last.row, cards.length - 1)];
    if (next) this.focus(next);
  }

  private keep(card: HTMLElement): void {
    if (this.last && this.last.id !== card.id) {
      const before = document.getElementById(this.last.id);
      if (before) before.tabIndex = -1;
    }
    card.tabIndex = 0;
    columns().forEach((cards, column) => {
      const row = cards.indexOf(card);
      if (row >= 0) this.last = { id: card.id, column, row };
    });
  }

  private focus(card: HTMLElement): void {
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as Element;
    if (target.closest(WRITTEN)) {
      if (event.code === 'Escape' && target.matches('#rail-find')) this.toCard();
      return;
    }
    if (event.key === '?') return this.does(event, () => this.hands.keys());
    if (event.shiftKey) return;
    const card = target.closest<HTMLElement>('.task');
    const own = card === target;
    switch (event.code) {
      case 'ArrowUp': return this.does(event, () => this.go('up'));
      case 'ArrowDown': return this.does(event, () => this.go('down'));
      case 'ArrowLeft': return this.does(event, () => this.go(rtl() ? 'next' : 'before'));
      case 'ArrowRight': return this.does(event, () => this.go(rtl() ? 'before' : 'next'));
      case 'Home': return this.does(event, () => this.go('first'));
      case 'End': return this.does(event, () => this.go('last'));
      case 'KeyP': return this.does(event, () => document.getElementById('rail-find')?.focus());
      case 'Escape': return card && !own ? this.does(event, () => this.focus(card)) : undefined;
    }
    if (!card || event.repeat) return;
    if (own && (event.code === 'Enter' || event.code === 'NumpadEnter')) this.does(event, () => this.hands.open(card));
    if (event.code === 'KeyB' && card.draggable && card.dataset['state'] !== 'queued') this.does(event, () => this.hands.back(card));
  }

  private does(event: KeyboardEvent, deed: () => void): void {
    event.preventDefault();
    deed();
  }

  private toCard(): void {
    const card = this.last && document.getElementById(this.last.id);
    if (card) this.focus(card);
    else this.go('first');
  }

  private go(key: Parameters<typeof step>[2]): void {
    const grid = columns();
    const card = document.activeElement?.closest<HTMLElement>('.task');
    let at: Way | null = null;
    grid.forEach((cards, column) => {
      const row = card ? cards.indexOf(card) : -1;
      if (row >= 0) at = { column, row };
    });
    if (!at && this.last) {
      const known = document.getElementById(this.last.id);
      if (known?.checkVisibility()) return this.focus(known);
    }
    const to = step(grid.map((cards) => cards.length), at, key);
    if (to) this.focus(grid[to.column]![to.row]!);
  }
}

const rtl = (): boolean => document.documentElement.dir === 'rtl';

/** All keys in words. */
export function bonds(): Bond[] {
  const nothing = (): void => undefined;
  const said: [string, string][] = [
    ['↑ ↓', t('The card above, the card below')],
    ['← →', t('The column beside')],
    ['Home End', t('The first and the last card of the column')],
    ['Enter', t('Open: who can be sent')],
    ['1 … 9', t('In the open list: choose that candidate; Enter sends them')],
    ['B', t('Back to the queue')],
    ['P', t('Find somebody among the people')],
    ['Esc', t('Close, or back to the card')],
    ['?', t('These keys')],
  ];
  return said.map(([shown, says]) => ({ codes: '', shown, says, does: nothing }));
}
