/** Who can be sent, for one task: fetched when it is opened; digits choose, Enter sends. */
import { ApiError } from './api.ts';
import { heldOf, type Deeds } from './boarddeeds.ts';
import { fill, h } from './dom.ts';
import { t } from './i18n.ts';
import { countDown } from './living.ts';

export class Panel {
  private readonly dialog: HTMLDialogElement;
  private readonly body: HTMLElement;

  private readonly deeds: Deeds;

  constructor(dialog: HTMLDialogElement, body: HTMLElement, deeds: Deeds) {
    this.dialog = dialog;
    this.body = body;
    this.deeds = deeds;
    dialog.addEventListener('keydown', (event) => this.pressed(event));
    dialog.addEventListener('click', (event) => {
      const give = (event.target as Element).closest<HTMLElement>('[data-give]');
      if (give) return void this.give(give);
      if (event.target === dialog || (event.target as Element).closest('[data-close]')) this.close();
    });
  }

  close(): void {
    this.dialog.close();
  }

  async show(task: string): Promise<void> {
    fill(this.body, h('p', { class: 'state state--loading' }, t('Loading')));
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const answer = await fetch(`/queue/tasks/${encodeURIComponent(task)}/people`, { headers: { Accept: 'text/html' } }).catch(() => null);
      if (!answer) throw new ApiError(0, 'network', t('The server cannot be reached'));
      if (answer.redirected) return location.assign(answer.url);
      if (!answer.ok) throw new ApiError(answer.status, '', t('This is no longer there'));
      const part = new DOMParser().parseFromString(await answer.text(), 'text/html');
      fill(this.body, ...part.body.childNodes);
      countDown(this.body);
      this.body.querySelector<HTMLElement>('[data-candidate] button, [data-close]')?.focus();
    } catch (error) {
      fill(this.body, h('p', { class: 'state state--error', role: 'alert' }, (error as Error).message), h('button', { type: 'button', class: 'button', 'data-close': true }, t('Close')));
    }
  }

  /** The task of the open list; null while it is closed. */
  get task(): string | null {
    return this.dialog.open ? (this.body.querySelector<HTMLElement>('[data-panel]')?.dataset['panel'] ?? null) : null;
  }

  private async give(button: HTMLElement): Promise<void> {
    const task = heldOf(button.closest<HTMLElement>('[data-panel]')!);
    this.close();
    await this.deeds.give(task, { id: button.dataset['give']!, code: button.dataset['code']!, team: button.dataset['team'] ?? null });
  }

  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || (event.target as Element).closest('input, select, textarea')) return;
    const rows = [...this.body.querySelectorAll<HTMLElement>('[data-candidate]')];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const to = digit ? Number(digit[1]) - 1 : event.code === 'ArrowDown' ? at + 1 : event.code === 'ArrowUp' ? at - 1 : -1;
    const button = rows[to]?.querySelector<HTMLElement>('button');
    if (!button) return;
    event.preventDefault();
    button.focus();
    rows[to]!.scrollIntoView({ block: 'nearest' });
  }
}
