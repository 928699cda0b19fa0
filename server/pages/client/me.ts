/** A volunteer's phone: small, patient with a slow link, and plain about what was lost. */
import { ApiError, ask, type Wish } from './api.ts';
import { readConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { serveForms } from './forms.ts';
import { t } from './i18n.ts';
import { hear } from './mehear.ts';
import { countDown, Living } from './living.ts';
import { ago, dateTime } from './time.ts';
import { toast } from './toast.ts';

readConfig();

const HEARTBEAT_MS = 90_000;
let asking = false;
let renew = (): void => {};
const living = new Living(byId('live'), { rest: 1000, every: 30_000, drawn, busy: writing });
renew = hear({ now: () => void living.refresh(), soon: () => living.stir(), perhaps: () => void perhaps() });
setInterval(countDown, 1000);
setInterval(() => void beat(), HEARTBEAT_MS);
document.addEventListener('visibilitychange', () => !document.hidden && void beat());
serveForms({
  after: async (form, _, refused) => {
    const task = form.closest<HTMLElement>('[data-task]')?.dataset['task'];
    await living.refresh(true);
    // The shelf holds less than the task names: what was really loaded is asked for.
    const load = refused?.code === 'stock.short' ? document.querySelector<HTMLDetailsElement>(`#load-${task}`) : null;
    if (load) {
      load.open = true;
      load.querySelector('input[type="number"]')?.scrollIntoView({ block: 'center' });
    }
  },
});

function drawn(root: HTMLElement): void {
  countDown(root);
  const here = document.getElementById('here');
  if (here) here.hidden = !('geolocation' in navigator);
  renew();
}

/** A note half written or a reason being chosen is not redrawn under the person's finger. */
function writing(): boolean {
  const at = document.activeElement;
  return at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement || (at instanceof HTMLInputElement && at.type === 'number');
}

/** What was accepted is kept while this page is open; what was only taken must be accepted by a person. */
async function beat(): Promise<void> {
  if (document.hidden) return;
  for (const mine of document.querySelectorAll<HTMLElement>('[data-task]')) {
    const { task, fence, state } = mine.dataset;
    if (state !== 'accepted' && state !== 'en_route' && state !== 'escalated') continue;
    try {
      await ask(`/api/tasks/${task}/heartbeat`, { method: 'POST', body: { fence: Number(fence) } });
    } catch (error) {
      // Without a network the countdown goes on and says so; a lost lease is told by the page itself.
      if ((error as ApiError).status !== 409) return;
    }
  }
  await living.refresh();
}

document.addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement;
  const { claim: queue, take: task } = form.dataset;
  if (event.defaultPrevented) return;
  const key = String(new FormData(form).get('key') ?? '');
  let wanted: [string, Wish] | null = null;
  if (queue) wanted = [`/api/queues/${queue}/claim`, { body: { max: 1 }, key: `me:${queue}:${key}` }];
  else if (task) wanted = [`/api/tasks/${task}/claim`, { body: {} }];
  else if ('next' in form.dataset) wanted = ['/api/dispatch/next', { body: {}, key: `me:next:${key}` }];
  if (!wanted) return;
  event.preventDefault();
  void claim(form, ...wanted);
});

/** Take one: the best, one of a queue, or this very one. */
async function claim(form: HTMLFormElement, path: string, wish: Wish): Promise<void> {
  form.setAttribute('aria-busy', 'true');
  try {
    const { data } = await ask<{ tasks: { id: string }[] }>(path, { method: 'POST', ...wish });
    if (!data.tasks.length) toast(t('Nothing waits here now: somebody was quicker.'));
    await living.refresh(true);
    const taken = data.tasks[0] && document.getElementById(`mine-${data.tasks[0].id}`);
    taken?.scrollIntoView({ block: 'start' });
  } catch (error) {
    toast(t('Not now: {why}', { why: (error as ApiError).message }), 'bad');
    await living.refresh(true);
  } finally {
    form.removeAttribute('aria-busy');
    delete form.dataset['sent'];
  }
}

/** Something was given or offered to somebody at the centre: only when it is hers is the page fetched. */
async function perhaps(): Promise<void> {
  // In a storm some go unasked: the page looks a little later anyway.
  if (asking) return;
  asking = true;
  try {
    const { data } = await ask<{ mark: string }>('/me/mark', { stay: true });
    if (data.mark !== byId('hears').dataset['mark']) await living.refresh();
  } catch {
    // The page looks again by itself.
  } finally {
    asking = false;
  }
}

interface Voice {
  text: string;
  channel: string;
  received_at: string;
}

document.addEventListener('click', (event) => {
  const target = event.target as Element;
  const link = target.closest<HTMLAnchorElement>('[data-voices]');
  if (link) {
    event.preventDefault();
    void voices(link.dataset['voices']!);
  }
  const words = target.closest<HTMLAnchorElement>('[data-note]');
  if (words) {
    event.preventDefault();
    void note(words.dataset['note']!);
  }
  if (target.closest('#here')) here();
});

/** Words are fetched when asked for, because each look is put down. Pressed again they are gone. */
async function open(shelf: HTMLElement, words: () => Promise<(Node | null)[]>): Promise<void> {
  if (!shelf.hidden) {
    shelf.hidden = true;
    fill(shelf);
    return;
  }
  shelf.hidden = false;
  fill(shelf, h('p', { class: 'state state--loading' }, t('Loading')));
  try {
    fill(shelf, ...(await words()), h('p', { class: 'field__hint' }, t('That you read this is written in the audit.')));
  } catch (error) {
    fill(shelf, h('p', { class: 'note note--bad', role: 'alert' }, (error as ApiError).message));
  }
}

/** What a colleague wrote for who is to take over. */
function note(offer: string): Promise<void> {
  return open(byId(`note-${offer}`), async () => {
    const { data } = await ask<{ note: string | null }>(`/api/offers/${offer}/note`);
    return [h('blockquote', { class: 'said', dir: 'auto' }, data.note || t('No words came with it.'))];
  });
}

/** What people said of a task, and the way to the exact place. */
function voices(task: string): Promise<void> {
  return open(byId(`voices-${task}`), async () => {
    const { data } = await ask<{ items: Voice[]; exact?: { lat: number; lon: number } | null }>(`/api/tasks/${task}/voices`);
    const said = data.items.flatMap((one) => [
      h('blockquote', { class: 'said', dir: 'auto' }, one.text || t('No words came with it.')),
      h('p', { class: 'said__who' }, h('time', { datetime: one.received_at, title: dateTime(one.received_at), 'data-ago': true }, ago(one.received_at))),
    ]);
    const { exact } = data;
    const way = exact ? h('a', { class: 'button button--big', href: `geo:${exact.lat.toFixed(5)},${exact.lon.toFixed(5)}?z=17` }, t('The way to the exact place')) : null;
    return [...(said.length ? said : [h('p', {}, t('No words came with it.'))]), way];
  });
}

/** Where the phone is, sent once because a person pressed the button; the server keeps a kilometre square of it. */
function here(): void {
  navigator.geolocation.getCurrentPosition(
    async ({ coords }) => {
      try {
        await ask('/api/volunteers/me/position', { method: 'POST', body: { lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.min(100_000, Math.round(coords.accuracy)) } });
        toast(t('Your centre sees roughly where you are, for a while.'), 'good');
      } catch (error) {
        toast((error as ApiError).message, 'bad');
      }
    },
    (error) => toast(error.code === error.PERMISSION_DENIED ? t("This device may not tell where it is: allow it in the browser's settings.") : t('This device does not tell where it is.'), 'bad'),
    { enableHighAccuracy: false, timeout: 20_000, maximumAge: 300_000 },
  );
}
