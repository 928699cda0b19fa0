/** Finding a record by its code, or a place by its name. */
import { ask } from '@pages/api.ts';
import { fill, h, icon } from '@pages/dom.ts';
import { t } from '@pages/i18n.ts';
import { GLYPH } from './glyphs.ts';
import type { Feature, LayerCode, MapConfig } from './types.ts';
import { codeText, titleOf } from './words.ts';
import { lang } from '@pages/i18n.ts';

interface Hit {
  label: string;
  under: string;
  glyph: string;
  go(): void;
}

export interface SearchEars {
  records(): Iterable<Feature>;
  show(layer: LayerCode, feature: Feature): void;
  fly(lat: number, lon: number, zoom: number): void;
}

/** What people type, made comparable: digits of any script, letters of either keyboard, no joiners. */
export function plain(text: string): string {
  return text
    .replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x6f0))
    .replace(/[٠-٩]/g, (d) => String(d.charCodeAt(0) - 0x660))
    .replace(/ي/g, 'ی')
    .replace(/ك/g, 'ک')
    .replace(/[\u200c\u200d\u064b-\u065f]/g, '')
    .toUpperCase()
    .trim();
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
    const codes: Hit[] = [];
    for (const one of this.ears.records()) {
      if (codes.length >= 5) break;
      const { code, layer } = one.properties;
      if (!code || !plain(code).startsWith(wanted)) continue;
      codes.push({ label: codeText(code), under: titleOf(one, this.config), glyph: GLYPH.layers, go: () => this.ears.show(layer, one) });
    }
    this.show(codes, true);
    this.asking = new AbortController();
    try {
      const { data } = await ask<{ features: { geometry?: { coordinates?: [number, number] }; properties: Record<string, unknown> }[] }>(
        '/api/places/search', { method: 'POST', body: { q: typed, limit: 6 }, signal: this.asking.signal },
      );
      const places = data.features.flatMap((one): Hit[] => {
        const [lon, lat] = one.geometry?.coordinates ?? [];
        if (lon === undefined || lat === undefined) return [];
        const facts = one.properties;
        const [first, second] = lang() === 'fa' ? [facts['name_fa'], facts['name_en']] : [facts['name_en'], facts['name_fa']];
        return [{ label: String(first ?? second ?? ''), under: String(second ?? ''), glyph: GLYPH.locate, go: () => this.ears.fly(lat, lon, 12) }];
      });
      this.show([...codes, ...places], false);
    } catch {
      if (!this.asking.signal.aborted) this.show(codes, false);
    }
  }

  private show(hits: Hit[], more: boolean): void {
    this.hits = hits;
    this.at = -1;
    const items = hits.map((hit, index) =>
      h('li', { role: 'option', id: `found-${index}`, class: 'find__hit', onmousedown: (event: Event) => { event.preventDefault(); hit.go(); this.close(); } }, icon(hit.glyph), h('span', {}, hit.label), h('small', {}, hit.under)),
    );
    const nothing = !hits.length && !more ? h('li', { class: 'find__none' }, t('Nothing found')) : null;
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
