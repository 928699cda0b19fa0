/** A text to the sender of a report, by the report's id: the number is never asked for, and the words are sealed. */
import { ApiError, ask } from './api.ts';
import { newKey } from './calls.ts';
import { h } from './dom.ts';
import { whyNot } from './forms.ts';
import { t } from './i18n.ts';
import { toast } from './toast.ts';

const MOST = 1000;

export function writeTo(report: string): HTMLElement {
  const id = `write-${report}`;
  const words = h('textarea', { class: 'input', id, rows: 2, maxlength: MOST, dir: 'auto' });
  const life = h('input', { type: 'checkbox' });
  const fault = h('p', { class: 'field__error', role: 'alert', hidden: true });
  const send = h('button', { type: 'submit', class: 'button' }, t('Send the text'));
  const form = h(
    'form',
    { class: 'write' },
    h('label', { for: id, class: 'field__label' }, t('Write to the sender')),
    words,
    h('p', { class: 'field__hint' }, t('Others may read it on that phone: no names, no addresses.')),
    h('div', { class: 'row' }, h('label', { class: 'check' }, life, ' ', t('A life hangs on it: pass STOP and quiet hours')), send),
    fault,
  );
  // One key for one text: pressed again after a lost answer it is not sent twice.
  let key = newKey(Date.now());
  words.addEventListener('input', () => (key = newKey(Date.now())));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    event.stopPropagation();
    void go();
  });
  async function go(): Promise<void> {
    const text = words.value.trim();
    if (!text) return words.focus();
    fault.hidden = true;
    send.disabled = true;
    try {
      await ask('/api/messages', { method: 'POST', key, body: { report, words: text, life: life.checked } });
      toast(t('The text is on its way'), 'good');
      words.value = '';
      key = newKey(Date.now());
    } catch (error) {
      fault.textContent = whyNot(error as ApiError);
      fault.hidden = false;
    } finally {
      send.disabled = false;
    }
  }
  return form;
}
