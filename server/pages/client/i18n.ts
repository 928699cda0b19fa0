/** Words in the page's language. The English sentence is the key; the page brings its catalogue along. */

export type Lang = 'fa' | 'en';

let words: Readonly<Record<string, string>> = {};
let current: Lang = 'fa';

/** Set the language and its catalogue (English sentence → sentence) once, before anything is drawn. */
export function speak(lang: Lang, catalogue: Readonly<Record<string, string>>): void {
  current = lang;
  words = catalogue;
}

export const lang = (): Lang => current;

/** A sentence in the page's language with `{name}` filled; numbers get its digits. */
export function t(sentence: string, values: Readonly<Record<string, string | number>> = {}): string {
  let text = words[sentence] ?? sentence;
  for (const [name, value] of Object.entries(values)) {
    text = text.replaceAll(`{${name}}`, typeof value === 'number' ? num(value) : value);
  }
  return text;
}

const numbers = new Map<string, Intl.NumberFormat>();

/** A number as people of the page's language write it. */
export function num(value: number, options: Intl.NumberFormatOptions = {}): string {
  const key = current + JSON.stringify(options);
  let format = numbers.get(key);
  if (!format) numbers.set(key, (format = new Intl.NumberFormat(current === 'fa' ? 'fa-IR' : 'en-GB', options)));
  return format.format(value);
}

/** A number short enough for a mark on the map: 1.2k, ۱٫۲ه. */
export function short(value: number): string {
  if (value < 1000) return num(value);
  const thousands = num(value / 1000, { maximumFractionDigits: value < 10_000 ? 1 : 0 });
  return current === 'fa' ? `${thousands}ه` : `${thousands}k`;
}

/** Digits of a code or a clock in the page's language, everything else as it is. */
export function digits(text: string): string {
  return current === 'fa' ? text.replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[Number(d)]!) : text;
}
