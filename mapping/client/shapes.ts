/** Small arithmetic of drawn shapes. Pure; [lon, lat] in degrees WGS 84. */
import type { Geometry } from './types.ts';

export type Spot = [lon: number, lat: number];

const METRES_A_DEGREE = 111_320;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Whether a point lies in a ring (even-odd rule; Shimrat, 1962). */
export function within([x, y]: Spot, ring: readonly Spot[]): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i]!;
    const [xj, yj] = ring[j]!;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** Length of a line in metres, on the plane of its middle: good to a few per mille within a province. */
export function metres(line: readonly Spot[]): number {
  let sum = 0;
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1]!, line[i]!];
    sum += Math.hypot((b[0] - a[0]) * Math.cos(radians((a[1] + b[1]) / 2)), b[1] - a[1]) * METRES_A_DEGREE;
  }
  return sum;
}

/** Area of a ring in square metres (Gauss's shoelace on the plane of its middle). */
export function squareMetres(ring: readonly Spot[]): number {
  const middle = ring.reduce((sum, [, lat]) => sum + lat, 0) / Math.max(ring.length, 1);
  const scale = Math.cos(radians(middle)) * METRES_A_DEGREE * METRES_A_DEGREE;
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) sum += ring[j]![0] * ring[i]![1] - ring[i]![0] * ring[j]![1];
  return Math.abs(sum / 2) * scale;
}

export type Form = 'Point' | 'LineString' | 'Polygon';
export const LEAST: Readonly<Record<Form, number>> = { Point: 1, LineString: 2, Polygon: 3 };

/** GeoJSON of what was drawn; six digits are a tenth of a metre. */
export function geometryOf(form: Form, spots: readonly Spot[]): Geometry {
  const at = spots.map(([lon, lat]): Spot => [Number(lon.toFixed(6)), Number(lat.toFixed(6))]);
  if (form === 'Point') return { type: 'Point', coordinates: at[0]! };
  if (form === 'LineString') return { type: 'LineString', coordinates: at };
  return { type: 'Polygon', coordinates: [[...at, at[0]!]] };
}
