/** Times as people read them: Jalali in Persian, Gregorian in English, always in the instance's zone. */
import { lang, num, t } from './i18n.ts';

let zone = 'Asia/Tehran';
/** Milliseconds to add to this device's clock to get the server's: phones in the field are often wrong. */
let drift = 0;

export function useZone(name: string): void {
  zone = name;
}

/** Learn the server's clock from the `Date` of an answer (whole seconds, so small differences are left alone). */
export function learnClock(date: string | null, now: number = Date.now()): void {
  const server = date ? Date.parse(date) : NaN;
  if (Number.isNaN(server)) return;
  drift = Math.abs(server - now) > 5000 ? server - now : 0;
}

export const now = (): number => Date.now() + drift;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = lang() === 'fa' ? 'fa-IR-u-ca-persian-nu-arabext' : 'en-GB';
  const key = locale + zone + JSON.stringify(options);
  let one = formats.get(key);
  if (!one) formats.set(key, (one = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options })));
  return one;
}

/** «۲ آذر ۱۴۰۵، ۱۴:۰۵» or «23 Nov 2026, 14:05»; empty for what is no time. */
export function dateTime(iso: string | number | Date): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  const day = format({ day: 'numeric', month: lang() === 'fa' ? 'long' : 'short', year: 'numeric' }).format(at);
  return `${day}${lang() === 'fa' ? '،' : ','} ${clock(at)}`;
}

/** Hours and minutes. */
export function clock(iso: string | number | Date): string {
  return format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(iso));
}

/** How long ago, in its largest whole unit. */
export function ago(iso: string | number | Date, at: number = now()): string {
  const seconds = (at - new Date(iso).getTime()) / 1000;
  if (Number.isNaN(seconds)) return '';
  if (seconds < 60) return t('just now');
  if (seconds < 3600) return t('{n} min ago', { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t('{n} h ago', { n: Math.floor(seconds / 3600) });
  return t('{n} d ago', { n: Math.floor(seconds / 86_400) });
}

/** A span of seconds, for the clock of staleness: «40 s», «3 min». */
export function span(seconds: number): string {
  if (seconds < 90) return t('{n} s', { n: Math.max(0, Math.round(seconds)) });
  if (seconds < 5400) return t('{n} min', { n: Math.round(seconds / 60) });
  return t('{n} h', { n: num(Math.round(seconds / 3600)) });
}
