/** What the address of the page holds: where one looks (the hash) and what one wants to see (the query). */
import type { LayerCode } from './types.ts';

export type Since = '1h' | '6h' | '24h' | 'all';
export const SINCE: readonly Since[] = ['1h', '6h', '24h', 'all'];
const HOURS: Readonly<Record<Since, number>> = { '1h': 1, '6h': 6, '24h': 24, all: 0 };

export interface Filters {
  layers: LayerCode[];
  status: string[];
  category: string[];
  since: Since;
}

export interface Place {
  zoom: number;
  lat: number;
  lon: number;
}

export interface Selected {
  layer: LayerCode;
  id: string;
}

/** Read `#8/33.45/48.05`; null for anything else. */
export function readHash(hash: string): Place | null {
  const parts = hash.replace(/^#/, '').split('/');
  if (parts.length !== 3 || parts.some((part) => part.trim() === '')) return null;
  const [zoom, lat, lon] = parts.map(Number) as [number, number, number];
  const fits = zoom >= 0 && zoom <= 22 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
  return fits ? { zoom, lat, lon } : null;
}

/** The hash of a place, as precise as its zoom needs. */
export function writeHash({ zoom, lat, lon }: Place): string {
  const digits = Math.min(5, Math.max(2, Math.ceil(zoom / 3)));
  return `#${Math.round(zoom * 10) / 10}/${lat.toFixed(digits)}/${lon.toFixed(digits)}`;
}

const list = (text: string | null): string[] => (text ? text.split(',').filter((one) => /^[\w-]{1,40}$/.test(one)) : []);

/** Read the filters of a query; unknown layers and spans are left out, an absent list of layers means the default ones. */
export function readFilters(query: URLSearchParams, known: readonly LayerCode[], usual: readonly LayerCode[]): Filters {
  const wanted = query.has('layers') ? list(query.get('layers')) : [...usual];
  const since = query.get('since') as Since;
  return {
    layers: known.filter((code) => wanted.includes(code)),
    status: list(query.get('status')),
    category: list(query.get('category')),
    since: SINCE.includes(since) ? since : 'all',
  };
}

/** The selected record of a query, `open=needs:UUID`. */
export function readSelected(query: URLSearchParams, known: readonly LayerCode[]): Selected | null {
  const [layer, id] = (query.get('open') ?? '').split(':');
  return known.includes(layer as LayerCode) && id && /^[\w-]{1,64}$/.test(id) ? { layer: layer as LayerCode, id } : null;
}

/** The query for filters and selection; what is usual is left out, so that a plain view has a plain address. */
export function writeQuery(filters: Filters, usual: readonly LayerCode[], selected: Selected | null, emergency: string | null = null, own: readonly (readonly [string, string])[] = []): string {
  const query = new URLSearchParams();
  if (filters.layers.join() !== usual.join()) query.set('layers', filters.layers.join(','));
  if (filters.status.length) query.set('status', filters.status.join(','));
  if (filters.category.length) query.set('category', filters.category.join(','));
  if (filters.since !== 'all') query.set('since', filters.since);
  if (emergency) query.set('emergency', emergency);
  for (const [name, value] of own) query.set(name, value);
  if (selected) query.set('open', `${selected.layer}:${selected.id}`);
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text ? `?${text}` : '';
}

/** The moment a span begins, as ISO; whole minutes, so that a pan a second later asks the same and may be cached. */
export function sinceMoment(since: Since, now: number): string | null {
  const hours = HOURS[since];
  if (!hours) return null;
  return new Date(Math.floor((now - hours * 3_600_000) / 60_000) * 60_000).toISOString();
}
