/** The small search of the inbox: something to add to a reading, or a place, by typing the beginning of its name. */
import { byId, fill, h } from './dom.ts';
import { t } from './i18n.ts';
import type { PlaceRead } from './inboxdraft.ts';
import { addable } from './inboxparts.ts';
import { placeField, type Place } from './places.ts';
import { writeTo } from './write.ts';

type Family = 'incident' | 'need' | 'group';
export interface Uses {
  chosen(family: Family, code: string): void;
  placed(place: PlaceRead): void;
  closed(): void;
}
interface Words {
  labels: Record<string, string>;
  also: Record<string, string>;
  codes: { incidents: string[]; needs: string[] };
}

const SHOWN = 8;
const TOWN_M = 5000;

export class Finder {
  private readonly uses: Uses;

  constructor(uses: Uses) {
    this.uses = uses;
  }

  private get box(): HTMLElement {
    return byId('finder');
  }

  close(): void {
    this.box.hidden = true;
    fill(this.box);
  }

  /** What can be added, narrowed while one types; Enter takes the first. */
  add(): void {
    const { labels, also, codes } = JSON.parse(byId('config').textContent || '{}') as Words;
    const all = addable(codes, (code) => labels[code] ?? code, (code) => also[code] ?? '');
    const input = h('input', { class: 'input', id: 'find', type: 'search', autocomplete: 'off', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'found', 'aria-label': t('What to add'), placeholder: t('water, fire, infants …') });
    const list = h('ul', { class: 'found', id: 'found', role: 'listbox', 'aria-label': t('Found') });
    let shown = all;
    let at = 0;
    const take = (index: number): void => {
      const one = shown[index];
      if (!one) return;
      this.close();
      this.uses.chosen(one.family, one.code);
    };
    const drawList = (): void => {
      fill(
        list,
        ...shown.slice(0, SHOWN).map((one, index) =>
          h('li', { role: 'option', class: 'found__one', 'aria-selected': String(index === at), onclick: () => take(index) }, h('span', { class: `found__kind found__kind--${one.family}` }, one.family === 'need' ? t('Need') : one.family === 'incident' ? t('Incident') : t('Group of people')), h('b', {}, one.words)),
        ),
        shown.length ? null : h('li', { class: 'nothing' }, t('Nothing found')),
      );
    };
    input.addEventListener('input', () => {
      const asked = input.value.trim().toLowerCase();
      shown = all.filter((one) => asked.split(/\s+/).every((part) => one.find.includes(part)));
      at = 0;
      drawList();
    });
    input.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') at = Math.max(0, Math.min(Math.min(SHOWN, shown.length) - 1, at + (event.key === 'ArrowDown' ? 1 : -1)));
      else if (event.key === 'Enter') return void (event.preventDefault(), take(at));
      else return;
      event.preventDefault();
      drawList();
    });
    this.open(t('Add'), input, list);
    drawList();
    input.focus();
  }

  place(): void {
    const field = h(
      'div',
      { class: 'place', 'data-place': true },
      h('input', { class: 'input', id: 'find', type: 'search', autocomplete: 'off', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'find-list', 'aria-autocomplete': 'list', 'aria-label': t('Place'), placeholder: t('Name of a town or village') }),
      h('ul', { class: 'place__list', id: 'find-list', role: 'listbox', 'aria-label': t('Found'), hidden: true }),
      ...['lon:number', 'lat:number', 'place_id'].map((name) => h('input', { type: 'hidden', name })),
      h('p', { class: 'place__chosen field__hint', 'aria-live': 'polite' }),
    );
    this.open(t('Search a place'), field);
    placeField(field, (_lon, _lat, place) => {
      this.close();
      this.uses.placed(asRead(place));
    });
    field.querySelector('input')!.focus();
  }

  /** A text to whoever sent the message. */
  write(report: string): void {
    const form = writeTo(report);
    this.open(t('Write to the sender'), form);
    form.querySelector('textarea')!.focus();
  }

  private open(title: string, ...inside: Node[]): void {
    const close = h('button', { type: 'button', class: 'button button--quiet', onclick: () => (this.close(), this.uses.closed()) }, t('Close'), ' ', h('kbd', { 'aria-hidden': 'true' }, 'Esc'));
    fill(this.box, h('div', { class: 'finder__head' }, h('h2', { class: 'understood__title' }, title), close), ...inside);
    this.box.hidden = false;
  }
}

function asRead({ geometry, properties: p }: Place): PlaceRead {
  const read: PlaceRead = { name: p.name_en, name_fa: p.name_fa, lon: geometry.coordinates[0], lat: geometry.coordinates[1], accuracy_m: Math.round(p.accuracy_m ?? TOWN_M) };
  if (p.province_en) read.province = p.province_en;
  if (p.province_fa) read.province_fa = p.province_fa;
  return read;
}
