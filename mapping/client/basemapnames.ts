/** Which of a place's names is written on the map, and how: the reader's language first, Persian shaped whole. */

type Facts = Readonly<Record<string, unknown>>;

const ARABIC = /[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]/;
const LATIN = /[A-Za-z\u00c0-\u024f]/;
const DIGITS = '۰۱۲۳۴۵۶۷۸۹';

/** Names by key, most wanted first; `name` is the one on the spot, in whatever writing. */
const KEYS: Readonly<Record<'fa' | 'en', readonly string[]>> = {
  fa: ['name:fa', 'name_fa', 'name:fa-Arab'],
  en: ['name:en', 'name_en', 'name:latin', 'name_int', 'int_name'],
};
/** What is read when the own language has none: writing that the reader knows, then the spot's own. */
const REST: Readonly<Record<'fa' | 'en', readonly string[]>> = {
  fa: ['name', 'name:ar', 'name_ar', 'name:ku', 'name:az', 'name:en', 'name_en', 'name:latin'],
  en: ['name', 'name:fa', 'name_fa'],
};

const text = (facts: Facts, key: string): string => {
  const value = facts[key];
  return typeof value === 'string' ? value.trim() : '';
};

/** The name of a feature in a language; '' when it has none. */
export function nameOf(facts: Facts, lang: string): string {
  const own = lang === 'fa' ? 'fa' : 'en';
  for (const key of KEYS[own]) if (text(facts, key)) return written(text(facts, key), own);
  const known = own === 'fa' ? ARABIC : LATIN;
  const rest = REST[own].map((key) => text(facts, key)).filter(Boolean);
  return written(rest.find((one) => known.test(one)) ?? rest[0] ?? '', own);
}

/** Persian with its own letters and digits; what mixes directions is told to run from the right. */
function written(name: string, own: 'fa' | 'en'): string {
  if (!ARABIC.test(name)) return name;
  const said = own === 'fa' ? persian(name) : name;
  return /[()[\]«»A-Za-z/–-]/.test(said) ? `\u2067${said}\u2069` : said;
}

/** Arabic keyboards write other forms of two letters, and Latin digits. */
export function persian(name: string): string {
  return name.replaceAll('ي', 'ی').replaceAll('ك', 'ک').replace(/[0-9]/g, (one) => DIGITS[Number(one)]!).replace(/[٠-٩]/g, (one) => DIGITS[one.charCodeAt(0) - 0x660]!);
}

/** A height beside its line, in metres. */
export function heightOf(facts: Facts, lang: string): string {
  const value = Number(facts['ele'] ?? facts['elev'] ?? facts['elevation'] ?? facts['height'] ?? NaN);
  if (!Number.isFinite(value)) return '';
  const said = String(Math.round(value));
  return lang === 'fa' ? persian(said) : said;
}
