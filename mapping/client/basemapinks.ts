/** The inks of the own ground: by day and by night, full or quiet. Marks must stand out of all four. */

export interface Inks {
  earth: string;
  green: string;
  built: string;
  sea: string;
  road: string;
  highway: string;
  casing: string;
  path: string;
  rail: string;
  border: string;
  house: string;
  contour: string;
  shade: string;
  label: string;
  label2: string;
  sealabel: string;
  halo: string;
}

const DAY: Inks = {
  earth: '#f6f3ec', green: '#dfe9d3', built: '#ebe5da', sea: '#bfd9e8', road: '#ffffff', highway: '#f0c06b', casing: '#a89b85', path: '#b5a791',
  rail: '#a9a39b', border: '#94808f', house: '#ddd4c7', contour: '#b08a5e', shade: '#6d6252', label: '#26323b', label2: '#4c5963', sealabel: '#2f6483', halo: '#fdfcf9',
};
const NIGHT: Inks = {
  earth: '#1b242d', green: '#1c3029', built: '#242f3a', sea: '#0a1f30', road: '#5f6f7d', highway: '#8d7b46', casing: '#0e151b', path: '#4a5763',
  rail: '#4d5661', border: '#77707f', house: '#28333d', contour: '#6e5b41', shade: '#000000', label: '#dbe3ea', label2: '#a9b6c1', sealabel: '#7fa9c2', halo: '#11181f',
};
/** How far the inks of a quiet ground go over into the land; names less, since they must be read. */
const QUIET = 0.35;
const READ = 0.12;
const NAMES: readonly (keyof Inks)[] = ['label', 'label2', 'sealabel'];

const bytes = (hex: string): [number, number, number] => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];

/** One colour with a share of another. */
export function blend(one: string, other: string, share: number): string {
  const [a, b] = [bytes(one), bytes(other)];
  return `#${a.map((value, i) => Math.round(value + (b[i]! - value) * share).toString(16).padStart(2, '0')).join('')}`;
}

export function inks(dark: boolean, quiet: boolean): Inks {
  const full = dark ? NIGHT : DAY;
  if (!quiet) return full;
  const made = { ...full };
  for (const name of Object.keys(full) as (keyof Inks)[]) {
    if (name === 'earth' || name === 'halo') continue;
    // The sea stays told from the land.
    made[name] = blend(full[name], full.earth, NAMES.includes(name) ? READ : name === 'sea' ? 0.15 : QUIET);
  }
  return made;
}

/** How light a colour is, 0 to 1 (WCAG), to hold names readable in tests. */
export function lightness(hex: string): number {
  const [r, g, b] = bytes(hex).map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
