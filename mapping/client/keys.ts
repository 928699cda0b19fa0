/** The keyboard: everything a coordinator does often, without the mouse. */
import { fill, h } from '@pages/dom.ts';
import { t } from '@pages/i18n.ts';
import type { Key } from './live.ts';

export interface KeyEars {
  find(): void;
  escape(): void;
  next(step: 1 | -1): void;
  filters(): void;
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** `more` are the keys of the map's parts; it may grow later. */
export function listen(ears: KeyEars, help: HTMLDialogElement, more: readonly Key[] = []): void {
  const rows: [string, string][] = [
    ['/', t('Find a code or a place')], ['n', t('Next need')], ['p', t('Need before')], ['f', t('Filters')], ['Esc', t('Close, go back')],
    ['↑ ↓ ← →', t('Move the map or the list')], ['+ −', t('Closer, farther')], ['?', t('Keyboard shortcuts')],
  ];
  const close = h('button', { type: 'button', class: 'button button--main', onclick: () => help.close() }, t('Close'));
  const show = (): void => {
    const all = [...rows, ...more.map((one): [string, string] => [one.shown, one.label])];
    fill(help, h('h2', {}, t('Keyboard shortcuts')), h('dl', { class: 'facts' }, ...all.flatMap(([key, text]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, text)])), close);
    if (!help.open) help.showModal();
  };
  document.getElementById('keys-open')?.addEventListener('click', show);
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.key === 'Escape') return ears.escape();
    if (typing(event.target)) return;
    const own = more.find((one) => one.code === event.code && !!one.shift === event.shiftKey);
    if (own) {
      event.preventDefault();
      return own.act();
    }
    // By place on the keyboard as well as by letter: with a Persian layout the N key writes «د».
    if (event.key === '/' || event.code === 'Slash') {
      event.preventDefault();
      if (event.shiftKey) show();
      else ears.find();
    } else if (event.code === 'KeyN') ears.next(1);
    else if (event.code === 'KeyP') ears.next(-1);
    else if (event.code === 'KeyF') ears.filters();
    else if (event.key === '?') show();
    else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && event.target instanceof HTMLElement && event.target.matches('.list .line')) {
      event.preventDefault();
      const lines = [...document.querySelectorAll<HTMLElement>('.list .line')];
      lines[lines.indexOf(event.target) + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
    }
  });
}
