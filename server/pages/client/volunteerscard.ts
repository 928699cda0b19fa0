/** The card of one volunteer: a dialog that is filled from the row it was opened at. */
import { ApiError, ask } from './api.ts';
import { byId, fill, h } from './dom.ts';
import { whyNot } from './forms.ts';
import { t } from './i18n.ts';
import { dateTime } from './time.ts';
import { toast } from './toast.ts';

let shown = '';

/** Open it for a row of the list. */
export function openCard(row: HTMLElement): void {
  const dialog = byId<HTMLDialogElement>('card');
  const of = (name: string): string => row.dataset[name] ?? '';
  shown = of('person');
  byId('card-code').textContent = of('code');
  for (const fold of dialog.querySelectorAll('details')) fold.open = false;
  for (const fault of dialog.querySelectorAll<HTMLElement>('.form__error')) fault.hidden = true;
  for (const form of dialog.querySelectorAll('form')) form.reset();
  for (const part of dialog.querySelectorAll<HTMLElement>('[data-vetted]')) part.hidden = of('vetting') !== 'vetted';
  const whose = dialog.querySelector<HTMLInputElement>('input[name="volunteer"]');
  if (whose) whose.value = shown;
  const who = document.getElementById('card-who');
  if (who) {
    who.hidden = of('sealed') === '';
    byId('card-reveal').onclick = () => void reveal(shown);
  }
  for (const id of ['card-state', 'card-skills']) {
    const form = document.getElementById(id);
    if (!form) continue;
    form.dataset['api'] = `PATCH /api/volunteers/${shown}`;
    form.dataset['etag'] = of('etag');
  }
  const state = document.querySelector<HTMLSelectElement>('#card-state [name="status"]');
  if (state) {
    state.value = of('status');
    byId('card-rests').textContent = of('rests') ? t('Rests until {time}', { time: dateTime(of('rests')) }) : '';
    document.querySelector<HTMLSelectElement>('#card-state [name="every"]')!.value = of('every');
    tick('skills', of('skills'));
    tick('languages', of('languages'));
    document.querySelector<HTMLSelectElement>('#card-skills [name="gender"]')!.value = of('gender');
  }
  dialog.showModal();
}

function tick(name: string, codes: string): void {
  const has = new Set(codes.split(' '));
  const boxes = [...document.querySelectorAll<HTMLInputElement>(`#card-skills [name="${name}"]`)];
  for (const box of boxes) box.checked = has.has(box.value);
  // A code of a house's own has no box: it must not be lost when the others are saved.
  const known = new Set(boxes.map((box) => box.value));
  for (const own of document.querySelectorAll(`#card-skills [data-own-code="${name}"]`)) own.remove();
  for (const code of has) if (code && !known.has(code)) byId('card-skills').append(h('input', { type: 'hidden', name, value: code, 'data-own-code': name }));
}

async function reveal(id: string): Promise<void> {
  const place = byId('card-revealed');
  if (place.childNodes.length) return fill(place);
  try {
    const { data } = await ask<{ properties: { name?: string | null; phone?: string | null } }>(`/api/volunteers/${id}`);
    if (id !== shown) return;
    const { name, phone } = data.properties;
    fill(place, name ? h('bdi', { class: 'revealed__name' }, name) : null, phone ? h('a', { href: `tel:${phone}`, dir: 'ltr' }, phone) : null);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(whyNot(error), 'bad');
  }
}

/** Nobody's name stays in a card that is closed. */
export function clearCard(): void {
  shown = '';
  const place = document.getElementById('card-revealed');
  if (place) fill(place);
}
