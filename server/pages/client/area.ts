/** An area of a circle around a place, as GeoJSON. */
import type { Polygon } from 'geojson';

const EARTH_KM = 6371.0088;
const SIDES = 32;

/** A closed ring of 32 sides, `radius` kilometres around a point in degrees; counter-clockwise, as RFC 7946 wants it. */
export function circle(lon: number, lat: number, radius: number): Polygon {
  const arc = radius / EARTH_KM;
  const [y, x] = [(lat * Math.PI) / 180, (lon * Math.PI) / 180];
  const ring: [number, number][] = [];
  for (let side = 0; side < SIDES; side += 1) {
    const turn = (-2 * Math.PI * side) / SIDES;
    const north = Math.asin(Math.sin(y) * Math.cos(arc) + Math.cos(y) * Math.sin(arc) * Math.cos(turn));
    const east = x + Math.atan2(Math.sin(turn) * Math.sin(arc) * Math.cos(y), Math.cos(arc) - Math.sin(y) * Math.sin(north));
    ring.push([round(Math.min(180, Math.max(-180, (east * 180) / Math.PI))), round((north * 180) / Math.PI)]);
  }
  ring.push(ring[0]!);
  return { type: 'Polygon', coordinates: [ring] };
}

const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;

/** A name as a code for addresses: small Latin letters and digits, parted by dashes. */
export function slug(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60);
}
