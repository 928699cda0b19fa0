/** The shapes that travel between server and map. */
import type { PageConfig } from '@pages/config.ts';

export type LayerCode = 'needs' | 'incidents' | 'tasks' | 'closures' | 'centres' | 'movements' | 'volunteers' | 'reports';
export type Urgency = 'life' | 'high' | 'normal' | 'none';
export type Box = [west: number, south: number, east: number, north: number];

export interface Named {
  fa: string;
  en: string;
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
  | { type: 'Polygon'; coordinates: [number, number][][] };

export interface Cell {
  lon: number;
  lat: number;
  n: number;
  top_urgency?: Urgency | null;
}

export interface Cells {
  cells: Cell[];
  features: Feature[];
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
  clustered: boolean;
  default: boolean;
  restricted: boolean;
}

export interface MapConfig extends PageConfig {
  emergency: string | null;
  can: { verify: boolean; voices: boolean };
  layers: Layer[];
  labels: Record<string, string>;
  kinds: Record<string, string>;
  clusters: Record<string, string>;
  tiles: boolean;
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
};

/** The point a record is counted and marked at: its own, or the middle vertex of its line. */
export function pointOf(geometry: Geometry | null): [number, number] | null {
  if (!geometry) return null;
  if (geometry.type === 'Point') return geometry.coordinates;
  const line = geometry.type === 'LineString' ? geometry.coordinates : geometry.coordinates[0];
  return line?.[Math.floor(line.length / 2)] ?? null;
}
