/** Names on the ground, on one canvas between ground and marks: the largest places first, none over another. */
import { ask } from '@pages/api.ts';
import { lang } from '@pages/i18n.ts';
import { palette, type Grounds } from './basemap.ts';
import { REGION_FA, WATERS } from './regions.ts';
import type { Box } from './types.ts';

interface Town {
  lon: number;
  lat: number;
  fa: string;
  en: string;
  people: number;
}

export interface Sign {
  x: number;
  y: number;
  text: string;
  size: number;
  kind: 'water' | 'region' | 'town';
  /** Lower goes first. */
  order: number;
}

export type Rectangle = [x0: number, y0: number, x1: number, y1: number];

/** Which signs fit without touching one another, by order; `width` measures one. */
export function fitting(signs: readonly Sign[], width: (sign: Sign) => number): { sign: Sign; at: Rectangle }[] {
  const taken: Rectangle[] = [];
  const out: { sign: Sign; at: Rectangle }[] = [];
  for (const sign of [...signs].sort((a, b) => a.order - b.order)) {
    const half = width(sign) / 2 + 4;
    const high = sign.size * 0.75 + 2;
    const dot = sign.kind === 'town' ? 10 : 0;
    const at: Rectangle = [sign.x - half, sign.y - high - dot, sign.x + half, sign.y + high - dot / 2];
    if (taken.some((one) => one[0] < at[2] && one[2] > at[0] && one[1] < at[3] && one[3] > at[1])) continue;
    taken.push(at);
    out.push({ sign, at });
  }
  return out;
}

export class Labels {
  private readonly canvas = document.createElement('canvas');
  private towns: Town[] = [];
  private have: { box: Box; zoom: number } | null = null;
  private asking: AbortController | null = null;
  private readonly map: L.Map;
  private readonly grounds: Grounds;
  /** Whether the ground itself says what lies at a place: then it is not said a second time. */
  covered: (lon: number, lat: number) => boolean = () => false;

  constructor(map: L.Map, grounds: Grounds) {
    this.map = map;
    this.grounds = grounds;
    this.canvas.className = 'signs';
    this.canvas.setAttribute('aria-hidden', 'true');
    map.getPane('signs')!.append(this.canvas);
    map.on('moveend zoomend resize', () => void this.refresh());
    map.on('zoomstart', () => (this.canvas.hidden = true));
    void document.fonts?.ready.then(() => this.draw());
  }

  async refresh(): Promise<void> {
    this.draw();
    const zoom = this.map.getZoom();
    const seen = this.map.getBounds();
    const covered =
      this.have && Math.floor(this.have.zoom) === Math.floor(zoom) &&
      this.have.box[0] <= seen.getWest() && this.have.box[1] <= seen.getSouth() &&
      this.have.box[2] >= seen.getEast() && this.have.box[3] >= seen.getNorth();
    if (covered) return;
    const wide = seen.pad(0.3);
    const box: Box = [
      Math.max(-180, wide.getWest()), Math.max(-85, wide.getSouth()), Math.min(180, wide.getEast()), Math.min(85, wide.getNorth()),
    ];
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const query = `bbox=${box.map((one) => one.toFixed(3)).join(',')}&limit=120`;
      const { data } = await ask<{ features: unknown[] }>(`/api/places?${query}`, { signal: this.asking.signal });
      this.towns = data.features.map(townOf).filter((one) => one !== null);
      this.have = { box, zoom };
    } catch {
      // The map is of use without names; the next move asks again.
    }
    this.draw();
  }

  draw(): void {
    const { map, canvas } = this;
    const size = map.getSize();
    const ratio = Math.min(2, devicePixelRatio || 1);
    canvas.width = size.x * ratio;
    canvas.height = size.y * ratio;
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    canvas.hidden = false;
    const pen = canvas.getContext('2d')!;
    pen.scale(ratio, ratio);
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.direction = lang() === 'fa' ? 'rtl' : 'ltr';
    pen.lineJoin = 'round';
    const colours = palette();
    const font = (sign: Sign): string =>
      `${sign.kind === 'water' ? 'italic 500' : sign.kind === 'region' ? '600' : '500'} ${sign.size}px Vazirmatn, system-ui, sans-serif`;
    const placed = fitting(this.signs(size), (sign) => {
      pen.font = font(sign);
      return pen.measureText(sign.text).width;
    });
    for (const { sign } of placed) {
      pen.font = font(sign);
      pen.strokeStyle = sign.kind === 'water' ? colours.sea : colours.halo;
      pen.lineWidth = 3;
      pen.fillStyle = sign.kind === 'water' ? colours.water : sign.kind === 'region' ? colours.region : colours.label;
      const y = sign.kind === 'town' ? sign.y - 10 : sign.y;
      if (sign.kind === 'town') {
        pen.beginPath();
        pen.arc(sign.x, sign.y, 2.5, 0, 2 * Math.PI);
        pen.fill();
      }
      pen.strokeText(sign.text, sign.x, y);
      pen.fillText(sign.text, sign.x, y);
    }
  }

  private signs(size: L.Point): Sign[] {
    const zoom = this.map.getZoom();
    const persian = lang() === 'fa';
    const out: Sign[] = [];
    const add = (lon: number, lat: number, sign: Omit<Sign, 'x' | 'y'>): void => {
      if (this.covered(lon, lat)) return;
      const { x, y } = this.map.latLngToContainerPoint([lat, lon]);
      if (x > -40 && y > -20 && x < size.x + 40 && y < size.y + 20) out.push({ ...sign, x, y });
    };
    for (const one of WATERS) {
      if (zoom >= one.from) add(one.lon, one.lat, { text: persian ? one.fa : one.en, size: zoom < 6 ? 13 : 15, kind: 'water', order: 0 });
    }
    if (zoom >= 6 && zoom < 10) {
      for (const one of [...this.grounds.names.values()].flat()) {
        const text = persian ? (REGION_FA[one.name] ?? one.name) : one.name;
        add(one.lon, one.lat, { text, size: zoom < 7 ? 12 : 14, kind: 'region', order: 2 });
      }
    }
    this.towns.forEach((one, index) => {
      const text = persian ? one.fa || one.en : one.en || one.fa;
      const large = one.people > 200_000;
      // The largest towns go before the names of regions, the others after them.
      add(one.lon, one.lat, { text, size: large ? 14 : zoom < 9 ? 11.5 : 12.5, kind: 'town', order: large ? 1 + index / 1e4 : 3 + index / 1e4 });
    });
    return out;
  }
}

function townOf(raw: unknown): Town | null {
  const one = raw as { geometry?: { coordinates?: number[] }; properties?: Record<string, unknown> };
  const [lon, lat] = one.geometry?.coordinates ?? [];
  if (lon === undefined || lat === undefined) return null;
  const facts = one.properties ?? {};
  return { lon, lat, fa: String(facts['name_fa'] ?? ''), en: String(facts['name_en'] ?? ''), people: Number(facts['population'] ?? 0) };
}

