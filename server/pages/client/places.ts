/** Choosing a place by name: type, move with the arrows, take with Enter. */
import { ask } from './api.ts';
import { fill, h } from './dom.ts';
import { lang, t } from './i18n.ts';

export interface Place {
  id: string;
  geometry: { coordinates: [number, number] };
  properties: { name_fa: string | null; name_en: string; province_fa: string | null; province_en: string | null; accuracy_m?: number | null };
}

const WAIT_MS = 200;

/** Wire a `[data-place]` field. `chosen` is told whenever a place is taken. */
export function placeField(root: HTMLElement, chosen: (lon: number, lat: number, place: Place) => void = () => {}): void {
  const input = root.querySelector<HTMLInputElement>('input[role="combobox"]')!;
  const list = root.querySelector<HTMLElement>('[role="listbox"]')!;
  const said = root.querySelector<HTMLElement>('.place__chosen')!;
  const [lon, lat, id] = ['lon:number', 'lat:number', 'place_id'].map((name) => root.querySelector<HTMLInputElement>(`input[name="${name}"]`)!);
  let found: Place[] = [];
  let at = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;

  const shut = (): void => {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const name = ({ properties: p }: Place): string => (lang() === 'fa' ? p.name_fa || p.name_en : p.name_en);
  const province = ({ properties: p }: Place): string => (lang() === 'fa' ? p.province_fa || p.province_en : p.province_en) ?? '';

  const take = (place: Place): void => {
    [lon!.value, lat!.value] = [String(place.geometry.coordinates[0]), String(place.geometry.coordinates[1])];
    id!.value = place.id;
    input.value = name(place);
    said.textContent = t('Chosen: {place}', { place: [name(place), province(place)].filter(Boolean).join(lang() === 'fa' ? '، ' : ', ') });
    shut();
    chosen(place.geometry.coordinates[0], place.geometry.coordinates[1], place);
  };
  const draw = (): void => {
    fill(
      list,
      ...found.map((place, index) =>
        h('li', { role: 'option', id: `${list.id}-${index}`, class: 'place__option', 'aria-selected': String(index === at), onclick: () => take(place) }, h('b', {}, name(place)), ' ', h('span', {}, province(place))),
      ),
    );
    if (!found.length) fill(list, h('li', { class: 'place__option', role: 'option', 'aria-disabled': 'true' }, t('Nothing found')));
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    if (at >= 0) input.setAttribute('aria-activedescendant', `${list.id}-${at}`);
  };
  const search = async (): Promise<void> => {
    asking?.abort();
    const text = input.value.trim();
    if (text.length < 2) return shut();
    const mine = (asking = new AbortController());
    try {
      const { data } = await ask<{ features: Place[] }>('/api/places/search', { method: 'POST', body: { q: text, limit: 8 }, signal: mine.signal });
      found = data.features;
      at = -1;
      draw();
    } catch (error) {
      if (!mine.signal.aborted) said.textContent = (error as Error).message;
    }
  };

  input.addEventListener('input', () => {
    for (const field of [lon, lat, id]) field!.value = '';
    said.textContent = '';
    clearTimeout(timer);
    timer = setTimeout(() => void search(), WAIT_MS);
  });
  input.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      at = (at + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % Math.max(1, found.length);
      draw();
    } else if (event.key === 'Enter' && found.length) take(found[Math.max(0, at)]!);
    else if (event.key === 'Escape') shut();
    else return;
    event.preventDefault();
  });
  input.addEventListener('blur', () => setTimeout(shut, 200));
}
