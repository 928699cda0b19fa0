/** Where a vaguely told record may be: the outline of its county or province, else a circle as wide as its accuracy. */
import { ask } from '@pages/api.ts';
import { linesOf, pointOf, type Feature, type Geometry } from './types.ts';

/** Below this a point is a house or a bridge: a circle would only hide it. */
const VAGUE_M = 1000;
/** An outline is asked for where a circle tells too little: counties and provinces. */
const OUTLINE_M = 20_000;

/** How far off a record may be, in metres; null when its point says it well enough. */
export function vagueness(feature: Feature | null): number | null {
  const metres = feature?.properties.accuracy_m;
  return feature && pointOf(feature.geometry) && typeof metres === 'number' && metres >= VAGUE_M && metres < 1e7 ? metres : null;
}

export class Whereabouts {
  private shown: L.Layer | null = null;
  private asking: AbortController | null = null;
  private drawn = '';
  private readonly outlines = new Map<string, Geometry | null>();
  private readonly map: L.Map;

  constructor(map: L.Map) {
    this.map = map;
  }

  /** Draw where the record may be, or nothing. */
  show(feature: Feature | null): void {
    const metres = vagueness(feature);
    const place = typeof feature?.properties['place_id'] === 'string' ? feature.properties['place_id'] : null;
    const key = metres === null ? '' : `${feature!.id} ${metres} ${place ?? ''}`;
    if (key === this.drawn) return;
    this.drawn = key;
    this.asking?.abort();
    this.put(null);
    if (metres === null) return;
    const [lon, lat] = pointOf(feature!.geometry)!;
    const known = place ? this.outlines.get(place) : null;
    if (known) return this.outline(known);
    this.put(L.circle([lat, lon], { radius: metres, ...style() }));
    if (place && known === undefined && metres >= OUTLINE_M) void this.fetch(place, key);
  }

  private async fetch(place: string, key: string): Promise<void> {
    const stop = (this.asking = new AbortController());
    try {
      const { data } = await ask<Feature>(`/api/places/${place}`, { signal: stop.signal });
      const area = data.geometry?.type === 'Polygon' || data.geometry?.type === 'MultiPolygon' ? data.geometry : null;
      this.outlines.set(place, area);
      if (area && this.drawn === key) this.outline(area);
    } catch {
      // The circle stands.
    }
  }

  private outline(area: Geometry): void {
    const rings = linesOf(area).map((line) => line.map(([lon, lat]) => [lat, lon] as [number, number]));
    this.put(L.polygon(rings.map((ring) => [ring]), style()));
  }

  private put(layer: (L.Layer & { getElement?: () => Element | undefined }) | null): void {
    this.shown?.remove();
    this.shown = layer?.addTo(this.map) ?? null;
    layer?.getElement?.()?.setAttribute('aria-hidden', 'true');
  }
}

const style = (): L.PathOptions => ({ className: 'whereabouts', interactive: false, pane: 'lines', weight: 2, dashArray: '6 6', fillOpacity: 0.1 });
