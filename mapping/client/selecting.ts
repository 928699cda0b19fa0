/** Choosing records by an area drawn around them, and one act for all: each under its own version, none silently left out. */
import { ApiError, ask } from '@pages/api.ts';
import { fill, h } from '@pages/dom.ts';
import { whyNot } from '@pages/forms.ts';
import { num, t } from '@pages/i18n.ts';
import { toast } from '@pages/toast.ts';
import type { Live } from './live.ts';
import { within, type Spot } from './shapes.ts';
import type { Sketcher } from './sketcher.ts';
import { pointOf, type Feature, type LayerCode } from './types.ts';
import { codeText } from './words.ts';

const LASSO = 'M4 9c0-3 3.500-5 8-5s8 2 8 5-3.500 5-8 5c-1.500 0-3-.2-4.200-.6M7.800 13.400C6 14 5 16 6.500 17.500S9 20 7 21M7.800 13.400a2 2 0 1 0-2-2';
const MOST = 500;
const AT_ONCE = 4;

export interface Bulk {
  code: string;
  label: string;
  /** The records it is for. */
  of: Feature[];
  noun: string;
  /** What is sent for one; from the record as it is now. */
  call(now: Feature): { method: string; path: string; body: Record<string, unknown>; match: boolean };
}

/** Which of the records lie in a ring. */
export const caught = (records: Iterable<Feature>, ring: readonly Spot[]): Feature[] =>
  [...records].filter((one) => {
    const at = pointOf(one.geometry);
    return at !== null && within(at, ring);
  });

const HELD = new Set(['claimed', 'accepted', 'en_route', 'escalated']);

/** What can be done with all of them, by layer; nothing that is so already. */
export function acts(records: readonly Feature[], can: Live['config']['can']): Bulk[] {
  const of = (layer: LayerCode, fits: (one: Feature) => boolean): Feature[] => records.filter((one) => one.properties.layer === layer && fits(one));
  const found: Bulk[] = [];
  const patch = (code: string, label: string, layer: 'needs' | 'incidents' | 'closures', body: Record<string, unknown>, fits: (one: Feature) => boolean): void => {
    const chosen = of(layer, fits);
    if (chosen.length) found.push({ code: `${layer}.${code}`, label, of: chosen, noun: layer, call: (now) => ({ method: 'PATCH', path: `/api/${layer}/${encodeURIComponent(now.id)}`, body, match: true }) });
  };
  if (can.verify) {
    for (const layer of ['needs', 'incidents'] as const) {
      const plural = layer === 'needs' ? t('Needs') : t('Incidents');
      patch('confirmed', `${plural}: ${t('Confirmed')}`, layer, { verification: 'confirmed' }, (one) => one.properties.verification !== 'confirmed');
      patch('refuted', `${plural}: ${t('Refuted')}`, layer, { verification: 'refuted' }, (one) => one.properties.verification !== 'refuted');
    }
    patch('met', `${t('Needs')}: ${t('Met')}`, 'needs', { status: 'met' }, (one) => one.properties.status === 'open' || one.properties.status === 'tasked');
    patch('resolved', `${t('Incidents')}: ${t('Resolved')}`, 'incidents', { status: 'resolved' }, (one) => one.properties.status === 'open');
  }
  if (can.close) patch('lifted', `${t('Closed roads')}: ${t('Open again')}`, 'closures', { status: 'lifted' }, (one) => one.properties.status === 'active');
  const held = can.send ? of('tasks', (one) => HELD.has(one.properties.status ?? '')) : [];
  if (held.length) found.push({ code: 'tasks.back', label: `${t('Tasks')}: ${t('Back to the queue')}`, of: held, noun: 'tasks', call: (now) => ({ method: 'POST', path: `/api/tasks/${encodeURIComponent(now.id)}/reassign`, body: { fence: now.properties['fence'] }, match: false }) });
  return found;
}

export function selecting(live: Live, sketcher: Sketcher): void {
  const dialog = h('dialog', { class: 'drawbox', 'aria-label': t('Chosen records') });
  document.body.append(dialog);
  let running = false;
  dialog.addEventListener('cancel', (event) => running && event.preventDefault());

  const start = (): void => sketcher.start({ form: 'Polygon', hint: t('Draw around what is meant.'), done: chosen });

  function chosen(ring: Spot[]): void {
    const layers = live.filters().layers;
    const counted = layers.filter((layer) => live.store.counted(layer));
    if (counted.length) toast(t('Some layers are only counted at this zoom: come closer to choose their records.'), 'bad');
    const records = layers.flatMap((layer) => caught(live.store.shelf(layer).features.values(), ring));
    if (!records.length) return toast(t('Nothing lies in there.'));
    live.gather(records);
    if (records.length > MOST) return toast(t('More than {n} records: draw a smaller area.', { n: MOST }), 'bad');
    offer(records);
  }

  function offer(records: Feature[]): void {
    const bulks = acts(records, live.config.can);
    const button = (bulk: Bulk): HTMLElement => h('button', { type: 'button', class: 'button', 'data-bulk': bulk.code, onclick: () => sure(bulk) }, bulk.label, ' ', h('span', { class: 'badge' }, num(bulk.of.length)));
    fill(
      dialog,
      h('h2', {}, t('{n} records chosen', { n: records.length })),
      bulks.length ? h('div', { class: 'drawbox__menu' }, ...bulks.map(button)) : h('p', {}, t('There is nothing to do with all of them at once.')),
      h('div', { class: 'row' }, h('button', { type: 'button', class: 'button button--main', onclick: () => dialog.close() }, t('Show them in the list'))),
    );
    if (!dialog.open) dialog.showModal();
  }

  /** A finger slips: what happens to many is said once more. */
  function sure(bulk: Bulk): void {
    fill(
      dialog,
      h('h2', {}, bulk.label),
      h('p', {}, t('This is done to {n} records. It can be undone one by one only.', { n: bulk.of.length })),
      h('div', { class: 'row' }, h('button', { type: 'button', class: 'button button--main', 'data-sure': true, onclick: () => void run(bulk) }, t('Do it')), h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, t('Cancel'))),
    );
    dialog.querySelector<HTMLElement>('.button:not(.button--main)')?.focus();
  }

  async function run(bulk: Bulk): Promise<void> {
    running = true;
    const bar = h('progress', { max: bulk.of.length, value: 0 });
    const told = h('p', { 'aria-live': 'polite' });
    fill(dialog, h('h2', {}, bulk.label), bar, told);
    const failed: [Feature, string][] = [];
    const queue = [...bulk.of];
    let done = 0;
    const worker = async (): Promise<void> => {
      for (let one = queue.shift(); one; one = queue.shift()) {
        try {
          const { data, etag } = await ask<Feature>(`/api/${bulk.noun}/${encodeURIComponent(one.id)}`);
          const { method, path, body, match } = bulk.call({ ...data, id: one.id });
          await ask(path, { method, body, ...(match ? { ifMatch: etag } : {}) });
        } catch (error) {
          failed.push([one, error instanceof ApiError ? whyNot(error) : String(error)]);
        }
        done += 1;
        bar.value = done;
        told.textContent = t('{done} of {n}', { done: num(done), n: bulk.of.length });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    running = false;
    live.reload();
    if (!failed.length) {
      dialog.close();
      return toast(t('Done for {n} records', { n: bulk.of.length }), 'good');
    }
    fill(
      dialog,
      h('h2', {}, t('Done for {n} records', { n: bulk.of.length - failed.length })),
      h('p', { class: 'note note--warn' }, t('{n} were not changed:', { n: failed.length })),
      h('ul', { class: 'drawbox__failed' }, ...failed.map(([one, why]) => h('li', {}, codeText(one.properties.code) || one.id, ': ', why))),
      h('button', { type: 'button', class: 'button button--main', onclick: () => { dialog.close(); live.gather(failed.map(([one]) => one)); } }, t('Show them in the list')),
    );
  }

  const { can } = live.config;
  if (!can.verify && !can.send && !can.close) return;
  live.tool(LASSO, t('Choose by area'), start);
  live.key({ code: 'KeyA', shown: 'a', label: t('Choose by area'), act: start });
}
