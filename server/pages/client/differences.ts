/** What changes between two readings, in words: the codes are the server's, the same for all that differ alike. */
import { h } from './dom.ts';
import { lang, t } from './i18n.ts';
import { word } from '../../../mapping/client/words.ts';

export interface Said {
  sign: '' | '+' | '-';
  text: string;
}

/** `+need:heating kind:other>report people` as signs and words; `label` names the codes of the taxonomy. */
export function sayDifference(difference: string, label: (code: string) => string): Said[] {
  return difference
    .split(' ')
    .filter(Boolean)
    .map((part) => {
      const sign = part.startsWith('+') ? '+' : part.startsWith('-') ? '-' : '';
      const [name = '', value = ''] = part.slice(sign.length).split(':');
      return { sign, text: sayPart(name, value, label) ?? part };
    });
}

function sayPart(name: string, value: string, label: (code: string) => string): string | null {
  if (name === 'need' || name === 'incident') return label(value);
  if (name === 'quantity') return t('How much: {what}', { what: label(value) });
  if (name === 'vulnerable') return word('vulnerable', value);
  if (name === 'kind' || name === 'urgency') {
    const [one = '', other = ''] = value.split('>');
    const family = name === 'kind' ? 'reading' : 'urgency';
    return [word(family, one), lang() === 'fa' ? '←' : '→', word(family, other)].join(' ');
  }
  if (name === 'people') return t('Number of people');
  if (name === 'households') return t('Number of households');
  return name === 'place' ? t('Place') : null;
}

/** The same as chips; what is added and what goes is told by its sign, not by a colour alone. */
export function chips(difference: string, label: (code: string) => string): HTMLElement[] {
  return sayDifference(difference, label).map(({ sign, text }) =>
    h('span', { class: `chip${sign === '+' ? ' chip--more' : sign === '-' ? ' chip--less' : ''}` }, sign ? `${sign === '-' ? '−' : '+'} ` : null, text),
  );
}
