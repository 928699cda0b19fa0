/** The marks on the map as elements: outline by layer, colour by urgency, drawing by subject. */
import type { Feature, LayerCode, Urgency } from './types.ts';
import { BY_RANK, type Sum } from './clusters.ts';
import { pending } from './store.ts';
import { CLUSTER_GLYPH, DANGER_GLYPH, GLYPH } from './glyphs.ts';
import { num, short } from '@pages/i18n.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** Outlines in a 36 × 36 box; the drop's tip is its place, the others are centred. */
export const OUTLINE: Readonly<Record<LayerCode, string>> = {
  needs: 'M18 34C12 27 6 21.500 6 14a12 12 0 0 1 24 0c0 7.500-6 13-12 20z',
  incidents: 'M18 4.500c1.100 0 2 .6 2.500 1.500l12 21.500c1.100 2-.3 4.500-2.600 4.500H6.100c-2.300 0-3.700-2.500-2.600-4.500L15.500 6c.5-.9 1.400-1.500 2.500-1.500z',
  tasks: 'M9 5.500h18a3.500 3.500 0 0 1 3.500 3.500v18a3.500 3.500 0 0 1-3.500 3.500H9A3.500 3.500 0 0 1 5.500 27V9A3.500 3.500 0 0 1 9 5.500z',
  closures: 'M12 4h12l8 8v12l-8 8H12l-8-8V12z',
  centres: 'M18 3.500 32.500 15v15a2.500 2.500 0 0 1-2.500 2.500H6A2.500 2.500 0 0 1 3.500 30V15z',
  movements: 'M11 8h14a10 10 0 0 1 0 20H11a10 10 0 0 1 0-20z',
  volunteers: 'M18 6a12 12 0 1 1 0 24 12 12 0 0 1 0-24z',
  gaps: 'M18 34C12 27 6 21.500 6 14a12 12 0 0 1 24 0c0 7.500-6 13-12 20z',
  teams: 'M18 3 31 10.500v15L18 33 5 25.500v-15z',
  shelters: 'M4 31.500V18a14 14 0 0 1 28 0v13.500z',
  hazards: 'M18 2.500 33.500 18 18 33.500 2.500 18z',
  reports: 'M8 6h20a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H18l-7 6v-6H8a3 3 0 0 1-3-3V9a3 3 0 0 1 3-3z',
};

/** Where the drawing sits in the outline: x, y, size. */
const INSET: Readonly<Partial<Record<LayerCode, [number, number, number]>>> = {
  needs: [9.5, 5.5, 17],
  gaps: [9.5, 5.5, 17],
  incidents: [10.5, 14, 15],
  centres: [9, 13, 18],
  reports: [10, 8, 16],
  shelters: [9, 12, 18],
};

const OWN: Readonly<Partial<Record<LayerCode, string>>> = {
  closures: GLYPH.barrier,
  centres: GLYPH.house,
  movements: GLYPH.truck,
  volunteers: GLYPH.person,
  teams: GLYPH.people,
  shelters: CLUSTER_GLYPH['shelter']!,
};
const TONED: ReadonlySet<LayerCode> = new Set(['centres', 'closures', 'movements', 'volunteers', 'hazards']);

function part(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** A record's colour name, for `mark--…` and `badge--…`. */
export function tone(feature: Feature): string {
  const { layer, status, urgency } = feature.properties;
  if (TONED.has(layer)) return layer;
  // Who is not heard of stands out from those who are; what is full from what has room.
  if (layer === 'teams') return status === 'silent' ? 'silent' : 'teams';
  if (layer === 'shelters') return status === 'full' ? 'full' : 'shelters';
  return urgency ?? 'none';
}

/** The picture of a layer's mark with a subject in it; used on the map, in lists and in the legend. */
export function drawing(layer: LayerCode, cluster: string, colour: string, unsure = false): SVGElement {
  const svg = part('svg', { viewBox: '0 0 36 36', class: `glyph glyph--of-${layer} glyph--${colour}${unsure ? ' glyph--unsure' : ''}`, 'aria-hidden': 'true' });
  svg.append(part('path', { d: OUTLINE[layer], class: 'glyph__shape' }));
  const [x, y, size] = INSET[layer] ?? [10, 10, 16];
  const inner = part('svg', { x, y, width: size, height: size, viewBox: '0 0 24 24' });
  const drawn = layer === 'hazards' ? (DANGER_GLYPH[cluster] ?? DANGER_GLYPH['other']!) : (OWN[layer] ?? CLUSTER_GLYPH[cluster] ?? CLUSTER_GLYPH['none']!);
  inner.append(part('path', { d: drawn, class: 'glyph__line' }));
  svg.append(inner);
  return svg;
}

/** The mark of one record. */
export function recordMark(feature: Feature, cluster: string, fresh: boolean): HTMLElement {
  const { layer, verification, urgency } = feature.properties;
  const element = document.createElement('div');
  const done = !pending(feature);
  const urgent = !done && urgency === 'life';
  element.className = `mark${done ? ' mark--done' : ''}${fresh ? ' mark--fresh' : ''}${urgent ? ' mark--urgent' : ''}`;
  element.append(drawing(layer, cluster, tone(feature), verification === 'unverified'));
  if (verification === 'confirmed' || verification === 'refuted') {
    const badge = part('svg', { viewBox: '0 0 24 24', class: `mark__seal mark__seal--${verification}` });
    badge.append(part('path', { d: verification === 'confirmed' ? GLYPH.tick : GLYPH.cross }));
    element.append(badge);
  }
  // Said by a sign too: the colour of urgency is lost in grey print and to many eyes.
  if (urgent) element.append(note('mark__life', '!'));
  if (layer === 'teams' && feature.properties.people) element.append(note('mark__n', num(feature.properties.people)));
  if (layer === 'shelters') element.append(...room(feature));
  return element;
}

function note(name: string, text: string): HTMLElement {
  const element = document.createElement('span');
  element.className = name;
  element.textContent = text;
  return element;
}

/** How full a shelter is, as a bar under its mark. */
function room(feature: Feature): HTMLElement[] {
  const { people, capacity } = feature.properties as { people?: number | null; capacity?: number | null };
  if (!capacity || people === null || people === undefined) return [];
  const bar = note('mark__room', '');
  const full = document.createElement('span');
  full.style.inlineSize = `${Math.min(100, (people / capacity) * 100)}%`;
  bar.append(full);
  return [bar];
}

const AROUND = 2 * Math.PI;
const COLOURS: readonly (keyof Sum & string)[] = ['life', 'high', 'normal', 'none', 'mixed'];

/** The mark of many: their number in a ring shared out by urgency, and beside it how many lives are in danger. */
export function clusterMark(sum: Sum): HTMLElement {
  const size = clusterSize(sum.n);
  const top: Urgency = BY_RANK[sum.top] ?? 'none';
  const element = document.createElement('div');
  element.className = `bunch bunch--${top}${sum.fresh ? ' mark--fresh' : ''}`;
  const svg = part('svg', { viewBox: '0 0 60 60', width: size, height: size });
  svg.append(part('circle', { cx: 30, cy: 30, r: 28, class: 'bunch__ground' }));
  const radius = 25;
  const whole = AROUND * radius;
  let start = 0;
  for (const name of COLOURS) {
    const share = (sum[name] as number) / sum.n;
    if (!share) continue;
    svg.append(
      part('circle', {
        cx: 30, cy: 30, r: radius,
        class: `bunch__share bunch__share--${name}`,
        'stroke-dasharray': `${share * whole} ${whole}`, 'stroke-dashoffset': -start * whole,
        transform: 'rotate(-90 30 30)',
      }),
    );
    start += share;
  }
  const text = part('text', { x: 30, y: 31, class: 'bunch__n' });
  text.textContent = short(sum.n);
  svg.append(text);
  element.append(svg);
  if (top === 'life') {
    const lives = document.createElement('span');
    lives.className = 'bunch__lives';
    // Counted on the server only the highest urgency is known, not how many bear it.
    lives.textContent = sum.life ? short(sum.life) : '!';
    element.append(lives);
  }
  return element;
}

/** Diameter in pixels: grows with the logarithm, so that ten thousand still fits. */
export function clusterSize(n: number): number {
  return Math.round(Math.min(64, 36 + 7 * Math.log10(Math.max(n, 1))));
}
