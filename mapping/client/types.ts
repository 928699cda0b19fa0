/** The shapes that travel between server and map. */
import type { PageConfig } from '@pages/config.ts';
import type { Grounds } from './basemapswitch.ts';

export type LayerCode = 'gaps' | 'needs' | 'incidents' | 'tasks' | 'closures' | 'hazards' | 'centres' | 'shelters' | 'movements' | 'teams' | 'volunteers' | 'reports';
export type Group = 'missing' | 'going' | 'places';
export type Urgency = 'life' | 'high' | 'normal' | 'none';
export type Box = [west: number, south: number, east: number, north: number];

export interface Named {
  fa: string;
  en: string;
}

/** Something of the stock, on a shelf, on the road or asked for. */
export interface Carried {
  fa?: string;
  en?: string;
  item?: Named | string;
  name?: Named | undefined;
  unit?: string;
  quantity?: number;
}

/** What the map knows of a record: never a person's words, name or number. */
export interface Facts {
  layer: LayerCode;
  code?: string | null;
  category?: string | null;
  status?: string | null;
  urgency?: Urgency | null;
  verification?: string | null;
  corroboration?: number | null;
  people?: number | null;
  priority?: number | null;
  updated_at?: string | null;
  accuracy_m?: number | null;
  place?: Named | null;
  [more: string]: unknown;
}

export interface Feature {
  type: 'Feature';
  id: string;
  geometry: Geometry | null;
  properties: Facts;
}

export type Geometry =
  | { type: 'Point'; coordinates: [number, number] }
  | { type: 'LineString'; coordinates: [number, number][] }
  | { type: 'MultiLineString'; coordinates: [number, number][][] }
  | { type: 'Polygon'; coordinates: [number, number][][] }
  | { type: 'MultiPolygon'; coordinates: [number, number][][][] };

export interface Cell {
  lon: number;
  lat: number;
  n: number;
  top_urgency?: Urgency | null;
  /** Of gaps: how many people wait there, and since when the first of them. */
  people?: number;
  waits_since?: string | null;
}

export interface Cells {
  cells: Cell[];
  features: Feature[];
  /** What reaches into the box with its shape and is counted elsewhere. */
  beyond?: Feature[];
  total: number;
}

export interface Change {
  seq: number;
  verb: string;
  type: string;
  id: string;
  emergency: string | null;
}

export interface Layer {
  code: LayerCode;
  label: string;
  shape: string;
  group: Group;
  clustered: boolean;
  default: boolean;
  restricted: boolean;
}

export interface MapConfig extends PageConfig {
  emergency: string | null;
  can: Record<'verify' | 'voices' | 'people' | 'send' | 'make' | 'close' | 'draw', boolean>;
  layers: Layer[];
  labels: Record<string, string>;
  kinds: Record<string, string>;
  clusters: Record<string, string>;
  tiles: boolean;
  /** Imported archives of tiles; absent when there are none. */
  grounds?: Grounds;
}

/** Where the record of an event is drawn; types without a layer change nothing on the map. */
export const LAYER_OF: Readonly<Record<string, LayerCode>> = {
  need: 'needs',
  incident: 'incidents',
  task: 'tasks',
  report: 'reports',
  closure: 'closures',
  centre: 'centres',
  movement: 'movements',
  volunteer: 'volunteers',
  team: 'teams',
  shelter: 'shelters',
  hazard: 'hazards',
};

/** Layers that are asked for anew after an event of something else: a gap closes when somebody takes its task. */
export const FOLLOWS: Readonly<Record<string, readonly LayerCode[]>> = {
  need: ['gaps'],
  task: ['gaps', 'teams'],
  movement: ['gaps'],
  volunteer: ['teams'],
  team: ['teams'],
};

/** What stands, or goes about: filters of states, subjects and time say nothing of it. */
export const STANDS: ReadonlySet<LayerCode> = new Set(['centres', 'shelters', 'hazards', 'teams']);

/** A gap opened is its need: they bear one id. */
export const asNeed = (gap: Feature): Feature => ({ ...gap, properties: { ...gap.properties, layer: 'needs', status: null } });

type Pair = [number, number];

/** A record as the map draws it: supplies on the road become a bowed line from their centre to where they go. */
export function shaped(feature: Feature, layer: LayerCode): Feature {
  const properties: Facts = { ...feature.properties, layer };
  const { geometry } = feature;
  const target = properties['target'] as Pair | null | undefined;
  if (layer !== 'movements' || properties.status !== 'in_transit' || !target || geometry?.type !== 'Point') return { ...feature, properties };
  const [from, to] = [geometry.coordinates, target];
  // Bowed to one side, so that two trucks that pass each other are two lines.
  const bow: Pair = [(from[0] + to[0]) / 2 - (to[1] - from[1]) * 0.12, (from[1] + to[1]) / 2 + (to[0] - from[0]) * 0.12];
  const line = Array.from({ length: 17 }, (_, i): Pair => {
    const [a, b] = [i / 16, 1 - i / 16];
    return [b * b * from[0] + 2 * a * b * bow[0] + a * a * to[0], b * b * from[1] + 2 * a * b * bow[1] + a * a * to[1]];
  });
  return { ...feature, properties, geometry: { type: 'LineString', coordinates: line } };
}

/** The point a record is counted and marked at: its own, or the middle vertex of its line. */
export function pointOf(geometry: Geometry | null): [number, number] | null {
  if (!geometry) return null;
  if (geometry.type === 'Point') return geometry.coordinates;
  if (geometry.type === 'Polygon' || geometry.type === 'MultiPolygon') return middle(linesOf(geometry)[0] ?? []);
  const line = linesOf(geometry)[0];
  return line?.[Math.floor(line.length / 2)] ?? null;
}

/** What of a geometry can be drawn as lines; none for a point. */
export function linesOf(geometry: Geometry): Pair[][] {
  switch (geometry.type) {
    case 'Point':
      return [];
    case 'LineString':
      return [geometry.coordinates];
    case 'MultiPolygon':
      return geometry.coordinates.flat();
    default:
      return geometry.coordinates;
  }
}

/** The middle of a ring's box. */
function middle(ring: readonly Pair[]): Pair | null {
  if (!ring.length) return null;
  const [lons, lats] = [ring.map((one) => one[0]), ring.map((one) => one[1])];
  return [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2];
}

/** Where a record is marked: where the server counts it, which for an area lies within it. */
export const atOf = (feature: Feature): Pair | null => (feature.properties['at'] as Pair | undefined) ?? pointOf(feature.geometry);

/** The areas of a geometry, each a list of rings; none for lines and points. */
export function areasOf(geometry: Geometry | null): Pair[][][] {
  if (geometry?.type === 'Polygon') return [geometry.coordinates];
  return geometry?.type === 'MultiPolygon' ? geometry.coordinates : [];
}

/** The box around a geometry. */
export function boxOf(geometry: Geometry): Box {
  const all = geometry.type === 'Point' ? [geometry.coordinates] : linesOf(geometry).flat();
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of all) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}
