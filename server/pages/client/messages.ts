/** Text messages: gateways, duty, outbox. Forms whose fields stand for parts of one JSON object. */
import { readConfig } from './config.ts';
import { byId } from './dom.ts';
import { follow } from './follow.ts';
import { serveForms, type Body } from './forms.ts';
import { gatewayBody, gatewayChange, dutyBody } from './messagebodies.ts';
import { t } from './i18n.ts';
import { Living } from './living.ts';
import { serveDialogs, showOnce } from './once.ts';

readConfig();

const living = new Living(byId('live'), { rest: 3000, every: 15_000, busy: () => Boolean(document.querySelector('#live details.more[open]')) });
follow(['gateway', 'alarm', 'message', 'duty'], () => living.stir());
serveDialogs();
serveForms({ before, after });

for (const select of document.querySelectorAll<HTMLSelectElement>('[data-shows]')) {
  const show = (): void => {
    for (const part of select.form!.querySelectorAll<HTMLElement>('[data-for]')) part.hidden = !part.dataset['for']!.split(' ').includes(select.value);
  };
  select.addEventListener('change', show);
  show();
}

function before(form: HTMLFormElement, body: Body): Body | null {
  const make = form.dataset['make'];
  try {
    if (make === 'gateway') return gatewayBody(seen(form, body));
    if (make === 'change') return gatewayChange(body);
    if (make === 'duty') return dutyBody(body, Date.now());
  } catch (error) {
    const fault = form.querySelector<HTMLElement>('.form__error')!;
    fault.textContent = (error as Error).message;
    fault.hidden = false;
    return null;
  }
  return make === 'end-duty' ? { ended: true } : body;
}

/** Only what the chosen kind shows is sent. */
function seen(form: HTMLFormElement, body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !form.querySelector(`[name^="${CSS.escape(name)}"]`)?.closest('[data-for][hidden]')));
}

async function after(form: HTMLFormElement, answer: unknown): Promise<void> {
  const made = (answer ?? {}) as { secret?: string; url?: string };
  const dialog = form.dataset['make'] === 'renew' ? byId<HTMLDialogElement>('new-secret') : form.closest('dialog');
  form.closest('details')?.removeAttribute('open');
  if (made.url && dialog) {
    if (!dialog.open) dialog.showModal();
    showOnce(dialog.querySelector<HTMLElement>('[data-once]')!, made.url, t('The address that the gateway calls'));
  } else dialog?.close();
  if (answer !== null && form.dataset['make'] !== 'renew') {
    form.reset();
    for (const select of form.querySelectorAll('[data-shows]')) select.dispatchEvent(new Event('change'));
  }
  await living.refresh(true);
}
