/** Keeps the store in step with the view: asks for boxes as one moves, mends by the stream, and never asks twice at once. */
import { ask } from '@pages/api.ts';
import { now } from '@pages/time.ts';
import type { Store } from './store.ts';
import { LAYER_OF, shaped, type Box, type Cells, type Change, type Feature, type LayerCode, type MapConfig } from './types.ts';
import { sinceMoment, type Filters } from './view.ts';

/** Ids asked for in one go, as the server allows. */
const AT_ONCE = 200;
/** Counts are asked for again at most this often while changes stream in. */
const RECOUNT_MS = 3000;
const RETRY_MS = 8000;

export interface LoaderEars {
  /** Something of the store changed; `fresh` are ids that were not there before. */
  changed(fresh: string[]): void;
}

export class Loader {
  private readonly asking = new Map<LayerCode, AbortController>();
  private recount: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly map: L.Map;
  private readonly store: Store;
  private readonly config: MapConfig;
  private readonly ears: LoaderEars;
  filters: Filters;
  emergency: string | null;
  /** Somebody looks at the past: nothing of now is asked for or put in its place. */
  held = false;

  constructor(map: L.Map, store: Store, config: MapConfig, filters: Filters, ears: LoaderEars) {
    this.map = map;
    this.store = store;
    this.config = config;
    this.filters = filters;
    this.emergency = config.emergency;
    this.ears = ears;
  }

  /** The view as a box, wider by a share of itself, within the world. */
  box(pad: number): Box {
    const seen = this.map.getBounds().pad(pad);
    return [Math.max(-180, seen.getWest()), Math.max(-90, seen.getSouth()), Math.min(180, seen.getEast()), Math.min(90, seen.getNorth())];
  }

  /** Fetch what the view needs and the store has not; `anew` forgets what is in hand. */
  load(anew = false): void {
    if (this.held) return;
    const seen = this.box(0);
    const zoom = this.map.getZoom();
    for (const { code } of this.config.layers) {
      if (!this.filters.layers.includes(code)) {
        this.asking.get(code)?.abort();
        this.store.drop(code);
      } else if (anew || !this.store.covers(code, seen, zoom)) {
        void this.fetch(code, zoom);
      }
    }
  }

  private async fetch(layer: LayerCode, zoom: number): Promise<void> {
    this.asking.get(layer)?.abort();
    const stop = new AbortController();
    this.asking.set(layer, stop);
    const box = this.box(0.25).map((one) => Number(one.toFixed(4))) as Box;
    const query = new URLSearchParams({ bbox: box.join(','), zoom: String(Math.round(zoom)), layer });
    const moment = layer === 'centres' ? null : sinceMoment(this.filters.since, now());
    if (this.emergency) query.set('emergency', this.emergency);
    if (layer !== 'centres' && this.filters.status.length) query.set('status', this.filters.status.join(','));
    if (layer !== 'centres' && this.filters.category.length) query.set('category', this.filters.category.join(','));
    if (moment) query.set('since', moment);
    try {
      const { data } = await ask<Cells>(`/api/map/cells?${query}`, { signal: stop.signal });
      if (stop.signal.aborted || this.held) return;
      const features = (data.features ?? []).map((one) => shaped(one, layer));
      this.store.put(layer, { cells: data.cells ?? [], features, total: data.total ?? 0 }, box, zoom);
    } catch {
      if (stop.signal.aborted) return;
      this.store.fail(layer);
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.load(), RETRY_MS);
    }
    if (this.asking.get(layer) === stop) this.asking.delete(layer);
    this.ears.changed([]);
  }

  get busy(): boolean {
    return this.asking.size > 0;
  }

  /** Ask what changed records are now. */
  async mend(batch: readonly Change[]): Promise<void> {
    if (this.held) return;
    const wanted = new Map<LayerCode, string[]>();
    for (const change of batch) {
      const layer = LAYER_OF[change.type];
      if (!layer || !this.filters.layers.includes(layer)) continue;
      if (this.emergency && change.emergency && change.emergency !== this.emergency) continue;
      wanted.set(layer, [...(wanted.get(layer) ?? []), change.id]);
    }
    const fresh: string[] = [];
    let again = false;
    for (const [layer, ids] of wanted) {
      if (this.store.counted(layer) || ids.length > AT_ONCE || this.asking.has(layer)) {
        again = true;
        continue;
      }
      try {
        const { data } = await ask<{ features: Feature[] }>(`/api/map/features?layer=${layer}&ids=${ids.join(',')}`);
        const found = data.features.map((one) => shaped(one, layer));
        fresh.push(...this.store.mend(layer, ids, found, this.filters, now()));
      } catch {
        again = true;
      }
    }
    if (again) this.recountSoon([...wanted.keys()]);
    if (wanted.size) this.ears.changed(fresh);
  }

  private recountSoon(layers: readonly LayerCode[]): void {
    this.recount ??= setTimeout(() => {
      this.recount = undefined;
      if (this.held) return;
      for (const layer of layers) if (this.filters.layers.includes(layer)) void this.fetch(layer, this.map.getZoom());
    }, RECOUNT_MS);
  }
}
