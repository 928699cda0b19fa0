/** Keeps the store in step with the view: asks for boxes as one moves, mends by the stream, and never asks twice at once. */
import { ask } from '@pages/api.ts';
import { now } from '@pages/time.ts';
import type { Store } from './store.ts';
import { FOLLOWS, LAYER_OF, shaped, STANDS, type Box, type Cells, type Change, type Feature, type LayerCode, type MapConfig } from './types.ts';
import { sinceMoment, type Filters } from './view.ts';

/** Ids asked for in one go, as the server allows. */
const AT_ONCE = 200;
/** Counts are asked for again at most this often while changes stream in. */
const RECOUNT_MS = 3000;
const RETRY_MS = 8000;
/** More changed records than this in one turn are a storm: then the map is mended once in STORM_MS. */
const STORM = 10;
const STORM_MS = 1000;
/** Records of a layer in hand; the server itself sends a thousand at most before it counts. */
const MOST = 1500;

export interface LoaderEars {
  /** Something of the store changed; `fresh` are ids that were not there before. */
  changed(fresh: string[]): void;
}

export class Loader {
  private readonly asking = new Map<LayerCode, AbortController>();
  private recount: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private mending: ReturnType<typeof setTimeout> | undefined;
  private restUntil = 0;
  private readonly changed = new Map<LayerCode, Set<string>>();
  private readonly counting = new Set<LayerCode>();
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
    const moment = STANDS.has(layer) ? null : sinceMoment(this.filters.since, now());
    if (this.emergency) query.set('emergency', this.emergency);
    if (!STANDS.has(layer) && this.filters.status.length) query.set('status', this.filters.status.join(','));
    if (!STANDS.has(layer) && this.filters.category.length) query.set('category', this.filters.category.join(','));
    if (moment) query.set('since', moment);
    try {
      const { data } = await ask<Cells>(`/api/map/cells?${query}`, { signal: stop.signal });
      if (stop.signal.aborted || this.held) return;
      const features = [...(data.features ?? []), ...(data.beyond ?? [])].map((one) => shaped(one, layer));
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

  /** Ask what changed records are now: at once while it is quiet, in a storm together and not more often than the page keeps up with. */
  mend(batch: readonly Change[]): void {
    if (this.held) return;
    for (const change of batch) {
      if (this.emergency && change.emergency && change.emergency !== this.emergency) continue;
      const others = (FOLLOWS[change.type] ?? []).filter((one) => this.filters.layers.includes(one));
      if (others.length) this.recountSoon(others);
      const layer = LAYER_OF[change.type];
      if (!layer || !this.filters.layers.includes(layer)) continue;
      const ids = this.changed.get(layer) ?? new Set();
      this.changed.set(layer, ids.add(change.id));
    }
    this.mendSoon();
  }

  private mendSoon(): void {
    if (this.mending || !this.changed.size) return;
    this.mending = setTimeout(() => void this.mendNow(), Math.max(0, this.restUntil - performance.now()));
  }

  private async mendNow(): Promise<void> {
    const begun = performance.now();
    const changed = [...this.changed];
    this.changed.clear();
    const again: LayerCode[] = [];
    const fresh: string[] = [];
    let records = 0;
    const asked = changed.map(async ([layer, ids]) => {
      records += ids.size;
      if (this.store.counted(layer) || ids.size > AT_ONCE || this.asking.has(layer)) again.push(layer);
      else if (!(await this.mendLayer(layer, [...ids], fresh))) again.push(layer);
    });
    await Promise.all(asked);
    if (again.length) this.recountSoon(again);
    if (changed.length && !this.held) this.ears.changed(fresh);
    const rest = records > STORM ? STORM_MS : 0;
    this.restUntil = performance.now() + Math.max(rest, 2 * (performance.now() - begun));
    this.mending = undefined;
    this.mendSoon();
  }

  /** False when the layer is to be asked for whole. */
  private async mendLayer(layer: LayerCode, ids: string[], fresh: string[]): Promise<boolean> {
    try {
      const { data } = await ask<{ features: Feature[] }>(`/api/map/features?layer=${layer}&zoom=${Math.round(this.map.getZoom())}&ids=${ids.join(',')}`);
      if (this.held) return true;
      const found = data.features.map((one) => shaped(one, layer));
      fresh.push(...this.store.mend(layer, ids, found, this.filters, now()));
    } catch {
      return false;
    }
    // What comes in for hours would grow without end: the server says when counts serve better than records.
    return this.store.shelf(layer).features.size <= MOST;
  }

  private recountSoon(layers: readonly LayerCode[]): void {
    for (const layer of layers) this.counting.add(layer);
    this.recount ??= setTimeout(() => {
      this.recount = undefined;
      const due = [...this.counting];
      this.counting.clear();
      if (this.held) return;
      for (const layer of due) if (this.filters.layers.includes(layer)) void this.fetch(layer, this.map.getZoom());
    }, RECOUNT_MS);
  }
}
