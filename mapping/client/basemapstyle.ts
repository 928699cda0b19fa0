/** What of a vector archive is drawn, and how: Protomaps' layers, OpenMapTiles', or whatever there is by its geometry. */
import { CenteredSymbolizer, CircleSymbolizer, GroupSymbolizer, LineLabelSymbolizer, LineSymbolizer, OffsetSymbolizer, PolygonSymbolizer, TextSymbolizer, type Feature, type LabelRule, type LabelSymbolizer, type PaintRule, type PaintSymbolizer } from 'protomaps-leaflet';
import { heightOf, nameOf } from './basemapnames.ts';
import type { Inks } from './basemapinks.ts';

export type Schema = 'protomaps' | 'openmaptiles' | 'plain';
export interface Style {
  paint: PaintRule[];
  labels: LabelRule[];
}
interface Wish {
  layers: readonly string[];
  inks: Inks;
  lang: string;
  /** Draw lines of equal height and shades, if there are any. */
  relief: boolean;
}

const HEIGHTS = /^(contours?|hillshades?|isolines?|elevation)$/i;
const NEVER = 99;
const FONT = 'Vazirmatn, system-ui, sans-serif';
/** Geometry kinds of a vector tile. */
const [POINT, LINE, AREA] = [1, 2, 3];

export function schemaOf(layers: readonly string[]): Schema {
  const has = (...names: string[]): boolean => names.every((one) => layers.includes(one));
  if (has('earth') || has('roads', 'places')) return 'protomaps';
  return has('transportation') || has('water', 'place') ? 'openmaptiles' : 'plain';
}

export const reliefLayers = (layers: readonly string[]): string[] => layers.filter((one) => HEIGHTS.test(one));
/** Whether the archive brings names of places, so that ours would be said twice. */
export const namesPlaces = (layers: readonly string[]): boolean => layers.includes('places') || layers.includes('place');

type By = (zoom: number, facts: Readonly<Record<string, unknown>>) => boolean;
const when = (by: By) => (zoom: number, feature: Feature): boolean => by(zoom, feature.props);
const isKind = (...kinds: string[]): By => (_zoom, facts) => kinds.includes(String(facts['kind'] ?? facts['class'] ?? ''));

/** Widths in CSS pixels, growing from one zoom to another. */
const grow = (from: number, thin: number, to: number, wide: number) => (zoom: number): number =>
  zoom <= from ? thin : zoom >= to ? wide : thin * (wide / thin) ** ((zoom - from) / (to - from));

/** Every name in a symbolizer is chosen by us: the library knows lists of keys alone. */
function saying<S extends LabelSymbolizer>(symbolizer: S, said: (facts: Feature['props']) => string): S {
  Object.assign(symbolizer, { text: { get: (_zoom: number, feature: Feature) => said(feature.props) || undefined } });
  return symbolizer;
}

/** Land over the whole tile, when the archive has the tile but no layer of land: the coarse outlines beneath would contradict it. */
const ground = (colour: string): PaintSymbolizer => ({
  before(pen) {
    pen.globalAlpha = 1;
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 256, 256);
  },
  draw: () => undefined,
});

export function styleOf(wish: Wish): Style {
  const { layers, inks } = wish;
  const schema = schemaOf(layers);
  const style = schema === 'protomaps' ? protomaps(wish) : schema === 'openmaptiles' ? openmaptiles(wish) : plain(wish);
  if (wish.relief) {
    for (const layer of reliefLayers(layers)) {
      const main: By = (_zoom, facts) => Number(facts['index'] ?? facts['nth_line'] ?? 0) >= 5 || Number(facts['ele'] ?? facts['elev'] ?? 1) % 500 === 0;
      style.paint.push(
        { dataLayer: layer, symbolizer: new PolygonSymbolizer({ fill: inks.shade, opacity: 0.18 }), filter: (_zoom, feature) => feature.geomType === AREA },
        { dataLayer: layer, symbolizer: new LineSymbolizer({ color: inks.contour, width: 0.7, opacity: 0.75 }), filter: (zoom, feature) => feature.geomType === LINE && !main(zoom, feature.props) },
        { dataLayer: layer, symbolizer: new LineSymbolizer({ color: inks.contour, width: 1.4, opacity: 0.9 }), filter: (zoom, feature) => feature.geomType === LINE && main(zoom, feature.props) },
      );
      style.labels.push({
        dataLayer: layer, minzoom: 9, filter: (zoom, feature) => feature.geomType === LINE && main(zoom, feature.props),
        symbolizer: saying(new LineLabelSymbolizer({ font: `500 10px ${FONT}`, fill: inks.contour, stroke: inks.halo, width: 3, position: 2, repeatDistance: 400 }), (facts) => heightOf(facts, wish.lang)),
      });
    }
  }
  return style;
}

function road(layer: string, inks: Inks, by: By, shape: { from: number; thin: number; wide: number; ink: string; cased?: boolean }): PaintRule[] {
  const width = grow(shape.from, shape.thin, 18, shape.wide);
  const filter = (zoom: number, feature: Feature): boolean => feature.geomType === LINE && by(zoom, feature.props);
  const rule = (symbolizer: PaintSymbolizer, minzoom: number): PaintRule => ({ dataLayer: layer, symbolizer, filter, minzoom });
  const core = rule(new LineSymbolizer({ color: shape.ink, width, lineCap: 'round', lineJoin: 'round' }), shape.from);
  if (!shape.cased) return [core];
  return [rule(new LineSymbolizer({ color: inks.casing, width: (zoom: number) => width(zoom) + 1.4, lineCap: 'round', lineJoin: 'round' }), shape.from), core];
}

function areas(layer: string, fill: string, by?: By, minzoom = 0): PaintRule {
  return { dataLayer: layer, minzoom, symbolizer: new PolygonSymbolizer({ fill }), filter: (zoom, feature) => feature.geomType === AREA && (!by || by(zoom, feature.props)) };
}

function lines(layer: string, color: string, width: number | ((zoom: number) => number), by?: By, dash?: number[], minzoom = 0): PaintRule {
  const symbolizer = new LineSymbolizer({ color, width, ...(dash ? { dash } : {}) });
  return { dataLayer: layer, minzoom, symbolizer, filter: (zoom, feature) => feature.geomType === LINE && (!by || by(zoom, feature.props)) };
}

/** Places: a dot and a name; the larger first, so that they win the room. */
function places(layer: string, { inks, lang }: Wish, by: By, size: (facts: Feature['props']) => number, minzoom = 0): LabelRule {
  const font = (_zoom: number, feature?: Feature): string => `${size(feature!.props) > 13 ? 600 : 500} ${size(feature!.props)}px ${FONT}`;
  const name = saying(new TextSymbolizer({ font, fill: inks.label, stroke: inks.halo, width: 3, lineHeight: 1.5, maxLineChars: 22 }), (facts) => nameOf(facts, lang));
  const dot = new CircleSymbolizer({ radius: 2.2, fill: inks.label2, stroke: inks.halo, width: 1 });
  return {
    dataLayer: layer, minzoom, filter: when((zoom, facts) => by(zoom, facts) && nameOf(facts, lang) !== ''),
    symbolizer: new GroupSymbolizer([dot, new OffsetSymbolizer(name, { offsetY: -6, placements: [1], justify: 2 })]),
    sort: (a, b) => people(b) - people(a),
  };
}

const people = (facts: Readonly<Record<string, unknown>>): number => Number(facts['population'] ?? 0) || 20 - Number(facts['rank'] ?? facts['min_zoom'] ?? facts['pmap:min_zoom'] ?? 20);

function areaNames(layer: string, { inks, lang }: Wish, by: By, font: string, fill = inks.label2, minzoom = 0, maxzoom = NEVER): LabelRule {
  const name = saying(new TextSymbolizer({ font: `${font} ${FONT}`, fill, stroke: inks.halo, width: 3, lineHeight: 1.5 }), (facts) => nameOf(facts, lang));
  return { dataLayer: layer, minzoom, maxzoom, filter: (zoom, feature) => feature.geomType !== LINE && by(zoom, feature.props) && nameOf(feature.props, lang) !== '', symbolizer: new CenteredSymbolizer(name) };
}

function lineNames(layer: string, { inks, lang }: Wish, by: By, size: number, minzoom: number, fill = inks.label2): LabelRule {
  const symbolizer = saying(new LineLabelSymbolizer({ font: `500 ${size}px ${FONT}`, fill, stroke: inks.halo, width: 3, position: 2, repeatDistance: 350 }), (facts) => nameOf(facts, lang));
  return { dataLayer: layer, minzoom, filter: (zoom, feature) => feature.geomType === LINE && by(zoom, feature.props), symbolizer };
}

const any: By = () => true;
const GREEN = ['forest', 'wood', 'park', 'nature_reserve', 'national_park', 'protected_area', 'grass', 'grassland', 'scrub', 'meadow', 'orchard', 'farmland', 'cemetery', 'garden'];
const BUILT = ['residential', 'urban_area', 'commercial', 'industrial', 'hospital', 'school', 'university', 'college', 'neighbourhood'];

function protomaps(wish: Wish): Style {
  const { inks } = wish;
  const size = (facts: Feature['props']): number => (people(facts) > 200_000 ? 14.5 : people(facts) > 50_000 ? 13 : 12);
  return {
    paint: [
      areas('earth', inks.earth), areas('landcover', inks.green, isKind('forest', 'grassland', 'scrub', 'farmland')), areas('landcover', inks.built, isKind('urban_area')),
      areas('landuse', inks.green, isKind(...GREEN)), areas('landuse', inks.built, isKind(...BUILT), 8),
      areas('water', inks.sea), lines('water', inks.sea, grow(7, 0.8, 16, 6), isKind('river', 'canal'), undefined, 6), lines('water', inks.sea, grow(11, 0.5, 17, 3), isKind('stream', 'ditch', 'drain'), undefined, 11),
      areas('buildings', inks.house, any, 13),
      ...road('roads', inks, isKind('path', 'other'), { from: 12, thin: 0.6, wide: 3, ink: inks.path }),
      ...road('roads', inks, isKind('rail'), { from: 8, thin: 0.6, wide: 2.5, ink: inks.rail }),
      ...road('roads', inks, isKind('minor_road'), { from: 11, thin: 0.6, wide: 12, ink: inks.road, cased: true }),
      ...road('roads', inks, isKind('medium_road', 'major_road'), { from: 6, thin: 0.9, wide: 16, ink: inks.road, cased: true }),
      ...road('roads', inks, isKind('highway'), { from: 4, thin: 1.1, wide: 20, ink: inks.highway, cased: true }),
      lines('boundaries', inks.border, 1, (_zoom, facts) => Number(facts['kind_detail'] ?? (isKind('country')(0, facts) ? 2 : 4)) > 2, [5, 4], 5),
      lines('boundaries', inks.border, 1.7, (_zoom, facts) => Number(facts['kind_detail'] ?? (isKind('country')(0, facts) ? 2 : 4)) <= 2),
    ],
    labels: [
      areaNames('places', wish, isKind('country'), '600 14px', inks.label2, 0, 6),
      places('places', wish, isKind('locality'), size),
      areaNames('places', wish, isKind('region'), 'italic 600 12.5px', inks.label2, 5, 9),
      areaNames('water', wish, any, 'italic 500 12px', inks.sealabel),
      lineNames('water', wish, isKind('river', 'canal', 'stream'), 11, 9, inks.sealabel),
      areaNames('pois', wish, isKind('hospital', 'clinic'), '600 11.5px', inks.label, 13),
      lineNames('roads', wish, isKind('highway', 'major_road', 'medium_road'), 11, 9),
      lineNames('roads', wish, isKind('minor_road', 'other', 'path'), 10.5, 14),
      areaNames('places', wish, isKind('neighbourhood', 'macrohood'), '500 11px', inks.label2, 12),
    ],
  };
}

function openmaptiles(wish: Wish): Style {
  const { inks, layers } = wish;
  const main = ['trunk', 'primary', 'secondary', 'tertiary'];
  const rank = (facts: Feature['props']): number => (isKind('city')(0, facts) ? 14 : isKind('town')(0, facts) ? 12.5 : 11.5);
  return {
    paint: [
      ...layers.filter((one) => !HEIGHTS.test(one)).map((dataLayer): PaintRule => ({ dataLayer, symbolizer: ground(inks.earth) })),
      areas('landcover', inks.green, isKind('wood', 'grass', 'farmland')), areas('landuse', inks.built, isKind(...BUILT)), areas('park', inks.green),
      areas('water', inks.sea), lines('waterway', inks.sea, grow(7, 0.8, 16, 5)), areas('building', inks.house, any, 13),
      ...road('transportation', inks, isKind('path', 'track', 'service'), { from: 12, thin: 0.6, wide: 4, ink: inks.path }),
      ...road('transportation', inks, isKind('rail', 'transit'), { from: 8, thin: 0.6, wide: 2.5, ink: inks.rail }),
      ...road('transportation', inks, isKind('minor'), { from: 11, thin: 0.6, wide: 12, ink: inks.road, cased: true }),
      ...road('transportation', inks, isKind(...main), { from: 6, thin: 0.9, wide: 16, ink: inks.road, cased: true }),
      ...road('transportation', inks, isKind('motorway'), { from: 4, thin: 1.1, wide: 20, ink: inks.highway, cased: true }),
      lines('boundary', inks.border, 1, (_zoom, facts) => Number(facts['admin_level'] ?? 4) > 2 && Number(facts['admin_level'] ?? 4) < 7, [5, 4], 5),
      lines('boundary', inks.border, 1.7, (_zoom, facts) => Number(facts['admin_level'] ?? 4) <= 2),
    ],
    labels: [
      areaNames('place', wish, isKind('country'), '600 14px', inks.label2, 0, 6),
      places('place', wish, isKind('city', 'town', 'village', 'hamlet'), rank),
      areaNames('place', wish, isKind('state', 'province'), 'italic 600 12.5px', inks.label2, 5, 9),
      areaNames('water_name', wish, any, 'italic 500 12px', inks.sealabel),
      lineNames('waterway', wish, any, 11, 10, inks.sealabel),
      lineNames('transportation_name', wish, any, 11, 12),
    ],
  };
}

/** Layers that nobody told us of: outlines over our own ground, and names where there are points with names. */
function plain(wish: Wish): Style {
  const { inks, layers } = wish;
  const shown = layers.filter((one) => !HEIGHTS.test(one));
  return {
    paint: shown.flatMap((layer): PaintRule[] => [
      { dataLayer: layer, symbolizer: new PolygonSymbolizer({ fill: inks.built, opacity: 0.45, stroke: inks.border, width: 1 }), filter: (_zoom, feature) => feature.geomType === AREA },
      lines(layer, inks.border, grow(6, 0.8, 16, 2.5)),
      { dataLayer: layer, symbolizer: new CircleSymbolizer({ radius: 2.5, fill: inks.label2, stroke: inks.halo, width: 1 }), filter: (_zoom, feature) => feature.geomType === POINT },
    ]),
    labels: shown.map((layer): LabelRule => areaNames(layer, wish, any, '500 11.5px')),
  };
}
