/** Short notices at the edge of the page, read out by screen readers. */
import { h } from './dom.ts';
import { t } from './i18n.ts';

export type Tone = 'info' | 'good' | 'bad';

/** Show a notice for some seconds; a bad one stays until it is closed. */
export function toast(text: string, tone: Tone = 'info'): void {
  let shelf = document.querySelector<HTMLElement>('.toasts');
  if (!shelf) document.body.append((shelf = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' })));
  const close = h('button', { type: 'button', class: 'toast__close', 'aria-label': t('Close') }, '×');
  const one = h('div', { class: `toast toast--${tone}` }, h('span', {}, text), close);
  close.addEventListener('click', () => one.remove());
  shelf.append(one);
  while (shelf.children.length > 3) shelf.firstElementChild?.remove();
  if (tone !== 'bad') setTimeout(() => one.remove(), 6000);
}
