/** A reading as a person is setting it right: what the rules read, with her changes over it. Pure. */
import type { Span } from './inboxmarks.ts';

export interface NeedRead {
  category: string;
  quantity: number | null;
  unit: string | null;
}
export interface PlaceRead {
  name: string;
  name_fa: string | null;
  lat: number;
  lon: number;
  accuracy_m: number;
  province?: string;
  province_fa?: string;
}
export interface Reading {
  lang: string | null;
  kind: string | null;
  incidents: string[];
  needs: NeedRead[];
  offers: string[];
  people: number | null;
  households: number | null;
  place: PlaceRead | null;
  vulnerable: string[];
  urgency: string | null;
  why: Span[];
  candidates?: PlaceRead[];
  state: string;
  by: 'rules' | 'model' | 'person' | null;
  version: number;
}
export type Fields = Pick<Reading, 'kind' | 'incidents' | 'needs' | 'people' | 'households' | 'place' | 'vulnerable' | 'urgency'>;
export type Changes = Partial<Fields>;

export const KINDS = ['report', 'offer', 'update', 'question', 'other'] as const;
export const URGENCIES = ['life', 'high', 'normal', 'none'] as const;
export const GROUPS = ['infant', 'child', 'elderly', 'pregnant', 'disabled', 'chronic_illness', 'woman_headed'] as const;

const plain = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (one && typeof one === 'object' && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort()) : one));

export class Draft {
  readonly read: Reading;
  changes: Changes = {};

  constructor(read: Reading) {
    this.read = read;
  }

  /** The reading as it would be. */
  get now(): Reading {
    return { ...this.read, ...this.changes };
  }

  get changed(): boolean {
    return Object.keys(this.changes).length > 0;
  }

  set<K extends keyof Fields>(field: K, value: Fields[K]): void {
    if (plain(value) === plain(this.read[field])) delete this.changes[field];
    else this.changes[field] = value;
  }

  /** On when it was not; back to what was read when it was already so (then to normal). */
  urgency(to: string): void {
    const back = this.read.urgency === to ? 'normal' : this.read.urgency;
    this.set('urgency', this.now.urgency === to ? back : to);
  }

  kind(to: string): void {
    this.set('kind', to);
  }

  incident(code: string, on: boolean): void {
    const rest = this.now.incidents.filter((one) => one !== code);
    this.set('incidents', on ? [...rest, code] : rest);
    if (on) this.speaks();
  }

  need(code: string, on: boolean): void {
    const rest = this.now.needs.filter((one) => one.category !== code);
    if (!on) return this.set('needs', rest);
    if (rest.length === this.now.needs.length) this.set('needs', [...rest, { category: code, quantity: null, unit: null }]);
    this.speaks();
  }

  amount(code: string, quantity: number | null, unit: string | null): void {
    this.set('needs', this.now.needs.map((one) => (one.category === code ? { ...one, quantity, unit: quantity === null ? null : unit } : one)));
  }

  group(code: string, on: boolean): void {
    const rest = this.now.vulnerable.filter((one) => one !== code);
    this.set('vulnerable', on ? [...rest, code] : rest);
  }

  place(to: PlaceRead | null): void {
    this.set('place', to);
  }

  /** Whoever names a need or a happening has no chatter before her. */
  private speaks(): void {
    if (this.now.kind === 'other' || this.now.kind === 'offer') this.kind('report');
    if (this.now.urgency === 'none' || this.now.urgency === null) this.set('urgency', 'normal');
  }

  /** Places to choose from by digit: what stands, then the others that it may mean. */
  get places(): PlaceRead[] {
    const found: PlaceRead[] = [];
    for (const one of [this.changes.place, this.read.place, ...(this.read.candidates ?? [])]) {
      if (one && !found.some((other) => samePlace(one, other))) found.push(one);
    }
    return found.slice(0, 9);
  }
}

export const samePlace = (one: PlaceRead | null | undefined, other: PlaceRead | null | undefined): boolean =>
  Boolean(one && other && one.name === other.name && Math.abs(one.lat - other.lat) < 1e-6 && Math.abs(one.lon - other.lon) < 1e-6);

/** Digits of any script as a whole number; null for nothing, undefined for what is no number. */
export function wholeNumber(text: string): number | null | undefined {
  const latin = text.replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x6f0)).replace(/[٠-٩]/g, (d) => String(d.charCodeAt(0) - 0x660)).trim();
  if (!latin) return null;
  return /^\d{1,7}$/.test(latin) ? Number(latin) : undefined;
}
