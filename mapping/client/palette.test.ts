/** The colours of urgency stay apart: for every common colour vision, in grey print, by day and at night. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('./marks.css', import.meta.url), 'utf8');
const base = readFileSync(new URL('./base.css', import.meta.url), 'utf8');
const LEVELS = ['life', 'high', 'normal', 'none'] as const;
type Rgb = [number, number, number];

/** The values of a custom property in a sheet: by day, at night. */
function values(sheet: string, name: string): [Rgb, Rgb] {
  const found = [...sheet.matchAll(new RegExp(`--${name}:\\s*#([0-9a-f]{3,6});`, 'g'))].map((one) => one[1]!);
  const rgb = (hex: string): Rgb => {
    const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex;
    return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16) / 255) as Rgb;
  };
  expect(found, name).toHaveLength(2);
  return [rgb(found[0]!), rgb(found[1]!)];
}

const linear = (c: number): number => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const times = (m: number[][], v: readonly number[]): number[] => m.map((row) => row.reduce((sum, one, i) => sum + one * v[i]!, 0));

/** Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB. */
const VISION: Record<string, number[][]> = {
  usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function seen(colour: Rgb, vision: string): number[] {
  return times(VISION[vision]!, colour.map(linear)).map((one) => Math.min(1, Math.max(0, one)));
}
const luminance = ([r, g, b]: readonly number[]): number => 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
/** CIE L*a*b* (D65) of linear RGB. */
function lab(rgb: readonly number[]): Rgb {
  const xyz = times([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]], rgb);
  const f = [xyz[0]! / 0.95047, xyz[1]!, xyz[2]! / 1.08883].map((t) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116));
  return [116 * f[1]! - 16, 500 * (f[0]! - f[1]!), 200 * (f[1]! - f[2]!)];
}
const apart = (a: Rgb, b: Rgb): number => Math.hypot(...a.map((one, i) => one - b[i]!));
const contrast = (a: number, b: number): number => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

describe.each([['by day', 0], ['at night', 1]] as const)('the colours of urgency %s', (_, which) => {
  const colours = Object.fromEntries(LEVELS.map((level) => [level, values(css, `u-${level}`)[which]])) as Record<(typeof LEVELS)[number], Rgb>;
  it.each(Object.keys(VISION))('are told apart with %s', (vision) => {
    const labs = LEVELS.map((level) => lab(seen(colours[level], vision)));
    for (let i = 0; i < labs.length; i++) for (let j = i + 1; j < labs.length; j++) expect(apart(labs[i]!, labs[j]!), `${LEVELS[i]} and ${LEVELS[j]}`).toBeGreaterThan(20);
  });
  it('are steps of grey in the order of urgency', () => {
    const grey = LEVELS.map((level) => lab(seen(colours[level], 'usual'))[0]);
    const steps = grey.slice(1).map((one, i) => (which === 0 ? one - grey[i]! : grey[i]! - one));
    for (const step of steps) expect(step).toBeGreaterThan(10);
  });
  it('carry their sign, and their edge stands on the ground', () => {
    for (const level of LEVELS) {
      const sign = values(css, `u-${level}-ink`)[which];
      expect(contrast(luminance(seen(colours[level], 'usual')), luminance(seen(sign, 'usual'))), level).toBeGreaterThan(3);
    }
    for (const ground of ['map-land', 'map-sea']) expect(contrast(luminance(seen(values(css, 'mark-edge')[which], 'usual')), luminance(seen(values(base, ground)[which], 'usual')))).toBeGreaterThan(4.5);
  });
  it('edges of areas stand on land and sea', () => {
    for (const kind of ['flood', 'landslide', 'quake', 'fire', 'poison', 'other']) {
      for (const ground of ['map-land', 'map-sea']) {
        expect(contrast(luminance(seen(values(css, `d-${kind}`)[which], 'usual')), luminance(seen(values(base, ground)[which], 'usual'))), `${kind} on ${ground}`).toBeGreaterThan(3);
      }
    }
  });
});

it('the arithmetic is right: black on white is 21, red and green are one to who sees no green', () => {
  expect(contrast(1, 0)).toBe(21);
  const [red, green]: [Rgb, Rgb] = [[0.8, 0.35, 0.1], [0.45, 0.55, 0.1]];
  expect(apart(lab(seen(red, 'deuteranopia')), lab(seen(green, 'deuteranopia')))).toBeLessThan(0.4 * apart(lab(seen(red, 'usual')), lab(seen(green, 'usual'))));
});
