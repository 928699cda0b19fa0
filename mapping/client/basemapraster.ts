/** Pictures out of an archive as a Leaflet layer: tiles as they are, or hills shaded from heights. */
import type { PMTiles } from 'pmtiles';
import { shaded, type Encoding } from './basemapshade.ts';

type Picture = ImageBitmap | null;
type Maker = (data: ArrayBuffer, at: { z: number; y: number }) => Promise<Picture>;
const KEPT = 96;

/** Which part of an ancestor a tile beyond the archive's deepest zoom is: its tile, and a square of it from 0 to 1. */
export function within(at: { x: number; y: number; z: number }, deepest: number): { z: number; x: number; y: number; left: number; top: number; side: number } {
  const over = Math.max(0, at.z - deepest);
  const many = 2 ** over;
  const [x, y] = [Math.floor(at.x / many), Math.floor(at.y / many)];
  return { z: at.z - over, x, y, left: at.x / many - x, top: at.y / many - y, side: 1 / many };
}

class Pictures {
  private readonly kept = new Map<string, Promise<Picture>>();
  private readonly archive: PMTiles;
  private readonly make: Maker;

  constructor(archive: PMTiles, make: Maker) {
    this.archive = archive;
    this.make = make;
  }

  get(z: number, x: number, y: number): Promise<Picture> {
    const key = `${z}/${x}/${y}`;
    const found = this.kept.get(key) ?? this.fetch(z, x, y).catch((error: unknown) => {
      this.kept.delete(key);
      throw error;
    });
    this.kept.delete(key);
    this.kept.set(key, found);
    const oldest = this.kept.size > KEPT ? this.kept.keys().next().value : undefined;
    if (oldest !== undefined) this.kept.delete(oldest);
    return found;
  }

  private async fetch(z: number, x: number, y: number): Promise<Picture> {
    const found = await this.archive.getZxy(z, x, y);
    return found ? this.make(found.data, { z, y }) : null;
  }
}

interface Range {
  min_zoom: number;
  max_zoom: number;
}

export function pictureLayer(archive: PMTiles, range: Range, options: L.GridLayerOptions, make: Maker = (data) => createImageBitmap(new Blob([data]))): L.GridLayer {
  const pictures = new Pictures(archive, make);
  const Layer = L.GridLayer.extend({
    createTile(this: L.GridLayer, coords: L.Coords, done: L.DoneCallback): HTMLElement {
      const canvas = document.createElement('canvas');
      const ratio = Math.min(2, devicePixelRatio || 1);
      canvas.width = canvas.height = 256 * ratio;
      const many = 2 ** coords.z;
      const from = within({ z: coords.z, x: ((coords.x % many) + many) % many, y: coords.y }, range.max_zoom);
      pictures.get(from.z, from.x, from.y).then(
        (picture) => {
          if (picture) {
            const pen = canvas.getContext('2d')!;
            pen.imageSmoothingQuality = 'high';
            pen.drawImage(picture, from.left * picture.width, from.top * picture.height, from.side * picture.width, from.side * picture.height, 0, 0, canvas.width, canvas.height);
          }
          done(undefined, canvas);
        },
        (error: Error) => done(error, canvas),
      );
      return canvas;
    },
  }) as unknown as new (options: L.GridLayerOptions) => L.GridLayer;
  return new Layer({ tileSize: 256, updateWhenZooming: false, keepBuffer: 1, minZoom: range.min_zoom, maxZoom: 22, ...options });
}

/** Hills: in a worker where the browser has what it takes, else here. */
export function hillLayer(archive: PMTiles, range: Range, encoding: Encoding, options: L.GridLayerOptions): L.GridLayer {
  const waiting = new Map<number, (picture: Picture) => void>();
  let worker: Worker | null = null;
  let next = 0;
  try {
    worker = new Worker(new URL('./basemapworker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<{ id: number; picture: Picture }>) => {
      waiting.get(data.id)?.(data.picture);
      waiting.delete(data.id);
    };
    worker.onerror = () => {
      worker = null;
      for (const tell of waiting.values()) tell(null);
      waiting.clear();
    };
  } catch {
    // Hills are drawn on the page itself.
  }
  const make: Maker = (data, at) => {
    if (!worker) return shaded(data, at, encoding);
    const id = next++;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      worker!.postMessage({ id, data, at, encoding }, [data]);
    });
  };
  const layer = pictureLayer(archive, range, options, make);
  return layer;
}
