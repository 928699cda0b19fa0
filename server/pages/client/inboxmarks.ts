/** The words of a message in pieces, each with the rules that went by it. Offsets count characters, as Python does. */
import { h } from './dom.ts';
import { t } from './i18n.ts';
import { word } from '../../../mapping/client/words.ts';

export interface Span {
  rule: string;
  start: number;
  end: number;
}
export interface Piece {
  text: string;
  rules: string[];
}

/** What a mark is about; the order says which colour wins where several lie over each other. */
export const FAMILIES = ['life', 'incident', 'need', 'people', 'vulnerable', 'place', 'sense'] as const;
export type Family = (typeof FAMILIES)[number];

/** A text cut wherever a mark begins or ends, so that marks may overlap; pieces together are the text. */
export function pieces(text: string, spans: readonly Span[]): Piece[] {
  const letters = Array.from(text);
  const within = spans
    .map(({ rule, start, end }) => ({ rule, start: Math.max(0, Math.floor(start)), end: Math.min(letters.length, Math.floor(end)) }))
    .filter((one) => one.start < one.end);
  const cuts = [...new Set([0, letters.length, ...within.flatMap((one) => [one.start, one.end])])].sort((a, b) => a - b);
  const found: Piece[] = [];
  for (let at = 0; at + 1 < cuts.length; at += 1) {
    const [from, to] = [cuts[at]!, cuts[at + 1]!];
    const rules = [...new Set(within.filter((one) => one.start <= from && one.end >= to).map((one) => one.rule))];
    found.push({ text: letters.slice(from, to).join(''), rules });
  }
  return found;
}

export function familyOf(rule: string): Family {
  const [head = '', next = ''] = rule.split('.');
  if (head === 'urgency' || rule === 'signal.life' || rule === 'signal.pressing') return 'life';
  if (head === 'incident') return 'incident';
  if (head === 'need' || head === 'offer' || head === 'quantity') return 'need';
  if (head === 'people' || head === 'households') return 'people';
  if (head === 'vulnerable' || next.startsWith('vulnerable')) return 'vulnerable';
  if (head === 'place') return 'place';
  return 'sense';
}

/** The family whose colour a piece has. */
export function chief(rules: readonly string[]): Family {
  const families = new Set(rules.map(familyOf));
  return FAMILIES.find((one) => families.has(one)) ?? 'sense';
}

/** A rule in words: what was understood here, and its code for whoever looks it up. */
export function ruleName(rule: string, label: (code: string) => string): string {
  const [head = '', next = ''] = rule.split('.');
  if (head === 'need' && next) return t('Need: {what}', { what: label(next) });
  if (head === 'incident' && next) return t('Happening: {what}', { what: label(next) });
  if (head === 'offer' && next) return t('Offer: {what}', { what: label(next) });
  if (head === 'quantity') return t('How much');
  if (head === 'people') return t('People counted');
  if (head === 'households') return t('Households counted');
  if (head === 'place') return t('Place');
  if (head === 'command') return t('Command');
  if (head === 'own') return t('A word of your own list');
  if (head === 'model') return t('The learned model');
  if (head === 'limit') return t('Read no further than this');
  const group = next.startsWith('vulnerable_') ? next.slice('vulnerable_'.length) : head === 'vulnerable' ? next : '';
  if (group) return word('vulnerable', group);
  if (familyOf(rule) === 'life') return t('Danger or haste');
  return t('Sign: {what}', { what: (next || head).replaceAll('_', ' ') });
}

/** The text with its marks; a mark tells its rules when it is pointed at or focused. */
export function markedText(text: string, spans: readonly Span[], label: (code: string) => string): (Node | string)[] {
  return pieces(text, spans).map(({ text: part, rules }) => {
    if (!rules.length) return part;
    const names = [...new Set(rules.map((rule) => ruleName(rule, label)))].join(' · ');
    return h('mark', { class: `mark mark--${chief(rules)}`, tabindex: 0, title: `${names} (${rules.join(', ')})`, 'data-tip': names }, part);
  });
}

/** The direction of a message by most of its letters: a Persian sentence may well begin with a Latin word. */
export function directionOf(text: string): 'rtl' | 'ltr' {
  const right = text.match(/[\u0590-\u08ff\ufb1d-\ufefc]/g)?.length ?? 0;
  const left = text.match(/[A-Za-z\u00c0-\u024f]/g)?.length ?? 0;
  return right > 0 && right * 2 >= left ? 'rtl' : 'ltr';
}
