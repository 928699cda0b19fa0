/** The inbox's keys, by their place on the keyboard: the same under a Persian and a Latin layout. */
import { h } from './dom.ts';
import { t } from './i18n.ts';

export interface Bond {
  /** `KeyboardEvent.code`, or several with a blank between them. */
  codes: string;
  /** As it is printed. */
  shown: string;
  says: string;
  does: (digit: number) => void;
}

const WRITTEN = 'input, select, textarea, [contenteditable]';

/** Listen. While somebody writes only Escape is heard, which leads back to the message. */
export function listen(bonds: readonly Bond[], leave: () => void): void {
  const by = new Map(bonds.flatMap((bond) => bond.codes.split(' ').map((code) => [code, bond] as const)));
  document.addEventListener('keydown', (event) => {
    if (event.isComposing || event.metaKey || event.ctrlKey || event.altKey) return;
    const target = event.target as Element;
    if (event.code === 'Escape') return leave();
    if (target.closest(WRITTEN) || target.closest('dialog')) return;
    // Enter and Space press the button or fold that is focused.
    if (['Enter', 'NumpadEnter', 'Space'].includes(event.code) && target.closest('button, a, summary')) return;
    const bond = by.get(event.key === '?' ? '?' : event.code);
    if (!bond || (event.shiftKey && event.key !== '?')) return;
    event.preventDefault();
    // A key that is held down answers one message, not ten.
    if (!event.repeat) bond.does(Number(/\d$/.exec(event.code)?.[0] ?? 0));
  });
}

/** All keys in words, in a dialog. */
export function showKeys(bonds: readonly Bond[]): void {
  const close = h('button', { type: 'button', class: 'button button--main', autofocus: true }, t('Close'));
  const rows = bonds.map((bond) => h('div', { class: 'keys__row' }, h('dt', {}, h('kbd', {}, bond.shown)), h('dd', {}, bond.says)));
  const dialog = h('dialog', { class: 'dialog keys', 'aria-label': t('Keys') }, h('h2', {}, t('Keys')), h('dl', {}, ...rows), close);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** A button with its key on it. */
export function keyed(words: string, key: string, does: () => void, more: Readonly<Record<string, unknown>> = {}): HTMLButtonElement {
  return h('button', { type: 'button', class: 'button', 'aria-keyshortcuts': key, onclick: does, ...more }, words, ' ', h('kbd', { 'aria-hidden': 'true' }, key));
}
