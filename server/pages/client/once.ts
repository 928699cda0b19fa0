/** A secret that is shown once, to be copied; it is gone when its dialog is left. */
import { fill, h } from './dom.ts';
import { t } from './i18n.ts';
import { toast } from './toast.ts';

/** Show it in the box, with what else must be said beneath. */
export function showOnce(box: HTMLElement, secret: string, label: string, ...beneath: (Node | null)[]): void {
  const field = h('input', { class: 'input', readonly: true, value: secret, dir: 'ltr', 'aria-label': label });
  const copy = h('button', { type: 'button', class: 'button button--main' }, t('Copy'));
  copy.addEventListener('click', async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(secret);
      toast(t('Copied'), 'good');
    } catch {
      toast(t('Marked: copy it with your keyboard.'));
    }
  });
  fill(box, h('p', { class: 'note note--warn', role: 'status' }, t('Shown once: when this page is left, nobody can see it again.')), h('div', { class: 'once__row' }, field, copy), ...beneath);
  box.hidden = false;
  field.focus();
  field.select();
}

/** Dialogs: what opens them, what closes them, and that no secret stays in one. */
export function serveDialogs(): void {
  document.addEventListener('click', (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>('[data-dialog]');
    if (opener) (document.getElementById(opener.dataset['dialog']!) as HTMLDialogElement | null)?.showModal();
    if (target.closest('[data-close]') || target instanceof HTMLDialogElement) target.closest('dialog')?.close();
  });
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('close', () => {
      for (const box of dialog.querySelectorAll<HTMLElement>('[data-once]')) {
        fill(box);
        box.hidden = true;
      }
    });
  }
}
