/** Areas on the map, under everything: hazards and closed areas, by a pattern and an edge of their own, not by colour alone. */
import { areasOf, type Feature } from './types.ts';

const SVG = 'http://www.w3.org/2000/svg';
export const PANE = 'dangers';

/** What fills each kind: an 18 × 18 tile, stroked in the kind's colour. */
export const PATTERN: Readonly<Record<string, string>> = {
  flood: 'M0 5c3-3 6-3 9 0s6 3 9 0M0 14c3-3 6-3 9 0s6 3 9 0',
  landslide: 'M0 0 18 18M-4.500 4.500 4.500 13.500M13.500-4.500 22.500 4.500M-4.500 13.500 4.500 22.500M4.500-4.500 22.500 13.500',
  quake_damage: 'M0 6l4.500-4.500L9 6l4.500-4.500L18 6M0 15l4.500-4.500L9 15l4.500-4.500L18 15',
  fire: 'M4.500 2.500v5M2 5h5M13.500 11.500v5M11 14h5',
  contamination: 'M4.500 4.500h.1M13.500 4.500h.1M9 9h.1M4.500 13.500h.1M13.500 13.500h.1M18 0h.1M0 18h.1',
  other: 'M0 18 18 0M-4.500 4.500 4.500-4.500M13.500 22.500 22.500 13.500',
  closed: 'M0 18 18 0M-4.500 4.500 4.500-4.500M13.500 22.500 22.500 13.500M0 0 18 18M-4.500 13.500 4.500 22.500M13.500-4.500 22.500 4.500',
};

const element = (name: string, attributes: Record<string, string>): SVGElement => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

/** The patterns, once a page; fills name them by id. */
function patterns(): void {
  if (document.getElementById('danger-flood')) return;
  const svg = element('svg', { class: 'danger-patterns', width: '0', height: '0', 'aria-hidden': 'true' });
  for (const [kind, d] of Object.entries(PATTERN)) {
    const pattern = element('pattern', { id: `danger-${kind}`, class: `danger-pattern danger-pattern--${kind}`, width: '18', height: '18', patternUnits: 'userSpaceOnUse' });
    pattern.append(element('rect', { width: '18', height: '18' }), element('path', { d }));
    svg.append(pattern);
  }
  document.body.append(svg);
}

/** The kind of an area, as its pattern is named. */
export const kindOf = (feature: Feature): string => {
  if (feature.properties.layer === 'closures') return 'closed';
  const kind = feature.properties.category ?? '';
  return kind in PATTERN && kind !== 'closed' ? kind : 'other';
};

/** A swatch of a kind for the legend. */
export function swatch(kind: string): SVGElement {
  patterns();
  const svg = element('svg', { viewBox: '0 0 36 24', class: 'swatch', 'aria-hidden': 'true' });
  svg.append(element('rect', { x: '1.5', y: '1.5', width: '33', height: '21', rx: '4', fill: `url(#danger-${kind})`, class: `danger danger--${kind}` }));
  return svg;
}

export class Areas {
  private readonly shown = new Map<string, { area: L.Polygon; feature: Feature }>();
  private readonly map: L.Map;
  private readonly renderer: L.Renderer;
  private readonly open: (feature: Feature) => void;

  constructor(map: L.Map, open: (feature: Feature) => void) {
    this.map = map;
    this.open = open;
    map.createPane(PANE).style.zIndex = '405';
    // Drawn well beyond the view, so that a pan moves one picture and draws nothing.
    this.renderer = L.svg({ pane: PANE, padding: 0.5 });
    patterns();
  }

  /** Show exactly these; what has not changed stays as it is. */
  draw(features: Iterable<Feature>): void {
    const wanted = new Map<string, Feature>();
    for (const feature of features) if (areasOf(feature.geometry).length) wanted.set(feature.id, feature);
    for (const [id, one] of this.shown) {
      if (wanted.get(id) === one.feature) continue;
      one.area.remove();
      this.shown.delete(id);
    }
    for (const [id, feature] of wanted) {
      if (this.shown.has(id)) continue;
      const rings = areasOf(feature.geometry).map((rings) => rings.map((ring) => ring.map(([lon, lat]) => [lat, lon] as [number, number])));
      const { level, verification } = feature.properties as { level?: string; verification?: string | null };
      const kind = kindOf(feature);
      const heavy = level === 'severe' || level === 'extreme';
      const className = `danger danger--${kind}${verification === 'unverified' ? ' danger--unsure' : ''}${heavy ? ' danger--heavy' : ''}${feature.properties.status === 'lifted' ? ' danger--over' : ''}`;
      const area = L.polygon(rings, { pane: PANE, renderer: this.renderer, className, fillColor: `url(#danger-${kind})`, fillOpacity: 1, weight: heavy ? 3.5 : 2, smoothFactor: 1 });
      area.on('click', () => this.open(feature));
      this.shown.set(id, { area: area.addTo(this.map), feature });
    }
  }
}
