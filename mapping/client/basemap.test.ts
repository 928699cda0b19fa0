import { describe, expect, it } from 'vitest';
import { blend, inks, lightness } from './basemapinks.ts';
import { heightOf, nameOf } from './basemapnames.ts';
import { within } from './basemapraster.ts';
import { metres, pixelSize, shade } from './basemapshade.ts';

describe('names', () => {
  it('are Persian first for who reads Persian, English first for who reads English', () => {
    const town = { name: 'Xorremabad', 'name:fa': 'خرم‌آباد', 'name:en': 'Khorramabad' };
    expect(nameOf(town, 'fa')).toBe('خرم‌آباد');
    expect(nameOf(town, 'en')).toBe('Khorramabad');
    expect(nameOf({ name_fa: 'دورود', name_en: 'Dorud' }, 'fa')).toBe('دورود');
    expect(nameOf({ 'name:latin': 'Dorud', name: 'دورود' }, 'en')).toBe('Dorud');
  });
  it('without the own language are what the reader can read, then what is there', () => {
    expect(nameOf({ name: 'پلدختر', 'name:en': 'Pol-e Dokhtar' }, 'fa')).toBe('پلدختر');
    expect(nameOf({ name: '东京', 'name:en': 'Tokyo' }, 'fa')).toBe('东京');
    expect(nameOf({ name: 'Baghdad', 'name:ar': 'بغداد' }, 'fa')).toBe('بغداد');
    expect(nameOf({ name: 'پلدختر' }, 'en')).toBe('پلدختر');
    expect(nameOf({ name: 7, ref: 'A1' }, 'fa')).toBe('');
    expect(nameOf({}, 'en')).toBe('');
  });
  it('bear Persian letters and digits, and their half-spaces', () => {
    expect(nameOf({ 'name:fa': 'خيابان ملك 12' }, 'fa')).toBe('خیابان ملک ۱۲');
    expect(nameOf({ 'name:fa': 'خرم\u200cآباد' }, 'fa')).toContain('\u200c');
  });
  it('that mix directions are told to run from the right', () => {
    expect(nameOf({ 'name:fa': 'بیمارستان (قدیم)' }, 'fa')).toBe('\u2067بیمارستان (قدیم)\u2069');
  });
  it('of heights are whole metres', () => {
    expect(heightOf({ ele: 1234.4 }, 'fa')).toBe('۱۲۳۴');
    expect(heightOf({ elev: '950' }, 'en')).toBe('950');
    expect(heightOf({ ele: 'high' }, 'en')).toBe('');
  });
});

describe('inks', () => {
  const contrast = (a: string, b: string): number => {
    const [x, y] = [lightness(a), lightness(b)].sort((one, other) => other - one) as [number, number];
    return (x + 0.05) / (y + 0.05);
  };
  it.each([[false, false], [false, true], [true, false], [true, true]])('keep names readable: dark %s, quiet %s', (dark, quiet) => {
    const made = inks(dark, quiet);
    for (const name of [made.label, made.label2]) expect(contrast(name, made.earth)).toBeGreaterThan(4.5);
    expect(contrast(made.sealabel, made.sea)).toBeGreaterThan(3);
  });
  it('of a quiet ground lie nearer to the land', () => {
    const [full, quiet] = [inks(false, false), inks(false, true)];
    expect(contrast(quiet.highway, quiet.earth)).toBeLessThan(contrast(full.highway, full.earth));
    expect(blend('#000000', '#ffffff', 0.5)).toBe('#808080');
  });
});

it('beyond the deepest zoom a tile is a part of its ancestor', () => {
  expect(within({ z: 7, x: 81, y: 50 }, 9)).toEqual({ z: 7, x: 81, y: 50, left: 0, top: 0, side: 1 });
  expect(within({ z: 10, x: 655, y: 402 }, 8)).toEqual({ z: 8, x: 163, y: 100, left: 0.75, top: 0.5, side: 0.25 });
});

describe('hills', () => {
  it('heights are read as each encoding has them', () => {
    expect(metres(128, 0, 0, 'terrarium')).toBe(0);
    expect(metres(140, 26, 128, 'terrarium')).toBeCloseTo(3098.5);
    expect(metres(1, 134, 160, 'mapbox')).toBeCloseTo(0);
    expect(pixelSize(0, 0, 256)).toBeCloseTo(156_543, 0);
  });
  const side = 32;
  const slope = (step: number): Uint8ClampedArray => {
    const out = new Uint8ClampedArray(side * side * 4);
    for (let i = 0; i < side * side; i++) out.set([128 + (((i % side) * step) >> 8), ((i % side) * step) & 255, 0, 255], i * 4);
    return out;
  };
  it('flat land stays clear, a slope away from the light is dark, one towards it bright', () => {
    expect(shade(slope(0), side, 'terrarium', 30, 12).some((one) => one > 0)).toBe(false);
    // Heights that grow to the east look to the west, where the light is.
    const west = shade(slope(30), side, 'terrarium', 30, 12);
    const middle = 4 * (16 * side + 16);
    expect([...west.slice(middle, middle + 3)]).toEqual([255, 255, 255]);
    expect(west[middle + 3]).toBeGreaterThan(20);
    const mirrored = slope(30);
    for (let i = 0; i < side * side; i++) mirrored.set(slope(30).slice(4 * (Math.floor(i / side) * side + side - 1 - (i % side)), 4 * (Math.floor(i / side) * side + side - (i % side))), 4 * i);
    const east = shade(mirrored, side, 'terrarium', 30, 12);
    expect([...east.slice(middle, middle + 3)]).toEqual([0, 0, 0]);
    expect(east[middle + 3]).toBeGreaterThan(20);
    // The rim is shaded as the middle is: no seams between tiles.
    expect(east[4 * 16 * side + 3]).toBe(east[middle + 3]);
  });
  it('where there are no heights there is no shade', () => {
    const none = slope(30);
    for (let i = 3; i < none.length; i += 4) none[i] = 0;
    expect(shade(none, side, 'terrarium', 30, 12).some((one) => one > 0)).toBe(false);
  });
});
