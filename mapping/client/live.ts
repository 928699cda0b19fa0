/** What the parts of the map share. `main.ts` makes it; a part is a function that starts with it and knows no other part. */
import type { Field } from './field.ts';
import type { Loader } from './loader.ts';
import type { RecordPanel } from './record.ts';
import type { Sheet } from './sheet.ts';
import type { Store } from './store.ts';
import type { Change, Feature, LayerCode, MapConfig } from './types.ts';
import type { Filters, Selected } from './view.ts';

/** A key of the map: by its place on the keyboard (`code`), told in the help as `shown`. */
export interface Key {
  code: string;
  shift?: boolean;
  shown: string;
  label: string;
  act(): void;
}

export interface Live {
  readonly map: L.Map;
  readonly config: MapConfig;
  readonly store: Store;
  readonly loader: Loader;
  readonly field: Field;
  readonly panel: RecordPanel;
  readonly sheet: Sheet;
  filters(): Filters;
  /** Change what is asked for, as the filter bar does. */
  refilter(change: Partial<Filters>): void;
  selected(): Selected | null;
  open(layer: LayerCode, feature: Feature | null, id?: string): void;
  close(): void;
  /** Show exactly these records in the list; null shows again what is in view. */
  gather(features: Feature[] | null): void;
  aim(feature: Feature): void;
  redraw(): void;
  /** Ask for everything in view again. */
  reload(): void;
  /** Write the address anew: filters, selection and what parts have `inAddress`. */
  remember(): void;
  /** A part's own word in the address: what it stands at now, null for the usual. */
  inAddress(name: string, value: () => string | null): void;
  /** What the address said of it when the page was opened. */
  fromAddress(name: string): string | null;
  /** A round button beside the map. */
  tool(glyph: string, label: string, act: () => void): HTMLButtonElement;
  key(key: Key): void;
  /** Escape goes to the newest first; who returns true has used it. */
  onEscape(act: () => boolean): void;
  /** Changes that the stream told, after the map took them in. */
  onChanges(hear: (batch: readonly Change[]) => void): void;
  /** The filters, or the layers that are on, have changed. */
  onRefilter(hear: () => void): void;
  /** The emergency that is looked at; null for all. */
  emergency(): string | null;
}

export type Part = (live: Live) => void | Promise<void>;
