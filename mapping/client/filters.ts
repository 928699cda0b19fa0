/** The bar over the map: layers, time, and a sheet with states and subjects. */
import { fill, h, icon } from '@pages/dom.ts';
import { num, t } from '@pages/i18n.ts';
import { GLYPH } from './glyphs.ts';
import { PATTERN, swatch } from './areas.ts';
import { drawing } from './marks.ts';
import type { Group, Layer, LayerCode, MapConfig } from './types.ts';
import { SINCE, type Filters, type Since } from './view.ts';
import { word } from './words.ts';

const LEGEND_CLUSTER: Readonly<Partial<Record<LayerCode, string>>> = { gaps: 'wash', needs: 'wash', incidents: 'hazard', tasks: 'coordination', reports: 'none' };
const GROUPS: readonly Group[] = ['missing', 'going', 'places'];
const STATES: readonly [LayerCode, readonly string[]][] = [
  ['needs', ['open', 'tasked', 'met', 'closed']],
  ['gaps', ['nobody', 'waiting', 'silent', 'short']],
  ['incidents', ['open', 'resolved']],
  ['tasks', ['queued', 'claimed', 'accepted', 'en_route', 'escalated', 'done', 'failed', 'cancelled']],
  ['closures', ['active', 'lifted']],
  ['movements', ['in_transit', 'delivered', 'lost', 'returned']],
];
const OWN_TONE: ReadonlySet<LayerCode> = new Set(['centres', 'closures', 'movements', 'volunteers', 'teams', 'shelters', 'hazards']);
/** Two ways to look at the same needs: one is switched off by the other, so that nothing is counted twice. */
const EITHER: Readonly<Partial<Record<LayerCode, LayerCode>>> = { gaps: 'needs', needs: 'gaps' };

export const layerDrawing = (code: LayerCode, tone: string = OWN_TONE.has(code) ? code : 'plain'): SVGElement => drawing(code, LEGEND_CLUSTER[code] ?? 'none', tone);

export class FilterBar {
  private readonly counts = new Map<LayerCode, HTMLElement>();
  private readonly totals = new Map<LayerCode, string>();
  private readonly bar: HTMLElement;
  private readonly sheet: HTMLElement;
  private readonly config: MapConfig;
  private readonly changed: (filters: Filters) => void;
  private filters: Filters;
  private opener: HTMLButtonElement | null = null;

  constructor(bar: HTMLElement, sheet: HTMLElement, config: MapConfig, filters: Filters, changed: (filters: Filters) => void) {
    this.bar = bar;
    this.sheet = sheet;
    this.config = config;
    this.filters = filters;
    this.changed = changed;
    this.draw();
  }

  private set(change: Partial<Filters>): void {
    this.filters = { ...this.filters, ...change };
    this.changed(this.filters);
  }

  private draw(): void {
    let before: Group | null = null;
    const chips = this.config.layers.map((layer) => {
      const count = h('span', { class: 'chip__n' });
      this.counts.set(layer.code, count);
      const chip = h('button', { type: 'button', class: 'chip', 'aria-pressed': String(this.filters.layers.includes(layer.code)) }, layerDrawing(layer.code), h('span', {}, layer.label), count);
      if (layer.group !== before) chip.classList.add('chip--first');
      before = layer.group;
      chip.dataset['layer'] = layer.code;
      chip.addEventListener('click', () => this.turn(layer.code, !this.filters.layers.includes(layer.code)));
      return chip;
    });
    this.opener = h('button', { type: 'button', class: 'chip chip--filter', 'aria-expanded': 'false', 'aria-controls': this.sheet.id, onclick: () => this.toggle() }, icon(GLYPH.funnel), h('span', {}, t('Filters')), h('span', { class: 'chip__n' }));
    fill(this.bar, this.opener, ...chips);
    this.tellOpener();
  }

  /** Switch a layer on or off. */
  private turn(code: LayerCode, on: boolean): void {
    const off = on ? EITHER[code] : undefined;
    this.set({ layers: this.config.layers.map((one) => one.code).filter((one) => (one === code ? on : one !== off && this.filters.layers.includes(one))) });
    for (const chip of this.bar.querySelectorAll<HTMLElement>('[data-layer]')) chip.setAttribute('aria-pressed', String(this.filters.layers.includes(chip.dataset['layer'] as LayerCode)));
    for (const input of this.sheet.querySelectorAll<HTMLInputElement>('[name=filter-layer]')) input.checked = this.filters.layers.includes(input.value as LayerCode);
  }

  /** Take filters that were set elsewhere. */
  show(filters: Filters): void {
    this.filters = filters;
    this.draw();
    if (this.isOpen) this.drawSheet();
  }

  /** How many records of each layer the view holds. */
  count(layer: LayerCode, total: number | null, failed: boolean): void {
    const place = this.counts.get(layer);
    if (!place) return;
    const text = failed ? '!' : total === null ? '' : num(total);
    if (this.totals.get(layer) === text) return;
    this.totals.set(layer, text);
    place.textContent = text;
    const beside = this.sheet.querySelector(`[data-total=${layer}]`);
    if (beside) beside.textContent = text;
    place.title = failed ? t('The records could not be fetched. They will be asked for again.') : '';
  }

  get isOpen(): boolean {
    return !this.sheet.hidden;
  }

  toggle(open = this.sheet.hidden): void {
    this.sheet.hidden = !open;
    this.opener?.setAttribute('aria-expanded', String(open));
    if (open) {
      this.drawSheet();
      this.sheet.querySelector<HTMLElement>('button, input')?.focus();
    } else this.opener?.focus();
  }

  private tellOpener(): void {
    const active = this.filters.status.length + this.filters.category.length + (this.filters.since === 'all' ? 0 : 1);
    const place = this.opener?.querySelector('.chip__n');
    if (place) place.textContent = active ? num(active) : '';
    this.opener?.classList.toggle('chip--active', active > 0);
  }

  private drawSheet(): void {
    const spans: Record<Since, string> = { '1h': t('Last hour'), '6h': t('6 hours'), '24h': t('24 hours'), all: t('All') };
    const when = SINCE.map((since) => this.option('radio', 'since', since, spans[since], this.filters.since === since, () => this.set({ since })));
    const shown = STATES.filter(([layer]) => this.filters.layers.includes(layer));
    const codes = [...new Set(shown.flatMap(([, all]) => all))];
    const states = codes.map((code) => this.option('checkbox', 'status', code, word('status', code), this.filters.status.includes(code), (on) => this.set({ status: flip(this.filters.status, code, on) })));
    const group = (name: string, all: HTMLElement[]): HTMLElement | null => (all.length ? h('fieldset', {}, h('legend', {}, name), h('div', { class: 'options' }, ...all)) : null);
    const layers = GROUPS.map((of) => group(word('group', of), this.config.layers.filter((one) => one.group === of).map((one) => this.layerOption(one))));
    const subjects = (kind: string): HTMLElement[] =>
      Object.entries(this.config.labels)
        .filter(([code]) => this.config.kinds[code] === kind)
        .map(([code, label]) => this.option('checkbox', 'category', code, label, this.filters.category.includes(code), (on) => this.set({ category: flip(this.filters.category, code, on) })));
    const clear = h('button', { type: 'button', class: 'button', onclick: () => { this.set({ status: [], category: [], since: 'all' }); this.drawSheet(); } }, t('Clear'));
    const close = h('button', { type: 'button', class: 'button button--main', onclick: () => this.toggle(false) }, t('Show on the map'));
    fill(
      this.sheet,
      h('div', { class: 'sheet__body' }, ...layers, group(t('Changed in the last'), when), group(t('State'), states), group(t('Needs'), subjects('need')), group(t('Incidents'), subjects('incident'))),
      h('div', { class: 'sheet__foot' }, clear, close),
    );
    this.tellOpener();
  }

  private layerOption(layer: Layer): HTMLElement {
    const option = this.option('checkbox', 'layer', layer.code, '', this.filters.layers.includes(layer.code), (on) => this.turn(layer.code, on));
    option.classList.add('option--layer');
    option.querySelector('span')!.append(layerDrawing(layer.code), layer.label, h('small', { 'data-total': layer.code }, this.totals.get(layer.code) ?? ''));
    return option;
  }

  private option(type: 'radio' | 'checkbox', name: string, value: string, label: string, on: boolean, set: (on: boolean) => void): HTMLElement {
    const input = h('input', { type, name: `filter-${name}`, value, checked: on });
    input.addEventListener('change', () => {
      set(input.checked);
      this.tellOpener();
    });
    return h('label', { class: 'option' }, input, h('span', {}, label));
  }
}

const flip = (all: readonly string[], code: string, on: boolean): string[] => (on ? [...all.filter((one) => one !== code), code] : all.filter((one) => one !== code));

const URGENT: ReadonlySet<LayerCode> = new Set(['gaps', 'needs', 'incidents', 'tasks', 'reports']);
const TOLD: ReadonlySet<LayerCode> = new Set(['gaps', 'needs', 'incidents', 'tasks', 'closures']);

/** The legend of what is switched on: shapes of layers, colours of urgency, seals of verification, patterns of areas. */
export function drawLegend(into: HTMLElement, config: MapConfig, on: readonly LayerCode[]): void {
  const row = (picture: Node, text: string): HTMLElement => h('li', {}, picture, h('span', {}, text));
  const seal = (kind: 'confirmed' | 'refuted'): Node => {
    const place = h('span', { class: `legend__seal legend__seal--${kind}` });
    place.append(icon(kind === 'confirmed' ? GLYPH.tick : GLYPH.cross));
    return place;
  };
  const part = (name: string, rows: HTMLElement[]): HTMLElement[] => (rows.length ? [h('h3', {}, name), h('ul', {}, ...rows)] : []);
  const has = (of: ReadonlySet<LayerCode>): boolean => on.some((code) => of.has(code));
  const shown = config.layers.filter((layer) => on.includes(layer.code));
  const kinds = on.includes('hazards') ? Object.keys(PATTERN).filter((kind) => kind !== 'closed').map((kind) => row(swatch(kind), word('danger', kind))) : [];
  if (on.includes('closures')) kinds.push(row(swatch('closed'), t('A closed area')));
  fill(
    into,
    ...part(t('Shape: what it is'), shown.map((layer) => row(layerDrawing(layer.code), layer.label))),
    ...part(t('Colour: how urgent'), has(URGENT) ? (['life', 'high', 'normal', 'none'] as const).map((level) => row(urgencySample(level), word('urgency', level))) : []),
    ...part(t('Teams'), on.includes('teams') ? [row(drawing('teams', 'none', 'teams'), t('Heard from')), row(drawing('teams', 'none', 'silent'), word('status', 'silent'))] : []),
    ...part(t('Shelters'), on.includes('shelters') ? [row(drawing('shelters', 'none', 'shelters'), t('Has room')), row(drawing('shelters', 'none', 'full'), word('status', 'full'))] : []),
    ...part(t('Pattern: what threatens'), kinds),
    ...part(t('Edge and seal: how sure'), has(TOLD) ? [row(drawing('needs', 'wash', 'plain', true), word('verification', 'unverified')), row(seal('confirmed'), word('verification', 'confirmed')), row(seal('refuted'), word('verification', 'refuted'))] : []),
  );
  if (!shown.length) fill(into, h('p', {}, t('No layer is switched on.')));
}

/** A life in danger bears its sign in the legend as on the map. */
function urgencySample(level: 'life' | 'high' | 'normal' | 'none'): HTMLElement {
  return h('span', { class: 'legend__mark' }, drawing('tasks', 'none', level), level === 'life' ? h('span', { class: 'mark__life' }, '!') : null);
}

const LEGEND = 'hamyar.legend';

/** The legend stands open where there is room, and as the person left it before. */
export function keepLegend(legend: HTMLDetailsElement): void {
  let before: string | null = null;
  try {
    before = localStorage.getItem(LEGEND);
  } catch {
    // A browser may refuse storage: then the legend simply starts as usual.
  }
  legend.open = before === null ? matchMedia('(width >= 1600px) and (height >= 850px)').matches : before === '1';
  legend.addEventListener('toggle', () => {
    try {
      localStorage.setItem(LEGEND, legend.open ? '1' : '0');
    } catch {
      // As above.
    }
  });
}
