/** The records in hand, by layer: what the last answer held, mended by the stream. Pure; it fetches and draws nothing. */
import { sinceMoment, type Filters } from './view.ts';
import { boxOf, pointOf, STANDS, type Box, type Cell, type Cells, type Feature, type LayerCode } from './types.ts';

export type Health = 'waiting' | 'ready' | 'failed';

export interface Shelf {
  features: Map<string, Feature>;
  cells: Cell[];
  total: number;
  box: Box | null;
  zoom: number;
  health: Health;
}

const empty = (): Shelf => ({ features: new Map(), cells: [], total: 0, box: null, zoom: -1, health: 'waiting' });

export class Store {
  private readonly shelves = new Map<LayerCode, Shelf>();

  shelf(layer: LayerCode): Shelf {
    let shelf = this.shelves.get(layer);
    if (!shelf) this.shelves.set(layer, (shelf = empty()));
    return shelf;
  }

  /** Take in an answer for a box. */
  put(layer: LayerCode, answer: Cells, box: Box, zoom: number): void {
    const features = new Map(answer.features.map((one) => [one.id, one]));
    this.shelves.set(layer, { features, cells: answer.cells, total: answer.total, box, zoom, health: 'ready' });
  }

  fail(layer: LayerCode): void {
    this.shelf(layer).health = 'failed';
  }

  drop(layer: LayerCode): void {
    this.shelves.delete(layer);
  }

  clear(): void {
    this.shelves.clear();
  }

  /** Whether what is in hand answers for a view. Counts made for one zoom do not serve another. */
  covers(layer: LayerCode, box: Box, zoom: number): boolean {
    const { box: have, cells, zoom: at, health } = this.shelf(layer);
    if (!have || health !== 'ready') return false;
    if (cells.length && Math.abs(zoom - at) >= 0.5) return false;
    return have[0] <= box[0] && have[1] <= box[1] && have[2] >= box[2] && have[3] >= box[3];
  }

  /** Whether a layer holds counts instead of records, so that a change means asking again. */
  counted(layer: LayerCode): boolean {
    return this.shelf(layer).cells.length > 0;
  }

  /** Mend a layer by the answer to "what are these now": ids that are missing are gone. Returns the ids that are new. */
  mend(layer: LayerCode, asked: readonly string[], found: readonly Feature[], filters: Filters, now: number): string[] {
    const shelf = this.shelf(layer);
    const fresh: string[] = [];
    const kept = new Map(found.map((one) => [one.id, one]));
    for (const id of asked) {
      const one = kept.get(id);
      const had = shelf.features.has(id);
      if (one && passes(one, filters, now) && inside(one, shelf.box)) {
        shelf.features.set(id, one);
        if (!had) {
          shelf.total += 1;
          fresh.push(id);
        }
      } else if (had) {
        shelf.features.delete(id);
        shelf.total -= 1;
      }
    }
    return fresh;
  }

  find(id: string): Feature | null {
    for (const shelf of this.shelves.values()) {
      const one = shelf.features.get(id);
      if (one) return one;
    }
    return null;
  }
}

/** Whether a record passes the filters that the server applies to a whole box. What stands is not filtered. */
export function passes(one: Feature, filters: Filters, now: number): boolean {
  const { layer, status, category, updated_at: updated } = one.properties;
  if (STANDS.has(layer)) return true;
  if (filters.status.length && !filters.status.includes(status ?? '')) return false;
  if (filters.category.length && !filters.category.includes(category ?? '')) return false;
  const since = sinceMoment(filters.since, now);
  return !since || !updated || Date.parse(updated) >= Date.parse(since);
}

/** Whether a record lies in a half-open box, as the server counts; one with a shape, whether it reaches into it. */
export function inside(one: Feature, box: Box | null): boolean {
  if (!box || !one.geometry) return false;
  if (one.geometry.type !== 'Point') {
    const [west, south, east, north] = boxOf(one.geometry);
    return west < box[2] && east >= box[0] && south < box[3] && north >= box[1];
  }
  const point = pointOf(one.geometry);
  if (!point) return false;
  return point[0] >= box[0] && point[0] < box[2] && point[1] >= box[1] && point[1] < box[3];
}

/** Most pressing first: priority, then urgency, then the newest. */
export function byPriority(a: Feature, b: Feature): number {
  const rank = { life: 3, high: 2, normal: 1, none: 0 } as const;
  const [x, y] = [a.properties, b.properties];
  return (
    (y.priority ?? -1) - (x.priority ?? -1) ||
    rank[y.urgency ?? 'none'] - rank[x.urgency ?? 'none'] ||
    (y.updated_at ?? '').localeCompare(x.updated_at ?? '')
  );
}

/** Whether a record still asks for somebody: met, closed and refuted ones are shown faded and not listed. */
export function pending(one: Feature): boolean {
  const { status, verification } = one.properties;
  return verification !== 'refuted' && !DONE.has(status ?? '');
}

const DONE: ReadonlySet<string> = new Set(['met', 'closed', 'done', 'cancelled', 'failed', 'resolved', 'lifted', 'delivered', 'lost']);
