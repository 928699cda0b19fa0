/** What lies under the records: outlines, the imported basemap, or the basemap with its hills. Chosen here, kept in the browser and in the address. */
import './basemap.css';
import { byId, h } from '@pages/dom.ts';
import { lang, t } from '@pages/i18n.ts';
import { toast } from '@pages/toast.ts';
import type { Labels } from './labels.ts';
import type { Live } from './live.ts';

export interface Archive {
  url: string;
  format: 'mvt' | 'png' | 'jpg' | 'webp';
  encoding: '' | 'terrarium' | 'mapbox';
  min_zoom: number;
  max_zoom: number;
  bounds: [number, number, number, number];
  layers: string[];
  name: string;
  credit: string;
}
export interface Grounds {
  basemap: Archive | null;
  relief: Archive | null;
}
export type Ground = 'outlines' | 'basemap' | 'relief';

const ALL: readonly Ground[] = ['outlines', 'basemap', 'relief'];
const [KEPT, QUIET] = ['hamyar.ground', 'hamyar.ground.quiet'];
const LAYERS = 'M12 4 3.500 8.500 12 13l8.500-4.500zM3.500 12.500 12 17l8.500-4.500M3.500 16 12 20.500 20.500 16';
const HEIGHTS = /^(contours?|hillshades?|isolines?|elevation)$/i;

/** What there is to choose from; with the outlines alone there is no choice. */
export function offered({ basemap, relief }: Grounds): Ground[] {
  const hills = relief !== null || (basemap?.layers.some((one) => HEIGHTS.test(one)) ?? false);
  return ALL.filter((one) => one === 'outlines' || (one === 'basemap' ? basemap !== null : hills));
}

/** The address says it, else the browser remembers it, else the basemap. */
export function chosen(offer: readonly Ground[], address: string | null, kept: string | null): Ground {
  for (const one of [address, kept]) if (offer.includes(one as Ground)) return one as Ground;
  return offer.includes('basemap') ? 'basemap' : offer[offer.length - 1]!;
}

/** Whether the archive itself names what lies at a place, so that our names would be said twice. */
export function named(archive: Archive | null, ground: Ground, zoom: number): (lon: number, lat: number) => boolean {
  const names = ground !== 'outlines' && archive?.format === 'mvt' && archive.layers.some((one) => one === 'places' || one === 'place');
  if (!names || zoom < archive.min_zoom + 1) return () => false;
  const [west, south, east, north] = archive.bounds;
  return (lon, lat) => lon >= west && lon <= east && lat >= south && lat <= north;
}

const recall = (key: string): string | null => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};
const keep = (key: string, value: string): void => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser may refuse storage: then the choice lasts as long as the page.
  }
};

export function groundSwitch(live: Live, grounds: Grounds, labels: Labels): void {
  const offer = offered(grounds);
  if (offer.length < 2) return;
  const { map } = live;
  const night = matchMedia('(prefers-color-scheme: dark)');
  const usual = chosen(offer, null, null);
  let ground = chosen(offer, live.fromAddress('ground'), recall(KEPT));
  let quiet = recall(QUIET) !== '0';
  let layers: L.GridLayer[] = [];
  let turn = 0;
  for (const [name, z] of [['basemap', 210], ['relief', 220]] as const) {
    const pane = map.getPane(name) ?? map.createPane(name);
    pane.style.zIndex = String(z);
    pane.style.pointerEvents = 'none';
  }
  live.inAddress('ground', () => (ground === usual ? null : ground));
  labels.covered = (lon, lat) => named(grounds.basemap, ground, map.getZoom())(lon, lat);

  const show = async (): Promise<void> => {
    const mine = ++turn;
    labels.draw();
    tell();
    let next: L.GridLayer[] = [];
    if (ground !== 'outlines') {
      try {
        const { baseLayer, reliefLayer } = await import('./basemaptiles.ts');
        if (mine !== turn) return;
        const look = { dark: night.matches, quiet, relief: ground === 'relief', lang: lang() };
        if (grounds.basemap) next.push(baseLayer(grounds.basemap, look));
        if (grounds.relief && look.relief) next.push(reliefLayer(grounds.relief));
      } catch {
        toast(t('The basemap could not be fetched; the outlines stay.'), 'bad');
        next = [];
      }
    }
    map.getPane('basemap')!.classList.toggle('is-quiet', quiet);
    for (const one of next) one.addTo(map);
    for (const one of layers) one.remove();
    layers = next;
  };

  const words: Record<Ground, string> = { outlines: t('Outlines'), basemap: t('Basemap'), relief: t('Relief') };
  const radio = (one: Ground): HTMLElement => {
    const input = h('input', { type: 'radio', name: 'ground', value: one, checked: one === ground });
    input.addEventListener('change', () => {
      ground = one;
      keep(KEPT, ground);
      live.remember();
      void show();
    });
    return h('label', { class: 'ground__option' }, input, h('span', {}, words[one]));
  };
  const pale = h('input', { type: 'checkbox', checked: quiet });
  pale.addEventListener('change', () => {
    quiet = pale.checked;
    keep(QUIET, quiet ? '1' : '0');
    void show();
  });
  const choice = h('fieldset', { class: 'ground', id: 'ground', hidden: true }, h('legend', {}, t('Ground')), ...offer.map(radio), h('label', { class: 'ground__option' }, pale, h('span', {}, t('Pale, so that marks stand out'))));
  const button = live.tool(LAYERS, t('Ground'), () => open(choice.hidden !== false));
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', 'ground');
  byId('tools').after(choice);
  const open = (wanted: boolean): void => {
    choice.hidden = !wanted;
    button.setAttribute('aria-expanded', String(wanted));
    if (wanted) choice.querySelector<HTMLElement>('input:checked')?.focus();
  };
  live.onEscape(() => {
    if (choice.hidden) return false;
    open(false);
    button.focus();
    return true;
  });
  map.on('click', () => open(false));

  const credit = h('p', { class: 'ground__credit', dir: 'auto' });
  byId('legend-body').append(credit);
  let told = '';
  /** Whose map it is, as text: what a file says of itself never becomes HTML. */
  function tell(): void {
    const of = ground === 'outlines' ? [] : [grounds.basemap, ground === 'relief' ? grounds.relief : null];
    const said = [...new Set(of.flatMap((one) => (one ? [one.credit || one.name] : [])))].filter(Boolean).join(' · ');
    credit.textContent = said && `${t('Ground')}: ${said}`;
    if (told) map.attributionControl.removeAttribution(told);
    told = said && h('bdi', {}, said).outerHTML;
    if (told) map.attributionControl.addAttribution(told);
  }

  night.addEventListener('change', () => void show());
  void show();
}
