/** What the panel says of a gap, a team, a shelter, an area of danger: name and value, in words. Pure. */
import { num, t } from '@pages/i18n.ts';
import { ago, dateTime } from '@pages/time.ts';
import type { Facts, Named } from './types.ts';
import { codeText, named, occupancy, word } from './words.ts';

type Row = [name: string, value: string];

/** What is lacking at a need: how many go without, since when, how much is on its way, why nobody comes. */
export function gapRows(gap: Facts): Row[] {
  const rows: Row[] = [[t('Help'), word('status', gap.status)]];
  if (gap.people) rows.push([t('People without help'), num(gap.people)]);
  if (typeof gap['since'] === 'string') rows.push([t('Waiting since'), ago(gap['since'])]);
  const unit = word('unit', String(gap['unit'] ?? ''));
  if (Number(gap['missing']) > 0) rows.push([t('Still missing'), `${num(Number(gap['missing']))} ${unit}`.trim()]);
  if (Number(gap['coming']) > 0) rows.push([t('On its way'), `${num(Number(gap['coming']))} ${unit}`.trim()]);
  const lacks = gap['lacks'];
  if (Array.isArray(lacks) && lacks.length) rows.push([t('Why nobody takes it'), lacks.map((one) => named(one as Named)).filter(Boolean).join('، ')]);
  return rows;
}

export function layerRows(facts: Facts): Row[] {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const gap = facts['gap'] as Facts | undefined;
  const rows: Row[] = gap ? gapRows(gap) : [];
  if (facts.layer === 'shelters') rows.push([t('People there'), occupancy(facts)]);
  if (facts.layer === 'hazards') {
    rows.push([t('Severity'), word('level', text(facts['level']))]);
    rows.push([t('Source'), facts['source'] === 'feed' ? text(facts['feed']).toUpperCase() : t('Drawn by hand')]);
    if (text(facts['valid_from'])) rows.push([t('Since'), dateTime(text(facts['valid_from']))]);
    if (text(facts['valid_until'])) rows.push([t('Until'), dateTime(text(facts['valid_until']))]);
  }
  if (facts.layer === 'teams') {
    rows.push([t('Women among them'), num(Number(facts['women'] ?? 0))]);
    rows.push([t('Known position'), word('position', text(facts['position']))]);
    if (text(facts['task_code'])) rows.push([t('Task'), [codeText(text(facts['task_code'])), word('kind', text(facts['kind']))].filter(Boolean).join(' · ')]);
  }
  return rows.filter(([, value]) => value);
}
