/** Fetching one record whole: each layer keeps its details elsewhere, the panel wants one shape. */
import { ApiError, ask } from '@pages/api.ts';
import { t } from '@pages/i18n.ts';
import { shaped, type Carried, type Facts, type Feature, type LayerCode, type Named } from './types.ts';

export interface Whole {
  feature: Feature;
  etag: string | null;
}

/** Layers whose records have an address of their own that may be read without opening anybody's words. */
const OWN: readonly LayerCode[] = ['needs', 'incidents', 'tasks', 'closures', 'centres', 'hazards'];

/** A record with its tasks, stock and voices; `known` is what the map already has of it. Throws ApiError. */
export async function whole(layer: LayerCode, id: string, known: Feature | null, signal: AbortSignal): Promise<Whole> {
  const safe = encodeURIComponent(id);
  if (!OWN.includes(layer)) return onMap(layer, id, signal);
  // Opened by its address, the record is not yet known from the map, which says category and place in one shape.
  const mapped = known ? null : onMap(layer, id, signal).catch(() => null);
  const { data, etag } = await ask<Feature>(`/api/${layer}/${safe}`, { signal });
  known ??= (await mapped)?.feature ?? null;
  const facts: Facts = { ...known?.properties, ...data.properties, layer };
  facts.status = data.properties.status ?? (data.properties['state'] as string | undefined) ?? null;
  const feature: Feature = { ...data, id, geometry: data.geometry ?? known?.geometry ?? null, properties: facts };
  const more: Promise<void>[] = [];
  if ((layer === 'needs' || layer === 'incidents') && facts['tasks'] === undefined) {
    more.push(tasksOf(layer === 'needs' ? 'need' : 'incident', safe, signal).then((tasks) => void (facts['tasks'] = tasks)));
  }
  // What a need lacks is the map's to say; a need that is served has no gap.
  if (layer === 'needs') more.push(onMap('gaps', id, signal).then((gap) => void (facts['gap'] = gap.feature.properties)));
  if (layer === 'hazards') facts.category ??= String(data.properties['kind'] ?? '');
  if (layer === 'centres' && facts['stock'] === undefined) {
    more.push(ask<{ items: unknown[] }>(`/api/stock?centre=${safe}`, { signal }).then((answer) => void (facts['stock'] = answer.data.items)));
  }
  if (Array.isArray(facts['bring']) && facts['bring'].length) more.push(nameItems(facts['bring'] as Carried[]));
  // What stands beside the record may be closed to this person, or slow: the record itself is shown all the same.
  await Promise.allSettled(more);
  if (signal.aborted) throw signal.reason;
  const version = facts['version'];
  return { feature, etag: etag ?? (version === undefined ? null : `"${String(version)}"`) };
}

async function tasksOf(kind: 'need' | 'incident', id: string, signal: AbortSignal): Promise<unknown[]> {
  const { data } = await ask<{ features: Feature[] }>(`/api/tasks?${kind}=${id}&limit=20`, { signal });
  return data.features.map((one) => ({ id: one.id, ...one.properties }));
}

let items: Promise<Map<string, Named>> | null = null;

/** Give what is to be brought its names: a task knows its items by id. */
async function nameItems(carried: Carried[]): Promise<void> {
  items ??= ask<{ items: { id: string; name?: Named; name_fa?: string; name_en?: string }[] }>('/api/items?limit=200').then(
    ({ data }) => new Map(data.items.map((one) => [one.id, one.name ?? { fa: one.name_fa ?? '', en: one.name_en ?? '' }])),
  );
  const known = await items.catch(() => (items = null));
  for (const one of carried) one.name ??= typeof one.item === 'string' ? known?.get(one.item) : undefined;
}

async function onMap(layer: LayerCode, id: string, signal: AbortSignal): Promise<Whole> {
  const { data } = await ask<{ features: Feature[] }>(`/api/map/features?layer=${layer}&ids=${encodeURIComponent(id)}`, { signal });
  const found = data.features[0];
  if (!found) throw new ApiError(404, 'gone', t('This is no longer there'));
  const feature = shaped(found, layer);
  const facts = feature.properties;
  if (layer === 'reports') facts['links'] = [{ report: id, receipt: facts.code ?? '', at: facts.updated_at ?? '', channel: facts['channel'] ?? '' }];
  return { feature, etag: null };
}
