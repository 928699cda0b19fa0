/** The form component's sentences in the language of the page: the build calls `say` where the component has English. */
import { COUNTED, PHRASES } from './phrases.ts';
import { lang, persianDigits } from './lang.ts';

const persian: Readonly<Record<string, string>> = Object.fromEntries([
  ...PHRASES.map(([, english, text]) => [english, text]),
  ...COUNTED.map(([, , key, text]) => [key, text]),
]);

/** A sentence of the component; `n` is put where it says so. */
export function say(english: string, n?: string | number): string {
  const text = lang() === 'fa' ? (persian[english] ?? english) : english;
  return n === undefined ? text : text.replace('{n}', lang() === 'fa' ? persianDigits(String(n)) : String(n));
}
