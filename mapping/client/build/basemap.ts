/**
 * Cuts Natural Earth into squares at build time, so that a phone fetches the few kilobytes it looks at.
 *
 * Sources (public domain, Natural Earth): outlines of countries at 1:110m, 1:50m and 1:10m from npm `world-atlas`;
 * first-level borders at 1:10m from npm `@superset-ui/legacy-plugin-chart-country-map`.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { feature, mesh } from 'topojson-client';
import { LEVELS, type Box, type Line, type Piece, clipLine, clipRing, innerBorders, middleOf, pack } from './cut.ts';

const require = createRequire(import.meta.url);
const atlas = (name: string): any => JSON.parse(readFileSync(require.resolve(`world-atlas/${name}.json`), 'utf8'));

type Files = { version: string; files: Map<string, string> };

/** Every ring of a GeoJSON polygon or collection of them. */
function ringsOf(geometry: any): Line[] {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(ringsOf);
  if (geometry.type === 'FeatureCollection') return geometry.features.flatMap((one: any) => ringsOf(one.geometry));
  if (geometry.type === 'Feature') return ringsOf(geometry.geometry);
  if (geometry.type === 'Polygon') return geometry.coordinates;
  return geometry.type === 'MultiPolygon' ? geometry.coordinates.flat() : [];
}

type Kind = 'border' | 'coast' | 'inner';
type Shapes = { land: Line[]; names: [number, number, string][] } & Record<Kind, Line[]>;

/** Land, borders and coast of one of Natural Earth's scales. */
function shapes(name: string): Shapes {
  const world = atlas(name);
  return {
    land: ringsOf(feature(world, world.objects.land)),
    border: mesh(world, world.objects.countries, (a: unknown, b: unknown) => a !== b).coordinates as Line[],
    coast: mesh(world, world.objects.land).coordinates as Line[],
    inner: [],
    names: [],
  };
}

/** The borders between regions and the regions' names, of every country that the source has. */
function regions(into: Shapes): void {
  const source = require.resolve('@superset-ui/legacy-plugin-chart-country-map/package.json');
  const folder = join(dirname(source), 'lib/countries');
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.geojson')).sort()) {
    const country = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const rings: Line[][] = country.features.map((one: any) => ringsOf(one));
    into.inner.push(...innerBorders(rings.flat()));
    country.features.forEach((one: any, index: number) => {
      const middle = middleOf(rings[index]!);
      if (one.properties?.NAME_1 && middle) into.names.push([...middle, String(one.properties.NAME_1)]);
    });
  }
}

/** One file for each square of `side` degrees that holds anything, named after its south-west corner. */
function squares(all: Shapes, side: number, scale: number): Map<string, Piece> {
  const pieces = new Map<string, Piece>();
  const at = (i: number, j: number): Piece => {
    const key = `${i}_${j}`;
    let piece = pieces.get(key);
    if (!piece) pieces.set(key, (piece = { scale, land: [], border: [], coast: [], inner: [], names: [] }));
    return piece;
  };
  for (const ring of all.land) {
    for (const [i, column] of cells(ring, 0, side, (line, box) => [clipRing(line, box)])) {
      for (const [j, cut] of cells(column, 1, side, (line, box) => [clipRing(line, box)])) {
        if (cut.length > 3) at(i, j).land.push(pack(cut, scale));
      }
    }
  }
  for (const kind of ['border', 'coast', 'inner'] as const) {
    for (const line of all[kind]) {
      for (const [i, column] of cells(line, 0, side, clipLine)) {
        for (const [j, cut] of cells(column, 1, side, clipLine)) at(i, j)[kind].push(pack(cut, scale));
      }
    }
  }
  for (const [lon, lat, label] of all.names) {
    at(Math.floor(lon / side), Math.floor(lat / side)).names.push([Math.round(lon * scale), Math.round(lat * scale), label]);
  }
  return pieces;
}

/** Cut a line into strips along one axis (0: columns, 1: rows), then give each part with its strip's number. */
function cells(line: Line, axis: 0 | 1, side: number, cut: (line: Line, box: Box) => Line[]): [number, Line][] {
  let [low, high] = [Infinity, -Infinity];
  for (const point of line) {
    low = Math.min(low, point[axis]!);
    high = Math.max(high, point[axis]!);
  }
  const [first, last] = [Math.floor(low / side), Math.floor(high / side)];
  if (first === last) return [[first, line]];
  const out: [number, Line][] = [];
  for (let i = first; i <= last; i++) {
    const box: Box = axis === 0 ? [i * side, -90, (i + 1) * side, 90] : [-180, i * side, 180, (i + 1) * side];
    for (const part of cut(line, box)) if (part.length > 1) out.push([i, part]);
  }
  return out;
}

/** All files of the basemap with a version made from their bytes: browsers may keep them for ever. */
export function basemapFiles(): Files {
  const near = shapes('countries-10m');
  regions(near);
  const files = new Map<string, string>();
  const index: Record<string, string[]> = {};
  for (const [level, pieces] of [
    ['far', squares(shapes('countries-110m'), LEVELS.far, 100)],
    ['mid', squares(shapes('countries-50m'), LEVELS.mid, 1000)],
    ['near', squares(near, LEVELS.near, 10_000)],
  ] as const) {
    index[level] = [...pieces.keys()].sort();
    for (const [key, piece] of pieces) files.set(`${level}/${key}.json`, JSON.stringify(piece));
  }
  files.set('index.json', JSON.stringify(index));
  const digest = createHash('sha256');
  for (const [name, text] of [...files].sort()) digest.update(name).update(text);
  return { version: digest.digest('hex').slice(0, 10), files };
}
