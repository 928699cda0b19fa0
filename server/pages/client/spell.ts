/** A code read aloud over a bad line: in groups, each sign with a word that cannot be misheard. */
import { lang } from './i18n.ts';

const DIGITS: Readonly<Record<'fa' | 'en', readonly string[]>> = {
  fa: ['صفر', 'یک', 'دو', 'سه', 'چهار', 'پنج', 'شش', 'هفت', 'هشت', 'نه'],
  en: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'],
};
/** In Persian by towns, as people spell names over the telephone; in English the ICAO alphabet. */
const LETTERS: Readonly<Record<'fa' | 'en', Readonly<Record<string, string>>>> = {
  fa: {
    A: 'اهواز', B: 'بابل', C: 'سی', D: 'دزفول', E: 'اصفهان', F: 'فسا', G: 'گرگان', H: 'همدان', I: 'ایلام', J: 'جهرم', K: 'کرمان', L: 'لار', M: 'مشهد',
    N: 'نطنز', O: 'اُ', P: 'پاوه', Q: 'قم', R: 'رشت', S: 'ساری', T: 'تبریز', U: 'ارومیه', V: 'ورامین', W: 'دابلیو', X: 'ایکس', Y: 'یزد', Z: 'زنجان',
  },
  en: {
    A: 'Alfa', B: 'Bravo', C: 'Charlie', D: 'Delta', E: 'Echo', F: 'Foxtrot', G: 'Golf', H: 'Hotel', I: 'India', J: 'Juliett', K: 'Kilo', L: 'Lima', M: 'Mike',
    N: 'November', O: 'Oscar', P: 'Papa', Q: 'Quebec', R: 'Romeo', S: 'Sierra', T: 'Tango', U: 'Uniform', V: 'Victor', W: 'Whiskey', X: 'X-ray', Y: 'Yankee', Z: 'Zulu',
  },
};

/** A code in groups of three or four signs, as people can hold in mind: eight are 4 + 4, ten are 3 + 3 + 4. */
export function groups(code: string): string[] {
  const signs = Array.from(code);
  const many = Math.max(1, Math.floor(signs.length / 3));
  const cut = Array.from({ length: many + 1 }, (_, at) => Math.floor((signs.length * at) / many));
  return cut.slice(1).map((end, at) => signs.slice(cut[at], end).join(''));
}

/** The word of one sign; the sign itself where there is none. */
export function spoken(sign: string): string {
  const digit = '0123456789'.indexOf(sign);
  return digit >= 0 ? DIGITS[lang()][digit]! : (LETTERS[lang()][sign.toUpperCase()] ?? sign);
}
