/** The ground: Natural Earth drawn on canvas in our own colours, fetched square by square from our own server. */
import type { Box } from './types.ts';
import { LEVELS, type Piece } from './build/cut.ts';

type Level = keyof typeof LEVELS;
/** Points on the unit square of Web Mercator, x and y by turns, with their bounds. */
interface Path {
  points: Float64Array;
  box: [number, number, number, number];
}
interface Ground {
  land: Path[];
  border: Path[];
  coast: Path[];
  inner: Path[];
}
export interface RegionName {
  lon: number;
  lat: number;
  name: string;
}

const TILE = 512;

export const levelFor = (zoom: number): Level => (zoom < 5 ? 'far' : zoom < 7 ? 'mid' : 'near');

/** Web Mercator on the unit square. */
export function project(lon: number, lat: number): [number, number] {
  const bounded = Math.max(-85.0511, Math.min(85.0511, lat));
  const sine = Math.sin((bounded * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/** The squares of a level that a box touches, as `column_row`. */
export function squaresOf(box: Box, level: Level): string[] {
  const side = LEVELS[level];
  const out: string[] = [];
  for (let i = Math.floor(box[0] / side); i <= Math.floor(box[2] / side); i++) {
    for (let j = Math.floor(box[1] / side); j <= Math.floor(box[3] / side); j++) out.push(`${i}_${j}`);
  }
  return out;
}

export function unpack(packed: readonly number[], scale: number): Path {
  const points = new Float64Array(packed.length);
  const box: Path['box'] = [Infinity, Infinity, -Infinity, -Infinity];
  let [lon, lat] = [0, 0];
  for (let i = 0; i < packed.length; i += 2) {
    lon += packed[i]!;
    lat += packed[i + 1]!;
    const [x, y] = project(lon / scale, lat / scale);
    points[i] = x;
    points[i + 1] = y;
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return { points, box };
}

/** Fetches squares once and keeps them; a square that the build has not is sea. */
export class Grounds {
  private readonly kept = new Map<string, Promise<Ground | null>>();
  private index: Promise<Record<Level, Set<string>>> | undefined;
  readonly names = new Map<string, RegionName[]>();
  private readonly base: string;

  constructor(base: string) {
    this.base = base;
  }

  async over(box: Box, level: Level): Promise<Ground[]> {
    const have = await (this.index ??= this.list());
    const wanted = squaresOf(box, level).filter((key) => have[level].has(key));
    return (await Promise.all(wanted.map((key) => this.square(level, key)))).filter((one) => one !== null);
  }

  private async list(): Promise<Record<Level, Set<string>>> {
    try {
      const raw = (await this.json('index.json')) as Record<Level, string[]>;
      return { far: new Set(raw.far), mid: new Set(raw.mid), near: new Set(raw.near) };
    } catch (error) {
      this.index = undefined;
      throw error;
    }
  }

  private square(level: Level, key: string): Promise<Ground | null> {
    const id = `${level}/${key}`;
    let one = this.kept.get(id);
    if (!one) {
      one = this.json(`${id}.json`).then((raw) => {
        const piece = raw as Piece;
        const all = (lines: number[][]): Path[] => lines.map((line) => unpack(line, piece.scale));
        this.names.set(id, piece.names.map(([x, y, name]) => ({ lon: x / piece.scale, lat: y / piece.scale, name })));
        return { land: all(piece.land), border: all(piece.border), coast: all(piece.coast), inner: all(piece.inner) };
      });
      one = one.catch(() => {
        this.kept.delete(id);
        return null;
      });
      this.kept.set(id, one);
    }
    return one;
  }

  private async json(name: string): Promise<unknown> {
    const answer = await fetch(this.base + name);
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    return answer.json();
  }
}

/** The colours of the ground, taken from the style sheet so that dark and light stay in one place. */
export function palette(): Record<'sea' | 'land' | 'coast' | 'border' | 'inner' | 'label' | 'halo' | 'water' | 'region', string> {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--map-${name}`).trim();
  return {
    sea: read('sea'), land: read('land'), coast: read('coast'), border: read('border'), inner: read('inner'),
    label: read('label'), halo: read('halo'), water: read('water'), region: read('region'),
  };
}

/** Draw the tile at z, x, y of squares `tile` pixels wide onto a canvas that is `ratio` times as wide. */
export async function drawTile(
  canvas: HTMLCanvasElement, grounds: Grounds, at: { x: number; y: number; z: number }, tile: number, ratio = 1,
): Promise<void> {
  const tiles = 2 ** at.z / (tile / 256);
  const [x, y, side] = [at.x / tiles, at.y / tiles, 1 / tiles];
  const found = await grounds.over(boxOf(x, y, side), levelFor(at.z));
  draw(canvas.getContext('2d')!, found, x, y, (tile * ratio) / side, at.z, ratio);
}

/** A Leaflet layer of canvas tiles. */
export function groundLayer(grounds: Grounds): L.GridLayer {
  const Ground = L.GridLayer.extend({
    createTile(this: L.GridLayer, coords: L.Coords, done: L.DoneCallback): HTMLElement {
      const canvas = document.createElement('canvas');
      const ratio = Math.min(2, devicePixelRatio || 1);
      canvas.width = canvas.height = TILE * ratio;
      drawTile(canvas, grounds, coords, TILE, ratio).then(
        () => done(undefined, canvas),
        (error: Error) => done(error, canvas),
      );
      return canvas;
    },
  }) as unknown as new (options: L.GridLayerOptions) => L.GridLayer;
  return new Ground({ tileSize: TILE, pane: 'ground', updateWhenZooming: false, keepBuffer: 1, maxZoom: 22, className: 'ground' });
}

function boxOf(x: number, y: number, side: number): Box {
  const lat = (v: number): number => (Math.atan(Math.sinh(Math.PI * (1 - 2 * v))) * 180) / Math.PI;
  // A little more than the tile, so that a line along its edge is drawn on both sides.
  const rim = side * 0.02;
  return [(x - rim) * 360 - 180, lat(y + side + rim), (x + side + rim) * 360 - 180, lat(y - rim)];
}

function draw(pen: CanvasRenderingContext2D, found: Ground[], x: number, y: number, scale: number, zoom: number, ratio: number): void {
  const colours = palette();
  const side = pen.canvas.width / scale;
  const near = (path: Path): boolean =>
    path.box[0] <= x + side * 1.02 && path.box[2] >= x - side * 0.02 && path.box[1] <= y + side * 1.02 && path.box[3] >= y - side * 0.02;
  const trace = (paths: Path[]): void => {
    for (const path of paths) {
      if (!near(path)) continue;
      const { points } = path;
      pen.moveTo((points[0]! - x) * scale, (points[1]! - y) * scale);
      for (let i = 2; i < points.length; i += 2) pen.lineTo((points[i]! - x) * scale, (points[i + 1]! - y) * scale);
    }
  };
  pen.fillStyle = colours.sea;
  pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
  pen.beginPath();
  trace(found.flatMap((one) => one.land));
  pen.fillStyle = colours.land;
  pen.fill('evenodd');
  pen.lineJoin = pen.lineCap = 'round';
  const stroke = (kind: 'coast' | 'border' | 'inner', width: number, dash: number[] = []): void => {
    pen.beginPath();
    pen.setLineDash(dash.map((one) => one * ratio));
    trace(found.flatMap((one) => one[kind]));
    pen.strokeStyle = colours[kind];
    pen.lineWidth = width * ratio;
    pen.stroke();
  };
  stroke('inner', zoom < 9 ? 1 : 1.5, [5, 4]);
  stroke('coast', 1);
  stroke('border', zoom < 6 ? 1 : 1.75);
}
