/** What lies under the form's map: the operator's tiles when there are some, else our own outlines, drawn here. */
import { Grounds, drawTile, project } from '../../mapping/client/basemap.ts';
import { config } from './config.ts';

interface Tile {
  getImage(): unknown;
  setState?(state: number): void;
}
const FAILED = 3;
const SIDE = 256;
const grounds = new Grounds(__BASEMAP__);
const { tiles } = config();

async function load(tile: Tile, source: string): Promise<void> {
  const image = tile.getImage() as HTMLImageElement;
  const [z, x, y] = source.split('/').map(Number) as [number, number, number];
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  try {
    await drawTile(canvas, grounds, { z, x, y }, SIDE);
    image.src = canvas.toDataURL();
  } catch {
    tile.setState?.(FAILED);
  }
}

/** Half the width of the map's plane, in metres of Web Mercator. */
const HALF = 20037508.342789244;
const [x, y] = project(53.7, 32.6);

interface Ground {
  url: string;
  credit: string;
  load: ((tile: Tile, source: string) => void) | null;
  /** Where an empty map begins: the whole country. */
  centre: [number, number];
  zoom: number;
}

/** Read by the component's map through the build (`build/webforms.ts`). */
export const ground: Ground = {
  centre: [(2 * x - 1) * HALF, (1 - 2 * y) * HALF],
  zoom: 4,
  ...(tiles
    ? { url: tiles.url, credit: tiles.credit, load: null }
    : { url: '{z}/{x}/{y}', credit: 'Natural Earth', load: (tile: Tile, source: string) => void load(tile, source) }),
};
