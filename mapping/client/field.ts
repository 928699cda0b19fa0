/** The records on the map: marks kept by id from view to view, lines under them, and the pulse of what is new. */
import { Areas } from './areas.ts';
import { Clusters, type Mark } from './clusters.ts';
import { clusterMark, clusterSize, recordMark } from './marks.ts';
import type { Store } from './store.ts';
import type { Box, Cell, Feature, LayerCode, MapConfig } from './types.ts';
import { areasOf, atOf, linesOf } from './types.ts';
import { num, t } from '@pages/i18n.ts';
import { ago } from '@pages/time.ts';
import { Whereabouts } from './whereabouts.ts';
import { stateOf, titleOf, underTitle, word } from './words.ts';

const PULSE_MS = 6000;
/** While somebody drags the map what changed waits, at most this long: a rebuilt map would stutter under the finger. */
const DRAG_MS = 1500;

/** Layers whose state says more than their subject. */
const STATED: ReadonlySet<LayerCode> = new Set(['teams', 'shelters', 'gaps']);
/** A gap and its need bear one id, and may both be on the map. */
const keyOf = (mark: Mark): string => (mark.kind === 'record' ? `${mark.feature.properties.layer}:${mark.id}` : mark.id);

interface Kept {
  marker: L.Marker;
  version: string;
}

export class Field {
  private readonly clusters = new Clusters();
  private readonly kept = new Map<string, Kept>();
  private readonly lines = new Map<string, L.Polyline>();
  private readonly drawn = new Map<string, Feature>();
  private readonly fresh = new Map<string, number>();
  private readonly map: L.Map;
  private readonly store: Store;
  private readonly config: MapConfig;
  private readonly open: (feature: Feature) => void;
  private readonly gather: (features: Feature[]) => void;
  private readonly single = new Map<string, Feature>();
  private on: readonly LayerCode[] = [];
  private wanted: number | undefined;
  private moving = 0;
  private waning: ReturnType<typeof setTimeout> | undefined;
  private selected: string | null = null;
  private ring: L.Marker | null = null;
  private readonly whereabouts: Whereabouts;
  private readonly areas: Areas;

  constructor(map: L.Map, store: Store, config: MapConfig, open: (feature: Feature) => void, gather: (features: Feature[]) => void) {
    this.map = map;
    this.whereabouts = new Whereabouts(map);
    this.areas = new Areas(map, open);
    this.store = store;
    this.config = config;
    this.open = open;
    this.gather = gather;
    const near = (): void => void map.getContainer().classList.toggle('is-far', map.getZoom() < 10);
    map.on('zoomend', near);
    map.on('movestart', () => (this.moving = Date.now()));
    map.on('moveend', () => {
      this.moving = 0;
      this.draw();
    });
    near();
  }

  /** Take the shelves of the layers that are on into the index, and draw: with the next frame, however often it is asked. */
  load(on: readonly LayerCode[] = this.on): void {
    this.on = on;
    this.wanted ??= requestAnimationFrame(() => this.rebuild());
  }

  private rebuild(): void {
    if (this.moving && Date.now() - this.moving < DRAG_MS) {
      this.wanted = requestAnimationFrame(() => this.rebuild());
      return;
    }
    this.wanted = undefined;
    if (this.moving) this.moving = Date.now();
    const features: Feature[] = [];
    const cells: [LayerCode, Cell][] = [];
    this.single.clear();
    // A gap is a need: where both are on, it is shown once, as what it lacks.
    const unserved = this.on.includes('gaps') ? this.store.shelf('gaps').features : new Map<string, Feature>();
    for (const layer of this.config.layers) {
      if (!this.on.includes(layer.code)) continue;
      const shelf = this.store.shelf(layer.code);
      for (const cell of shelf.cells) cells.push([layer.code, cell]);
      if (layer.code === 'needs' && unserved.size) features.push(...[...shelf.features.values()].filter((one) => !unserved.has(one.id)));
      else if (layer.clustered) features.push(...shelf.features.values());
      else for (const one of shelf.features.values()) this.single.set(one.id, one);
    }
    this.clusters.load(features, cells, new Set(this.fresh.keys()));
    this.draw();
  }

  /** Let records pulse for some seconds, from the next `load` on. */
  pulse(ids: readonly string[]): void {
    const until = Date.now() + PULSE_MS;
    for (const id of ids) this.fresh.set(id, until);
    this.waning ??= setTimeout(() => this.wane(), PULSE_MS + 50);
  }

  /** One timer for all: in a storm there is a new pulse several times a second. */
  private wane(): void {
    const now = Date.now();
    for (const [id, end] of this.fresh) if (end <= now) this.fresh.delete(id);
    const next = Math.min(...this.fresh.values());
    this.waning = this.fresh.size ? setTimeout(() => this.wane(), Math.max(1000, next - now)) : undefined;
    this.load();
  }

  /** Ring the selected record, wherever it is drawn. */
  select(feature: Feature | null): void {
    this.selected = feature?.id ?? null;
    this.ring?.remove();
    this.ring = null;
    this.whereabouts.show(feature);
    const at = feature && atOf(feature);
    if (!at) return;
    const element = document.createElement('div');
    element.className = `ring ring--${feature.properties.layer}`;
    // The mark stands in the ring once more: its own may be hidden inside a cluster.
    const mark = recordMark(feature, this.config.clusters[feature.properties.category ?? ''] ?? 'none', false);
    mark.classList.add('mark--chosen');
    element.append(mark);
    const icon = L.divIcon({ className: 'spot', html: element, iconSize: [0, 0] });
    this.ring = L.marker([at[1], at[0]], { icon, interactive: false, keyboard: false, zIndexOffset: 20_000 }).addTo(this.map);
  }

  draw(): void {
    const bounds = this.map.getBounds().pad(0.1);
    const box: Box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    const marks = this.clusters.marks(box, this.map.getZoom());
    for (const feature of this.single.values()) {
      const at = atOf(feature);
      if (at && at[0] >= box[0] && at[0] <= box[2] && at[1] >= box[1] && at[1] <= box[3]) {
        marks.push({ kind: 'record', id: feature.id, lon: at[0], lat: at[1], feature });
      }
    }
    const wanted = new Set(marks.map(keyOf));
    for (const [id, one] of this.kept) {
      if (wanted.has(id)) continue;
      one.marker.remove();
      this.kept.delete(id);
    }
    for (const mark of marks) this.place(mark);
    this.drawLines();
  }

  private place(mark: Mark): void {
    const fresh = mark.kind === 'record' && this.fresh.has(mark.id);
    const version = mark.kind === 'record' ? JSON.stringify([mark.feature.properties, fresh, mark.lon, mark.lat]) : mark.id;
    const key = keyOf(mark);
    const had = this.kept.get(key);
    if (had?.version === version) return;
    had?.marker.remove();
    const marker = mark.kind === 'record' ? this.record(mark.feature, mark.lat, mark.lon, fresh) : this.bunch(mark);
    marker.addTo(this.map);
    this.kept.set(key, { marker, version });
  }

  private record(feature: Feature, lat: number, lon: number, fresh: boolean): L.Marker {
    const { category, layer, priority, urgency } = feature.properties;
    const element = recordMark(feature, this.config.clusters[category ?? ''] ?? category ?? 'none', fresh);
    const state = STATED.has(layer) ? stateOf(feature.properties) : '';
    const name = [word('layer', layer), titleOf(feature, this.config), state, word('urgency', urgency), ...underTitle(feature.properties)];
    const label = [...new Set(name.filter(Boolean))].join(' · ');
    element.title = label;
    const drop = layer === 'needs' || layer === 'gaps';
    const icon = L.divIcon({ className: 'spot', html: element, iconSize: [36, 36], iconAnchor: [18, drop ? 34 : 18] });
    // What stands or moves lies under what waits: a centre must not hide the number beside it.
    const order = this.single.has(feature.id) ? -1000 : 100 + (priority ?? 0) * 4;
    const marker = L.marker([lat, lon], { icon, keyboard: false, zIndexOffset: order });
    marker.on('click', () => this.open(feature));
    return marker;
  }

  private bunch(mark: Extract<Mark, { kind: 'cluster' }>): L.Marker {
    const size = clusterSize(mark.sum.n);
    const element = clusterMark(mark.sum);
    const by = (Object.entries(mark.sum.layers) as [LayerCode, number][]).map(
      ([layer, n]) => `${this.config.layers.find((one) => one.code === layer)?.label ?? layer}: ${num(n)}`,
    );
    if (mark.sum.people) by.push(t('{n} people without help', { n: mark.sum.people }));
    if (mark.sum.since) by.push(t('the first waiting since {ago}', { ago: ago(mark.sum.since) }));
    if (mark.sum.life) by.push(`${t('Life in danger')}: ${num(mark.sum.life)}`);
    element.title = by.join('\n');
    const icon = L.divIcon({ className: 'spot', html: element, iconSize: [size, size] });
    const marker = L.marker([mark.lat, mark.lon], { icon, keyboard: false, zIndexOffset: mark.sum.top * 20 });
    marker.on('click', () => {
      // What no zoom takes apart is listed instead.
      const { leaves, expand } = this.clusters.within(mark.id);
      if (leaves.length && expand > this.map.getMaxZoom()) return this.gather(leaves);
      const zoom = Math.min(this.map.getMaxZoom(), Math.max(expand, this.map.getZoom() + 1));
      this.map.setView([mark.lat, mark.lon], zoom);
    });
    return marker;
  }

  /** Closures and supplies on the road have a length: it is drawn under their mark. */
  private drawLines(): void {
    this.areas.draw(this.single.values());
    for (const [id, line] of this.lines) {
      if (this.single.get(id) === this.drawn.get(id)) continue;
      line.remove();
      this.lines.delete(id);
      this.drawn.delete(id);
    }
    for (const feature of this.single.values()) {
      const { geometry, properties } = feature;
      if (!geometry || geometry.type === 'Point' || areasOf(geometry).length || this.lines.has(feature.id)) continue;
      const points = linesOf(geometry).map((line) => line.map(([lon, lat]) => [lat, lon] as [number, number]));
      const closed = properties.layer === 'closures';
      const line = L.polyline(points, { className: '', interactive: true, pane: 'lines', weight: closed ? 5 : 4, ...lineStyle(closed, properties.status) });
      line.on('click', () => this.open(feature));
      this.lines.set(feature.id, line.addTo(this.map));
      this.drawn.set(feature.id, feature);
    }
  }

  /** Colours come from the style sheet: draw every line again when light turns to dark. */
  repaint(): void {
    for (const line of this.lines.values()) line.remove();
    this.lines.clear();
    this.drawLines();
  }

  get selectedId(): string | null {
    return this.selected;
  }
}

function lineStyle(closed: boolean, status: string | null | undefined): L.PolylineOptions {
  const style = getComputedStyle(document.documentElement);
  const colour = style.getPropertyValue(closed ? '--closed-line' : '--movement').trim();
  return closed
    ? { color: colour, opacity: status === 'lifted' ? 0.35 : 1, lineCap: 'butt' }
    : { color: colour, opacity: 0.85, dashArray: '2 8', lineCap: 'round' };
}
