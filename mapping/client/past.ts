/** The operation played again: from what the server kept, the picture of any moment. Pure; `replay.ts` has the hands. */
import type { Cell, Cells, Feature, LayerCode, Urgency } from './types.ts';

interface Columns {
  id: number[];
  t: number[];
  category: number[];
  status: number[];
  urgency: number[];
  lon: (number | null)[];
  lat: (number | null)[];
  ids: string[];
  words: (string | null)[];
}
export type Answer =
  | { kind: 'none'; from: null; to: null }
  | { kind: 'lines'; from: string; to: string; layers: Record<string, Columns> }
  | { kind: 'cells'; from: string; to: string; level: number; steps: number; layers: Record<string, [step: number, lon: number, lat: number, n: number, life: number][]> };

/** What one layer held at the moment that was sought. */
export interface Shown extends Cells {
  features: Feature[];
}

abstract class Track {
  private at = 0;
  protected abstract readonly length: number;
  /** The moment of a line, in seconds after the beginning. */
  protected abstract moment(index: number): number;
  protected abstract apply(index: number): void;
  protected abstract clear(): void;
  abstract shown(): Shown;

  seek(seconds: number): void {
    if (this.at > 0 && this.moment(this.at - 1) > seconds) {
      this.at = 0;
      this.clear();
    }
    while (this.at < this.length && this.moment(this.at) <= seconds) this.apply(this.at++);
  }

  /** How many lines fall into each of `bins` equal parts of `span` seconds. */
  activity(into: number[], span: number): void {
    for (let i = 0; i < this.length; i++) {
      const bin = Math.min(into.length - 1, Math.floor((this.moment(i) / Math.max(span, 1)) * into.length));
      into[bin]! += this.weight(i);
    }
  }

  protected weight(_index: number): number {
    return 1;
  }
}

class LineTrack extends Track {
  private readonly standing = new Map<number, Feature>();
  protected readonly length: number;
  private readonly layer: LayerCode;
  private readonly columns: Columns;
  private readonly start: number;

  constructor(layer: LayerCode, columns: Columns, start: number) {
    super();
    this.layer = layer;
    this.columns = columns;
    this.start = start;
    this.length = columns.id.length;
  }

  protected moment(index: number): number {
    return this.columns.t[index]!;
  }

  protected apply(index: number): void {
    const { id, t, category, status, urgency, lon, lat, ids, words } = this.columns;
    const key = id[index]!;
    if (lon[index] === null || lat[index] === null) {
      this.standing.delete(key);
      return;
    }
    this.standing.set(key, {
      type: 'Feature',
      id: ids[key]!,
      geometry: { type: 'Point', coordinates: [lon[index]!, lat[index]!] },
      properties: { layer: this.layer, category: words[category[index]!] ?? null, status: words[status[index]!] ?? null, urgency: (words[urgency[index]!] ?? null) as Urgency | null, updated_at: new Date(this.start + t[index]! * 1000).toISOString() },
    });
  }

  protected clear(): void {
    this.standing.clear();
  }

  shown(): Shown {
    const features = [...this.standing.values()];
    return { features, cells: [], total: features.length };
  }
}

class CellTrack extends Track {
  private readonly standing = new Map<string, Cell & { life: number }>();
  protected readonly length: number;
  private readonly rows: [number, number, number, number, number][];
  private readonly step: number;

  constructor(rows: [number, number, number, number, number][], step: number) {
    super();
    this.rows = rows;
    this.step = step;
    this.length = rows.length;
  }

  protected moment(index: number): number {
    return Math.max(0, this.rows[index]![0] - 1) * this.step;
  }

  protected override weight(index: number): number {
    return Math.abs(this.rows[index]![3]);
  }

  protected apply(index: number): void {
    const [, lon, lat, n, life] = this.rows[index]!;
    const key = `${lon},${lat}`;
    const cell = this.standing.get(key) ?? { lon, lat, n: 0, life: 0 };
    cell.n += n;
    cell.life += life;
    this.standing.set(key, cell);
  }

  protected clear(): void {
    this.standing.clear();
  }

  shown(): Shown {
    const cells = [...this.standing.values()].filter((one) => one.n > 0).map((one): Cell => ({ lon: one.lon, lat: one.lat, n: one.n, top_urgency: one.life > 0 ? 'life' : null }));
    return { features: [], cells, total: cells.reduce((sum, one) => sum + one.n, 0) };
  }
}

export class Past {
  readonly from: number;
  readonly to: number;
  readonly counted: boolean;
  private readonly tracks = new Map<LayerCode, Track>();

  constructor(answer: Exclude<Answer, { kind: 'none' }>) {
    this.from = Date.parse(answer.from);
    this.to = Math.max(Date.parse(answer.to), this.from + 1000);
    this.counted = answer.kind === 'cells';
    if (answer.kind === 'lines') {
      for (const [layer, columns] of Object.entries(answer.layers)) this.tracks.set(layer as LayerCode, new LineTrack(layer as LayerCode, columns, this.from));
    } else {
      const step = (this.to + 1000 - this.from) / 1000 / answer.steps;
      for (const [layer, rows] of Object.entries(answer.layers)) this.tracks.set(layer as LayerCode, new CellTrack(rows, step));
    }
  }

  get layers(): LayerCode[] {
    return [...this.tracks.keys()];
  }

  /** Turn to a moment, in milliseconds since 1970. */
  seek(moment: number): void {
    for (const track of this.tracks.values()) track.seek((moment - this.from) / 1000);
  }

  shown(layer: LayerCode): Shown {
    return this.tracks.get(layer)?.shown() ?? { features: [], cells: [], total: 0 };
  }

  /** How much happened in each of so many equal parts of the whole. */
  activity(bins: number): number[] {
    const found = new Array<number>(bins).fill(0);
    for (const track of this.tracks.values()) track.activity(found, (this.to - this.from) / 1000);
    return found;
  }
}
