/** Finding a record by its code, a subject to look at alone, a centre, or a place by its name. */
import { ask } from '@pages/api.ts';
import { fill, h, icon } from '@pages/dom.ts';
import { lang, t } from '@pages/i18n.ts';
import { GLYPH } from './glyphs.ts';
import type { Feature, LayerCode, MapConfig, Named } from './types.ts';
import { codeText, named, titleOf, word } from './words.ts';

interface Hit {
  label: string;
  under: string;
  glyph: string;
  go(): void;
}

/** What the server finds by code or name, on the map or not. */
interface Found {
  layer: LayerCode;
  id: string;
  code: string | null;
  category: string | null;
  status: string | null;
  name: Named | null;
  lon: number | null;
  lat: number | null;
}
type PlaceFound = { geometry?: { coordinates?: [number, number] }; properties: Record<string, unknown> };

export interface SearchEars {
  records(): Iterable<Feature>;
  emergency(): string | null;
  show(layer: LayerCode, feature: Feature | null, id: string, at: [lat: number, lon: number] | null): void;
  fly(lat: number, lon: number, zoom: number): void;
  /** Look at one subject alone. */
  only(category: string): void;
}

const CODES_MOST = 5;
const SUBJECTS_MOST = 3;

/** What people type, made comparable: digits of any script, letters of either keyboard, no joiners. */
export function plain(text: string): string {
  return text
    .replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x6f0))
    .replace(/[٠-٩]/g, (d) => String(d.charCodeAt(0) - 0x660))
    .replace(/ي/g, 'ی')
    .replace(/ك/g, 'ک')
    .replace(/[آأإ]/g, 'ا')
    .replace(/[\u200c\u200d\u064b-\u065f]/g, '')
    .toUpperCase()
    .trim();
}

/** Subjects whose name in the reader's language, or code, begins with what was typed or holds it as a word. */
export function subjects(wanted: string, labels: Readonly<Record<string, string>>): string[] {
  const rank = (code: string, label: string): number => {
    const words = plain(label).split(/[\s،,/()]+/);
    if (plain(label).startsWith(wanted)) return 0;
    if (words.some((one) => one.startsWith(wanted))) return 1;
    return plain(code.replaceAll('_', ' ')).startsWith(wanted) ? 2 : 9;
  };
  return Object.entries(labels)
    .map(([code, label]) => ({ code, at: rank(code, label) }))
    .filter(({ at }) => at < 9)
    .sort((a, b) => a.at - b.at)
    .slice(0, SUBJECTS_MOST)
    .map(({ code }) => code);
}

export class Search {
  private hits: Hit[] = [];
  private at = -1;
  private asking: AbortController | null = null;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly config: MapConfig;
  private readonly ears: SearchEars;

  constructor(input: HTMLInputElement, list: HTMLElement, config: MapConfig, ears: SearchEars) {
    this.input = input;
    this.list = list;
    this.config = config;
    this.ears = ears;
    input.addEventListener('input', () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => void this.find(), 180);
    });
    input.addEventListener('keydown', (event) => this.key(event));
    input.addEventListener('blur', () => setTimeout(() => this.close(), 200));
  }

  private key(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      this.mark(this.at + (event.key === 'ArrowDown' ? 1 : -1));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.hits[Math.max(this.at, 0)]?.go();
      this.close();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      this.input.value = '';
      this.close();
      this.input.blur();
    }
  }

  private async find(): Promise<void> {
    const typed = this.input.value.trim();
    const wanted = plain(typed);
    this.asking?.abort();
    if (wanted.length < 2) return this.close();
    const here = this.inHand(wanted);
    const about = subjects(wanted, this.config.labels).map((code): Hit => ({ label: this.config.labels[code] ?? code, under: t('Show only these'), glyph: GLYPH.funnel, go: () => this.ears.only(code) }));
    this.show([...here.values(), ...about], true);
    const mine = (this.asking = new AbortController());
    const body = { q: typed, ...(this.ears.emergency() ? { emergency: this.ears.emergency() } : {}) };
    const [codes, places] = await Promise.allSettled([
      ask<{ items: Found[] }>('/api/map/find', { method: 'POST', body, signal: mine.signal }),
      ask<{ features: PlaceFound[] }>('/api/places/search', { method: 'POST', body: { q: typed, limit: 6 }, signal: mine.signal }),
    ]);
    if (mine.signal.aborted) return;
    const found = codes.status === 'fulfilled' ? codes.value.data.items.filter((one) => !here.has(one.id)).map((one) => this.found(one)) : [];
    const towns = places.status === 'fulfilled' ? places.value.data.features.flatMap((one) => this.town(one)) : [];
    const failed = codes.status === 'rejected' && places.status === 'rejected';
    this.show([...here.values(), ...found, ...about, ...towns], false, failed);
  }

  /** Records in view whose code begins so: there before the server answers. */
  private inHand(wanted: string): Map<string, Hit> {
    const hits = new Map<string, Hit>();
    for (const one of this.ears.records()) {
      if (hits.size >= CODES_MOST) break;
      const { code, layer } = one.properties;
      if (!code || !(plain(code).startsWith(wanted) || plain(code).replace('-', '').startsWith(wanted))) continue;
      hits.set(one.id, { label: codeText(code), under: titleOf(one, this.config), glyph: GLYPH.layers, go: () => this.ears.show(layer, one, one.id, null) });
    }
    return hits;
  }

  private found(one: Found): Hit {
    const about = one.category ? (this.config.labels[one.category] ?? '') : '';
    const kind = [word('layer', one.layer), about, word('status', one.status)].filter(Boolean).join(' · ');
    const house = one.layer === 'centres' || (one.layer as string) === 'shelters';
    const label = house && named(one.name) ? named(one.name) : codeText(one.code);
    const at: [number, number] | null = one.lat === null || one.lon === null ? null : [one.lat, one.lon];
    return { label, under: at ? kind : `${kind} · ${t('without a place')}`, glyph: house ? GLYPH.house : GLYPH.layers, go: () => this.ears.show(one.layer, null, one.id, at) };
  }

  private town(one: PlaceFound): Hit[] {
    const [lon, lat] = one.geometry?.coordinates ?? [];
    if (lon === undefined || lat === undefined) return [];
    const facts = one.properties;
    const [first, second] = lang() === 'fa' ? [facts['name_fa'], facts['name_en']] : [facts['name_en'], facts['name_fa']];
    return [{ label: String(first ?? second ?? ''), under: String(second ?? ''), glyph: GLYPH.locate, go: () => this.ears.fly(lat, lon, 12) }];
  }

  private show(hits: Hit[], more: boolean, failed = false): void {
    this.hits = hits;
    this.at = -1;
    const items = hits.map((hit, index) =>
      h('li', { role: 'option', id: `found-${index}`, class: 'find__hit', onmousedown: (event: Event) => { event.preventDefault(); hit.go(); this.close(); } }, icon(hit.glyph), h('span', {}, hit.label), h('small', {}, hit.under)),
    );
    const words = failed ? t('The server cannot be reached') : t('Nothing found');
    const nothing = !hits.length && !more ? h('li', { class: 'find__none' }, words) : null;
    fill(this.list, ...items, nothing);
    this.list.hidden = !items.length && !nothing;
    this.input.setAttribute('aria-expanded', String(!this.list.hidden));
  }

  private mark(at: number): void {
    if (!this.hits.length) return;
    this.at = (at + this.hits.length) % this.hits.length;
    [...this.list.children].forEach((one, index) => one.setAttribute('aria-selected', String(index === this.at)));
    this.input.setAttribute('aria-activedescendant', `found-${this.at}`);
  }

  private close(): void {
    this.asking?.abort();
    this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }
}
