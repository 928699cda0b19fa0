/** Triage by hand and by keyboard: one press opens a voice, and each look is put down. */
import { ApiError, ask } from './api.ts';
import { readConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { serveForms } from './forms.ts';
import { t } from './i18n.ts';
import { actOnChoice, Living } from './living.ts';
import { follow } from './follow.ts';
import { placeField } from './places.ts';
import { formLines, whoSent, type Summary } from './said.ts';
import { marked } from '../../../mapping/client/voice.ts';
import { dateTime } from './time.ts';
import { writeTo } from './write.ts';

readConfig();
actOnChoice();

const living = new Living(byId('live'), { rest: 4000, every: 30_000, busy: reading });
follow(['report', 'need', 'incident', 'emergency'], () => living.stir());
serveForms({
  after: () => living.refresh(true),
  // A record takes its place by id; the field's coordinates are for centres and emergencies.
  before: (form, body) => {
    if (!form.matches('.voice-row__place-it')) return body;
    const { place_id: place } = body;
    return place ? { place_id: place } : null;
  },
});
document.addEventListener('focusin', (event) => {
  const field = (event.target as Element).closest<HTMLElement>('[data-place]:not([data-wired])');
  if (!field) return;
  field.dataset['wired'] = '';
  placeField(field);
});

/** Rows stay where they are while somebody reads one or walks among them. */
function reading(): boolean {
  return Boolean(document.querySelector('.voice-row__body:not([hidden])') ?? document.activeElement?.closest('[data-row]'));
}

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-row]')];

function walk(step: 1 | -1): void {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as Element;
  if (target.matches('input, select, textarea')) return;
  const row = document.activeElement?.closest<HTMLElement>('[data-row]') ?? null;
  const onRow = document.activeElement === row && row !== null;
  if (event.key === 'j') walk(1);
  else if (event.key === 'k') walk(-1);
  else if (event.key === 'o' || (event.key === 'Enter' && onRow)) row?.querySelector<HTMLButtonElement>('[data-open], [data-open-aside]')?.click();
  else if (event.key === 's') row?.querySelector<HTMLButtonElement>('[data-see]')?.click();
  else if (event.key === 'm') row?.querySelector<HTMLAnchorElement>('[data-map]')?.click();
  else return;
  event.preventDefault();
});

document.addEventListener('click', (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>('[data-open], [data-open-aside]');
  if (button) void toggle(button);
});

/** A message of several parts; `text` holds […] for those that have not come. */
interface Whole {
  text: string;
  partial: boolean;
}
interface Opened {
  properties: { text?: string | null; form?: Summary | null; whole?: Whole | null; sender?: string | null; sealed?: boolean; received_at?: string; meta?: Record<string, unknown>; exact?: { lat?: number; lon?: number } | null };
}
interface Span {
  rule: string;
  start: number;
  end: number;
}

async function toggle(button: HTMLButtonElement): Promise<void> {
  const id = button.dataset['open'];
  const aside = button.dataset['openAside'];
  const body = byId(button.dataset['body'] ?? (aside ? `ab-${aside}` : `rb-${id}`));
  if (button.getAttribute('aria-expanded') === 'true') {
    button.setAttribute('aria-expanded', 'false');
    body.hidden = true;
    fill(body);
    return;
  }
  for (const other of button.closest('[data-row]')!.querySelectorAll('[aria-expanded="true"]')) other.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-expanded', 'true');
  body.hidden = false;
  fill(body, h('p', { class: 'state state--loading' }, t('Loading')));
  try {
    const toSender = !aside && byId('inbox').dataset['mayWrite'] ? [writeTo(id!)] : [];
    fill(body, ...(aside ? await content(aside) : await words(id!)), ...toSender, h('p', { class: 'field__hint' }, t('That you read this is written in the audit.')));
  } catch (error) {
    fill(body, h('p', { class: 'note note--bad', role: 'alert' }, (error as ApiError).message));
  }
}

async function words(id: string): Promise<Node[]> {
  const path = `/api/reports/${encodeURIComponent(id)}`;
  const { data } = await ask<Opened>(path);
  const { sender, sealed, received_at: at, whole, form } = data.properties;
  // What was read, and marked, is the whole message, not this part of it.
  const text = whole?.text ?? data.properties.text;
  if (sealed) return [h('p', { class: 'note note--warn' }, t('The key that opens this is not on this machine.'))];
  const quote = h('blockquote', { class: 'said', dir: 'auto' }, text || t('No words came with it.'));
  const read = await ask<{ why?: Span[] }>(`${path}/reading`).catch(() => null);
  if (read?.data.why?.length && text) fill(quote, ...marked(text, read.data.why));
  const gaps = whole?.partial ? [h('p', { class: 'note note--warn' }, t('Parts of this message have not come yet: […] stands for them.'))] : [];
  return [...(form ? formLines(form, text ?? null) : []), ...(form && !text ? [] : [quote]), ...gaps, h('p', { class: 'said__who' }, whoSent(sender), ' · ', at ? dateTime(at) : '')];
}

async function content(id: string): Promise<Node[]> {
  const { data } = await ask<{ payload: string | null }>(`/api/set-aside/${encodeURIComponent(id)}`);
  return [h('pre', { class: 'said said--raw', dir: 'auto' }, data.payload ?? t('The key that opens this is not on this machine.'))];
}
