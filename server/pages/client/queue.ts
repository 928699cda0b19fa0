/** The dispatch board: lives by the stream, sends people, takes tasks back. */
import { ApiError } from './api.ts';
import { readConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { serveForms } from './forms.ts';
import { t } from './i18n.ts';
import { actOnChoice, countDown, Living } from './living.ts';
import { follow } from './follow.ts';

readConfig();
actOnChoice();

const living = new Living(byId('live'), { rest: 2500, every: 30_000, drawn: countDown, busy: typing });
const people = byId<HTMLDialogElement>('people');
const body = byId('people-body');
setInterval(countDown, 1000);
follow(['task', 'need', 'movement', 'emergency', 'centre'], () => living.stir());
serveForms({
  after: async () => {
    people.close();
    await living.refresh(true);
  },
});

/** Somebody is choosing in a fold of a card: the card must not run away under the finger. */
function typing(): boolean {
  return document.activeElement instanceof HTMLSelectElement;
}

document.addEventListener('click', (event) => {
  const target = event.target as Element;
  const button = target.closest<HTMLElement>('[data-people]');
  if (button) void show(button.dataset['people']!);
  if (target.closest('[data-close]') || target === people) people.close();
});

async function show(task: string): Promise<void> {
  fill(body, h('p', { class: 'state state--loading' }, t('Loading')));
  people.showModal();
  try {
    const answer = await fetch(`/queue/tasks/${encodeURIComponent(task)}/people`, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (!answer) throw new ApiError(0, 'network', t('The server cannot be reached'));
    if (answer.redirected) return location.assign(answer.url);
    if (!answer.ok) throw new ApiError(answer.status, '', t('This is no longer there'));
    const part = new DOMParser().parseFromString(await answer.text(), 'text/html');
    fill(body, ...part.body.childNodes);
    body.querySelector<HTMLElement>('form button, [data-close]')?.focus();
  } catch (error) {
    fill(body, h('p', { class: 'state state--error', role: 'alert' }, (error as Error).message), h('button', { type: 'button', class: 'button', 'data-close': true }, t('Close')));
  }
}
