/** The house: forms that set an operation up, secrets that are shown once. */
import { ask } from './api.ts';
import { circle, slug } from './area.ts';
import { readConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { serveForms, type Body } from './forms.ts';
import { t } from './i18n.ts';
import { Living } from './living.ts';
import { follow } from './follow.ts';
import { serveDialogs, showOnce } from './once.ts';
import { placeField } from './places.ts';

readConfig();

const living = new Living(byId('live'), { rest: 3000, every: 0 });
follow(['emergency', 'centre', 'token', 'account'], () => living.stir());
for (const field of document.querySelectorAll<HTMLElement>('[data-place]')) placeField(field);

for (const source of document.querySelectorAll<HTMLInputElement>('[data-slug]')) {
  const target = document.querySelector<HTMLInputElement>(source.dataset['slug']!)!;
  let own = false;
  target.addEventListener('input', () => (own = target.value !== ''));
  source.addEventListener('input', () => {
    if (!own) target.value = slug(source.value);
  });
}

for (const select of document.querySelectorAll<HTMLSelectElement>('[data-shows]')) {
  const show = (): void => {
    for (const part of select.form!.querySelectorAll<HTMLElement>('[data-for]')) part.hidden = part.dataset['for'] !== select.value;
  };
  select.addEventListener('change', show);
  show();
}

serveDialogs();
serveForms({ before, after });

async function before(form: HTMLFormElement, body: Body): Promise<Body | null> {
  const make = form.dataset['make'];
  if (make === 'emergency') {
    const { lon, lat, radius_km: radius, place_id: _, ...rest } = body;
    return typeof lon === 'number' && typeof lat === 'number' ? { ...rest, area: circle(lon, lat, Number(radius)) } : rest;
  }
  if (make === 'centre' && typeof body['lon'] !== 'number') {
    const fault = form.querySelector<HTMLElement>('.form__error')!;
    fault.textContent = t('Choose its place from the list.');
    fault.hidden = false;
    form.querySelector<HTMLInputElement>('input[role="combobox"]')?.focus();
    return null;
  }
  if (make === 'invite') return invitation(form, body);
  return body;
}

/** A volunteer's account belongs to a volunteer: that record is made first. */
async function invitation(form: HTMLFormElement, { skills: _, gender, ...body }: Body): Promise<Body | null> {
  if (body['role'] !== 'volunteer') return body;
  if (!body['centre']) {
    const fault = form.querySelector<HTMLElement>('.form__error')!;
    fault.textContent = t('A volunteer belongs to a centre: choose one.');
    fault.hidden = false;
    return null;
  }
  const skills = new FormData(form).getAll('skills');
  const { data } = await ask<{ id: string }>('/api/volunteers', { method: 'POST', body: { centre: body['centre'], skills, ...(gender ? { gender } : {}) } });
  return { ...body, volunteer: data.id };
}

async function after(form: HTMLFormElement, answer: unknown): Promise<void> {
  const made = (answer ?? {}) as { token?: string; link?: string };
  const secret = made.token ?? made.link;
  if (secret) showSecret(form, secret, made.token !== undefined);
  else form.closest('dialog')?.close();
  if (answer !== null && form.dataset['make']) {
    form.reset();
    for (const said of form.querySelectorAll('.place__chosen')) said.textContent = '';
    for (const select of form.querySelectorAll('[data-shows]')) select.dispatchEvent(new Event('change'));
  }
  await living.refresh(true);
  // The choices of the other forms come with the page: a new emergency or centre must be among them.
  if (answer !== null && (form.dataset['make'] === 'emergency' || form.dataset['make'] === 'centre')) await choices();
}

async function choices(): Promise<void> {
  const answer = await fetch('/house', { headers: { Accept: 'text/html' } }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-make]')) {
    const fresh = page.querySelector(`form[data-make="${form.dataset['make']}"]`);
    for (const select of form.querySelectorAll<HTMLSelectElement>('select[name="centre"], select[name="emergency"]')) {
      const options = fresh?.querySelectorAll(`select[name="${select.name}"] option`);
      const value = select.value;
      if (options) fill(select, ...options);
      select.value = value;
    }
  }
}

function showSecret(form: HTMLFormElement, secret: string, token: boolean): void {
  const box = form.parentElement!.querySelector<HTMLElement>('[data-once]')!;
  const base = byId('base-url').dataset['url'] ?? '';
  const where = h('dl', { class: 'facts once__where' }, h('dt', {}, t('SMS as JSON')), h('dd', { dir: 'ltr' }, `${base}/intake/sms/generic`), h('dt', {}, 'Kannel'), h('dd', { dir: 'ltr' }, `${base}/intake/sms/kannel?token=…`), h('dt', {}, 'ODK Collect'), h('dd', { dir: 'ltr' }, `${base}/openrosa/…`));
  showOnce(box, secret, token ? t('The token') : t('The link'), token ? where : null);
}
