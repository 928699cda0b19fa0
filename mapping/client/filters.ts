/** The bar over the map: layers, time, and a sheet with states and subjects. */
import { fill, h, icon } from '@pages/dom.ts';
import { num, t } from '@pages/i18n.ts';
import { GLYPH } from './glyphs.ts';
import { drawing } from './marks.ts';
import type { LayerCode, MapConfig } from './types.ts';
import { SINCE, type Filters, type Since } from './view.ts';
import { word } from './words.ts';

const LEGEND_CLUSTER: Readonly<Partial<Record<LayerCode, string>>> = { needs: 'wash', incidents: 'hazard', tasks: 'coordination', reports: 'none' };
const STATES: readonly [LayerCode, readonly string[]][] = [
  ['needs', ['open', 'tasked', 'met', 'closed']],
  ['incidents', ['open', 'resolved']],
  ['tasks', ['queued', 'claimed', 'accepted', 'en_route', 'escalated', 'done', 'failed', 'cancelled']],
  ['closures', ['active', 'lifted']],
];

export const layerDrawing = (code: LayerCode, tone = 'plain'): SVGElement => drawing(code, LEGEND_CLUSTER[code] ?? 'none', tone);

export class FilterBar {
  private readonly counts = new Map<LayerCode, HTMLElement>();
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
    const chips = this.config.layers.map((layer) => {
      const count = h('span', { class: 'chip__n' });
      this.counts.set(layer.code, count);
      const chip = h('button', { type: 'button', class: 'chip', 'aria-pressed': String(this.filters.layers.includes(layer.code)) }, layerDrawing(layer.code), h('span', {}, layer.label), count);
      chip.addEventListener('click', () => {
        const on = !this.filters.layers.includes(layer.code);
        chip.setAttribute('aria-pressed', String(on));
        this.set({ layers: this.config.layers.map((one) => one.code).filter((code) => (code === layer.code ? on : this.filters.layers.includes(code))) });
      });
      return chip;
    });
    this.opener = h('button', { type: 'button', class: 'chip chip--filter', 'aria-expanded': 'false', 'aria-controls': this.sheet.id, onclick: () => this.toggle() }, icon(GLYPH.funnel), h('span', {}, t('Filters')), h('span', { class: 'chip__n' }));
    fill(this.bar, this.opener, ...chips);
    this.tellOpener();
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
    place.textContent = failed ? '!' : total === null ? '' : num(total);
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
    const subjects = (kind: string): HTMLElement[] =>
      Object.entries(this.config.labels)
        .filter(([code]) => this.config.kinds[code] === kind)
        .map(([code, label]) => this.option('checkbox', 'category', code, label, this.filters.category.includes(code), (on) => this.set({ category: flip(this.filters.category, code, on) })));
    const clear = h('button', { type: 'button', class: 'button', onclick: () => { this.set({ status: [], category: [], since: 'all' }); this.drawSheet(); } }, t('Clear'));
    const close = h('button', { type: 'button', class: 'button button--main', onclick: () => this.toggle(false) }, t('Show on the map'));
    const group = (name: string, all: HTMLElement[]): HTMLElement | null => (all.length ? h('fieldset', {}, h('legend', {}, name), h('div', { class: 'options' }, ...all)) : null);
    fill(
      this.sheet,
      h('div', { class: 'sheet__body' }, group(t('Changed in the last'), when), group(t('State'), states), group(t('Needs'), subjects('need')), group(t('Incidents'), subjects('incident'))),
      h('div', { class: 'sheet__foot' }, clear, close),
    );
    this.tellOpener();
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

/** The legend: shapes of layers, colours of urgency, seals of verification. */
export function drawLegend(into: HTMLElement, config: MapConfig): void {
  const row = (picture: Node, text: string): HTMLElement => h('li', {}, picture, h('span', {}, text));
  const seal = (kind: 'confirmed' | 'refuted'): Node => {
    const place = h('span', { class: `legend__seal legend__seal--${kind}` });
    place.append(icon(kind === 'confirmed' ? GLYPH.tick : GLYPH.cross));
    return place;
  };
  fill(
    into,
    h('h3', {}, t('Shape: what it is')),
    h('ul', {}, ...config.layers.map((layer) => row(layerDrawing(layer.code, ['centres', 'closures', 'movements', 'volunteers'].includes(layer.code) ? layer.code : 'plain'), layer.label))),
    h('h3', {}, t('Colour: how urgent')),
    h('ul', {}, ...(['life', 'high', 'normal', 'none'] as const).map((level) => row(drawing('tasks', 'none', level), word('urgency', level)))),
    h('h3', {}, t('Edge and seal: how sure')),
    h('ul', {}, row(drawing('needs', 'wash', 'plain', true), word('verification', 'unverified')), row(seal('confirmed'), word('verification', 'confirmed')), row(seal('refuted'), word('verification', 'refuted'))),
  );
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
