/** What presses most in view, as a list: the map for those who read with a keyboard or a screen reader, and for tired eyes. */
import { fill, h, icon } from '@pages/dom.ts';
import { num, t } from '@pages/i18n.ts';
import { ago } from '@pages/time.ts';
import { drawing, tone } from './marks.ts';
import { GLYPH } from './glyphs.ts';
import type { Feature, MapConfig, Urgency } from './types.ts';
import { stateOf, titleOf, underTitle, word } from './words.ts';

export const LONGEST = 40;

/** One line of the list as a button. */
export function line(feature: Feature, config: MapConfig, open: (feature: Feature) => void): HTMLElement {
  const { category, layer, updated_at: updated, urgency, verification } = feature.properties;
  const badge = urgency === 'life' || urgency === 'high' ? h('span', { class: `badge badge--${urgency}` }, word('urgency', urgency)) : null;
  const state = h('span', { class: 'line__state' }, layer === 'gaps' ? '' : stateOf(feature.properties));
  const item = h(
    'button',
    { type: 'button', class: 'line', 'data-id': feature.id, onclick: () => open(feature) },
    drawing(layer, config.clusters[category ?? ''] ?? 'none', tone(feature), verification === 'unverified'),
    h(
      'span',
      { class: 'line__text' },
      h('span', { class: 'line__title' }, titleOf(feature, config), badge),
      h('span', { class: 'line__under' }, underTitle(feature.properties).join(' · ')),
    ),
    h('span', { class: 'line__end' }, state, updated ? h('time', { datetime: updated, class: 'line__ago' }, ago(updated)) : null),
  );
  return h('div', { role: 'listitem' }, item);
}

export interface ListState {
  features: Feature[];
  total: number;
  counted: boolean;
  failed: boolean;
  waiting: boolean;
  nothingOn: boolean;
  /** Layers of which only counts are in hand, in words. */
  unlisted: string;
}

/** Fill the list, keeping the focus on the record it was on. */
export function drawList(into: HTMLElement, state: ListState, config: MapConfig, open: (feature: Feature) => void): void {
  const focused = (document.activeElement as HTMLElement | null)?.dataset['id'];
  if (state.features.length) {
    const rest = state.features.length - LONGEST;
    fill(
      into,
      state.unlisted ? h('p', { class: 'note note--warn list__note' }, t('Records counted, not listed: {what}. Come closer to list them.', { what: state.unlisted })) : null,
      ...state.features.slice(0, LONGEST).map((one) => line(one, config, open)),
      rest > 0 ? h('p', { class: 'list__rest' }, t('{n} more in view', { n: rest })) : null,
    );
  } else if (state.failed) {
    fill(into, empty('warning', t('The records could not be fetched. They will be asked for again.'), 'state--error'));
  } else if (state.waiting) {
    fill(into, h('div', { class: 'state state--loading' }, h('p', {}, t('Loading'))));
  } else if (state.nothingOn) {
    fill(into, empty('layers', t('Switch on needs, incidents or tasks to list them here.')));
  } else if (state.counted && state.total) {
    fill(into, empty('aim', t('{n} records in view: come closer to list them.', { n: state.total })));
  } else {
    fill(into, empty('empty', t('Nothing waits here. Move the map, or loosen the filters.')));
  }
  if (focused) into.querySelector<HTMLElement>(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

export function empty(glyph: keyof typeof GLYPH, text: string, extra = ''): HTMLElement {
  return h('div', { class: `state ${extra}` }, icon(GLYPH[glyph]), h('p', {}, text));
}

const LEVELS: readonly Urgency[] = ['life', 'high', 'normal', 'none'];

/** How many of each urgency wait in view. */
export function drawTally(into: HTMLElement, counts: Readonly<Record<Urgency, number>> | null, total: number): void {
  if (!counts) {
    fill(into, h('div', { class: 'tally__one tally__one--wide' }, h('strong', {}, num(total)), h('span', {}, t('records in view'))));
    return;
  }
  fill(
    into,
    ...LEVELS.map((level) =>
      h('div', { class: `tally__one tally__one--${level}` }, h('strong', {}, num(counts[level])), h('span', {}, word('urgency', level))),
    ),
  );
}
