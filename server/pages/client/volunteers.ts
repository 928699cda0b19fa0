/** The volunteers of the centres: who waits first, cards, shifts with their notes, lists from files. */
import { ApiError, ask } from './api.ts';
import { readConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { follow } from './follow.ts';
import { serveForms, whyNot, type Body } from './forms.ts';
import { t } from './i18n.ts';
import { actOnChoice, Living } from './living.ts';
import { serveDialogs } from './once.ts';
import { toast } from './toast.ts';
import { atHome } from './volunteersday.ts';
import { clearCard, openCard } from './volunteerscard.ts';
import { serveLists } from './volunteerslist.ts';

const config = readConfig();
actOnChoice();

const living = new Living(byId('live'), { rest: 1000, every: 60_000 });
follow(['volunteer', 'shift', 'team', 'centre', 'task'], () => living.stir());
serveDialogs();
serveForms({ before, after });
serveLists(() => living.refresh(true));
document.getElementById('card')?.addEventListener('close', clearCard);

document.addEventListener('click', (event) => {
  const target = event.target as Element;
  const card = target.closest<HTMLElement>('[data-card]');
  if (card) openCard(card.closest<HTMLElement>('[data-person]')!);
  const reveal = target.closest<HTMLButtonElement>('[data-reveal]');
  if (reveal) void show(reveal, `/api/volunteers/${reveal.dataset['reveal']}`, byId(`who-${reveal.dataset['reveal']}`), whoOf);
  const note = target.closest<HTMLButtonElement>('[data-note]');
  if (note) void show(note, `/api/shifts/${note.dataset['note']}/note`, byId(`note-${note.dataset['note']}`), (said: { words: string }) => [said.words]);
});

interface Opened {
  properties: { name?: string | null; phone?: string | null };
}

/** Name and number, side by side; each look at them is on record. */
export function whoOf(found: Opened): Node[] {
  const { name, phone } = found.properties;
  const said = [name ? h('bdi', { class: 'revealed__name' }, name) : null, phone ? h('a', { href: `tel:${phone}`, dir: 'ltr' }, phone) : null];
  return said.filter((one) => one !== null);
}

/** Fetch what is sealed and put it into its place; a second press puts it away again. */
async function show<T>(button: HTMLButtonElement, path: string, place: HTMLElement, told: (found: T) => (Node | string)[]): Promise<void> {
  if (place.childNodes.length) {
    fill(place);
    place.hidden = place.classList.contains('note');
    button.setAttribute('aria-expanded', 'false');
    return;
  }
  button.setAttribute('aria-busy', 'true');
  try {
    const { data } = await ask<T>(path);
    const words = told(data);
    fill(place, ...(words.length ? words : [t('Nothing was given')]));
    place.hidden = false;
    button.setAttribute('aria-expanded', 'true');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(whyNot(error), 'bad');
  } finally {
    button.removeAttribute('aria-busy');
  }
}

function list(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function before(form: HTMLFormElement, body: Body): Body | null {
  switch (form.dataset['make']) {
    case 'call-off':
      return { cancelled: true };
    case 'shift': {
      const starts = atHome(Number(body['day']), Number(body['hour']), config.zone ?? 'Asia/Tehran');
      const ends = new Date(starts.getTime() + Number(body['hours']) * 3_600_000);
      return { volunteer: body['volunteer'], work: body['work'], starts_at: starts.toISOString(), ends_at: ends.toISOString() };
    }
    case 'state': {
      const asked: Body = { status: body['status'] };
      if (body['rest'] !== undefined) asked['rest_until'] = body['rest'] === '0' ? null : new Date(Date.now() + Number(body['rest']) * 3_600_000).toISOString();
      if (body['every'] !== undefined) asked['check_every_s'] = body['every'] === '0' ? null : Number(body['every']);
      return asked;
    }
    case 'skills':
      return { skills: list(body['skills']), languages: list(body['languages']), gender: body['gender'] ?? null };
    default:
      return body;
  }
}

async function after(form: HTMLFormElement): Promise<void> {
  form.closest('dialog')?.close();
  form.closest('details')?.removeAttribute('open');
  await living.refresh(true);
}
