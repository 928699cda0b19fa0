/** Near marks become one: records one by one, and the server's counts by their weight. */
import Supercluster, { type PointFeature } from 'supercluster';
import type { Box, Cell, Feature, LayerCode, Urgency } from './types.ts';
import { atOf } from './types.ts';
import { pending } from './store.ts';

/** How many of each urgency a cluster holds, and of each layer; `mixed` are counted ones whose urgency is not known. */
export interface Sum {
  n: number;
  life: number;
  high: number;
  normal: number;
  none: number;
  mixed: number;
  top: number;
  /** How many came in within the last seconds. */
  fresh: number;
  layers: Partial<Record<LayerCode, number>>;
  /** People without help, of gaps, and since when the first of them waits. */
  people: number;
  since: string | null;
}

type Leaf = Sum & { feature: Feature | null };
export type Mark =
  | { kind: 'record'; id: string; lon: number; lat: number; feature: Feature }
  | { kind: 'cluster'; id: string; lon: number; lat: number; sum: Sum };

const RANK: Readonly<Record<Urgency, number>> = { none: 0, normal: 1, high: 2, life: 3 };
export const BY_RANK: readonly Urgency[] = ['none', 'normal', 'high', 'life'];
export const RADIUS_PX = 58;
/** Beyond the map's closest zoom: records told at one point never come apart, so they stay one mark that opens a list. */
const LAST_ZOOM = 20;

const nothing = (): Sum => ({ n: 0, life: 0, high: 0, normal: 0, none: 0, mixed: 0, top: 0, fresh: 0, layers: {}, people: 0, since: null });

function leafOf(feature: Feature, fresh: boolean): Leaf {
  // What is done weighs as nothing pressing: a red ring must mean that somebody still waits.
  const urgency: Urgency = pending(feature) ? (feature.properties.urgency ?? 'none') : 'none';
  return { ...nothing(), n: 1, [urgency]: 1, top: RANK[urgency], fresh: Number(fresh), layers: { [feature.properties.layer]: 1 }, ...waits(feature), feature };
}

function leafOfCell(cell: Cell, layer: LayerCode): Leaf {
  return { ...nothing(), n: cell.n, mixed: cell.n, top: RANK[cell.top_urgency ?? 'none'], layers: { [layer]: cell.n }, people: cell.people ?? 0, since: cell.waits_since ?? null, feature: null };
}

function waits(feature: Feature): Pick<Sum, 'people' | 'since'> {
  const { layer, people, since } = feature.properties;
  return layer === 'gaps' ? { people: people ?? 0, since: typeof since === 'string' ? since : null } : { people: 0, since: null };
}

const earlier = (a: string | null, b: string | null): string | null => (a && b ? (a < b ? a : b) : (a ?? b));

function addUp(into: Sum, one: Sum): void {
  into.n += one.n;
  into.life += one.life;
  into.high += one.high;
  into.normal += one.normal;
  into.none += one.none;
  into.mixed += one.mixed;
  into.fresh += one.fresh;
  into.people += one.people;
  into.since = earlier(into.since, one.since);
  into.top = Math.max(into.top, one.top);
  // The accumulator starts as a shallow copy of a leaf, so its layers are replaced, never written into.
  const layers = { ...into.layers };
  for (const [layer, n] of Object.entries(one.layers) as [LayerCode, number][]) layers[layer] = (layers[layer] ?? 0) + n;
  into.layers = layers;
}

type Point = PointFeature<Leaf>;

/** Of one zoom alone unless more are asked for: that is what one looks at, and twenty others cost twenty times as much. */
function indexOf(points: Point[], minZoom: number, maxZoom = minZoom): Supercluster<Leaf, Sum> {
  const index = new Supercluster<Leaf, Sum>({
    radius: RADIUS_PX, extent: 256, minZoom, maxZoom,
    map: ({ n, life, high, normal, none, mixed, top, fresh: new_, layers, people, since }) => ({ n, life, high, normal, none, mixed, top, fresh: new_, layers, people, since }),
    reduce: addUp,
  });
  return index.load(points);
}

export class Clusters {
  private points: Point[] = [];
  private index = indexOf([], 0);
  private zoom = -1;
  /** The clusters of the last `marks`, by their mark: marks that stay on the page must not keep old indexes alive. */
  private readonly shown = new Map<string, number>();

  load(features: Iterable<Feature>, cells: Iterable<[LayerCode, Cell]>, fresh: ReadonlySet<string> = new Set()): void {
    const points: Point[] = [];
    for (const feature of features) {
      const at = atOf(feature);
      if (at) points.push({ type: 'Feature', geometry: { type: 'Point', coordinates: at }, properties: leafOf(feature, fresh.has(feature.id)) });
    }
    for (const [layer, cell] of cells) {
      points.push({ type: 'Feature', geometry: { type: 'Point', coordinates: [cell.lon, cell.lat] }, properties: leafOfCell(cell, layer) });
    }
    this.points = points;
    this.zoom = -1;
  }

  /** The marks of a view. Ids stay the same while their mark does, so that the page may keep its elements. */
  marks(box: Box, zoom: number): Mark[] {
    const level = Math.min(LAST_ZOOM, Math.floor(zoom));
    if (level !== this.zoom) this.index = indexOf(this.points, level);
    this.zoom = level;
    this.shown.clear();
    return this.index.getClusters([...box], level).map((one): Mark => {
      const [lon, lat] = one.geometry.coordinates as [number, number];
      const facts = one.properties;
      if ('cluster' in facts && facts.cluster) {
        const sum = facts as unknown as Sum;
        const id = `c${lon.toFixed(4)},${lat.toFixed(4)},${sum.n},${sum.top},${sum.fresh}`;
        this.shown.set(id, facts.cluster_id);
        return { kind: 'cluster', id, lon, lat, sum };
      }
      const leaf = facts as Leaf;
      if (leaf.feature) return { kind: 'record', id: leaf.feature.id, lon, lat, feature: leaf.feature };
      return { kind: 'cluster', id: `n${lon.toFixed(4)},${lat.toFixed(4)},${leaf.n},${leaf.top}`, lon, lat, sum: leaf };
    });
  }

  /** What a cluster on the map holds, and the zoom at which it comes apart (beyond LAST_ZOOM: at none). */
  within(mark: string): { leaves: Feature[]; expand: number } {
    const cluster = this.shown.get(mark);
    if (cluster === undefined) return { leaves: [], expand: this.zoom + 2 };
    const points = this.index.getLeaves(cluster, Infinity) as Point[];
    const all = indexOf(points, this.zoom, LAST_ZOOM);
    let expand = this.zoom + 1;
    while (expand <= LAST_ZOOM && all.getClusters([-180, -90, 180, 90], expand).length < 2) expand += 1;
    return { leaves: points.flatMap((one) => one.properties.feature ?? []), expand };
  }
}
