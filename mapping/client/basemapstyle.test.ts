// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { inks } from './basemapinks.ts';
import { chosen, named, offered, type Archive } from './basemapswitch.ts';
import { reliefLayers, schemaOf, styleOf } from './basemapstyle.ts';

const PROTOMAPS = ['earth', 'landuse', 'water', 'roads', 'boundaries', 'places', 'buildings'];
const OPEN = ['water', 'landcover', 'transportation', 'place', 'boundary'];
const feature = (geomType: number, props: Record<string, string | number>): never => ({ geomType, props, geom: [], bbox: { minX: 0, minY: 0, maxX: 1, maxY: 1 }, numVertices: 2 }) as never;
const wish = (layers: string[], relief = false): Parameters<typeof styleOf>[0] => ({ layers, inks: inks(false, true), lang: 'fa', relief });
const archive = (more: Partial<Archive> = {}): Archive => ({ url: '/x', format: 'mvt', encoding: '', min_zoom: 3, max_zoom: 8, bounds: [46, 32, 51, 35], layers: PROTOMAPS, name: '', credit: '', ...more });

describe('the style of an archive', () => {
  it('knows its schema by its layers', () => {
    expect(schemaOf(PROTOMAPS)).toBe('protomaps');
    expect(schemaOf(OPEN)).toBe('openmaptiles');
    expect(schemaOf(['coolcats', 'parcels'])).toBe('plain');
  });
  it.each([[PROTOMAPS], [OPEN], [['parcels']]])('draws layers of the archive alone: %s', (layers) => {
    const known = [...PROTOMAPS, ...OPEN, 'landcover', 'pois', 'water_name', 'waterway', 'transportation_name', 'park', 'building', 'landuse', 'parcels'];
    const style = styleOf(wish(layers));
    expect(style.paint.length).toBeGreaterThan(2);
    for (const rule of [...style.paint, ...style.labels]) expect(known).toContain(rule.dataLayer);
  });
  it('draws a motorway wider than a path, and both as lines only', () => {
    const { paint } = styleOf(wish(PROTOMAPS));
    const rules = (props: Record<string, string>, kind = 2): typeof paint => paint.filter((one) => one.dataLayer === 'roads' && one.filter!(14, feature(kind, props)));
    expect(rules({ kind: 'highway' })).toHaveLength(2);
    expect(rules({ kind: 'path' })).toHaveLength(1);
    expect(rules({ kind: 'highway' }, 3)).toHaveLength(0);
  });
  it('outlines whatever it does not know by its geometry', () => {
    const { paint } = styleOf(wish(['parcels']));
    for (const kind of [1, 2, 3]) expect(paint.filter((one) => one.filter!(10, feature(kind, {})))).toHaveLength(1);
  });
  it('draws lines of equal height when relief is asked for, the main ones heavier', () => {
    const layers = [...PROTOMAPS, 'contours'];
    expect(reliefLayers(layers)).toEqual(['contours']);
    expect(styleOf(wish(layers)).paint.some((one) => one.dataLayer === 'contours')).toBe(false);
    const rules = styleOf(wish(layers, true)).paint.filter((one) => one.dataLayer === 'contours');
    const of = (ele: number): number => rules.findIndex((one) => one.filter!(11, feature(2, { ele })));
    expect(of(1500)).not.toBe(of(1510));
  });
  it('names a place only where it has a name', () => {
    const rule = styleOf(wish(PROTOMAPS)).labels.find((one) => one.dataLayer === 'places' && one.filter!(8, feature(1, { kind: 'locality', 'name:fa': 'ازنا' })))!;
    expect(rule.filter!(8, feature(1, { kind: 'locality' }))).toBe(false);
  });
});

describe('the choice of the ground', () => {
  const hills = archive({ format: 'webp', encoding: 'terrarium', layers: [] });
  it('offers what there is', () => {
    expect(offered({ basemap: null, relief: null })).toEqual(['outlines']);
    expect(offered({ basemap: archive(), relief: null })).toEqual(['outlines', 'basemap']);
    expect(offered({ basemap: archive({ layers: ['contour'] }), relief: null })).toEqual(['outlines', 'basemap', 'relief']);
    expect(offered({ basemap: null, relief: hills })).toEqual(['outlines', 'relief']);
  });
  it('takes the address before what the browser remembers, and neither when it is not to be had', () => {
    const all = offered({ basemap: archive(), relief: hills });
    expect(chosen(all, 'relief', 'outlines')).toBe('relief');
    expect(chosen(all, '<script>', 'outlines')).toBe('outlines');
    expect(chosen(all, null, null)).toBe('basemap');
    expect(chosen(['outlines', 'relief'], 'basemap', 'basemap')).toBe('relief');
  });
  it('leaves our own names where the archive has none', () => {
    expect(named(archive(), 'basemap', 7)(48, 33)).toBe(true);
    expect(named(archive(), 'basemap', 7)(59, 36)).toBe(false);
    expect(named(archive(), 'basemap', 3)(48, 33)).toBe(false);
    expect(named(archive(), 'outlines', 7)(48, 33)).toBe(false);
    expect(named(archive({ format: 'png' }), 'basemap', 7)(48, 33)).toBe(false);
    expect(named(null, 'relief', 7)(48, 33)).toBe(false);
  });
});
