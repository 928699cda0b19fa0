/** The own ground from imported archives. Heavy, so it is fetched only where there is one (`basemapswitch.ts`). */
import { PMTiles } from 'pmtiles';
import { leafletLayer } from 'protomaps-leaflet';
import { inks } from './basemapinks.ts';
import { hillLayer, pictureLayer } from './basemapraster.ts';
import type { Encoding } from './basemapshade.ts';
import { styleOf } from './basemapstyle.ts';
import type { Archive } from './basemapswitch.ts';

export interface Look {
  dark: boolean;
  quiet: boolean;
  relief: boolean;
  lang: string;
}

const opened = new Map<string, PMTiles>();
const open = (url: string): PMTiles => {
  const found = opened.get(url) ?? new PMTiles(new URL(url, location.href).href);
  opened.set(url, found);
  return found;
};

const boundsOf = ({ bounds: [west, south, east, north] }: Archive): L.LatLngBoundsLiteral => [[south, west], [north, east]];

/** A layer of an archive, not yet on the map. */
export function baseLayer(archive: Archive, look: Look): L.GridLayer {
  const options = { pane: 'basemap', bounds: boundsOf(archive), attribution: '' };
  if (archive.format !== 'mvt') return pictureLayer(open(archive.url), archive, { ...options, className: 'basemap basemap--picture' });
  const style = styleOf({ layers: archive.layers, inks: inks(look.dark, look.quiet), lang: look.lang, relief: look.relief });
  // Names are measured before they are placed: with another font they would lie over one another.
  const fonts = ['500 12px Vazirmatn', '600 12px Vazirmatn'].map((one) => document.fonts.load(one, look.lang === 'fa' ? 'نقشه' : 'map').then((value) => ({ status: 'fulfilled', value, reason: new Error('') })));
  const layer = leafletLayer({
    ...options, url: open(archive.url), paintRules: style.paint, labelRules: style.labels, maxDataZoom: archive.max_zoom, lang: look.lang,
    tasks: fonts, devicePixelRatio: Math.min(2, devicePixelRatio || 1), maxZoom: 22, className: 'basemap',
  } as Parameters<typeof leafletLayer>[0]);
  return layer as unknown as L.GridLayer;
}

export function reliefLayer(archive: Archive): L.GridLayer {
  return hillLayer(open(archive.url), archive, archive.encoding as Encoding, { pane: 'relief', bounds: boundsOf(archive), className: 'relief' });
}
