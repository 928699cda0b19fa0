/** Light or dark: as the system says, or as somebody chose in this browser. */
import { icon } from '@pages/dom.ts';
import { t } from '@pages/i18n.ts';
import { GLYPH } from './glyphs.ts';
import type { Live } from './live.ts';

export type Theme = 'system' | 'light' | 'dark';
export const CHANGED = 'hamyar:theme';
const KEY = 'hamyar.theme';
const ORDER: readonly Theme[] = ['system', 'dark', 'light'];
const DARK = /\(\s*prefers-color-scheme\s*:\s*dark\s*\)/;

/** Rules that were written for a dark system, each with its query as it was. */
const rules = new Map<CSSMediaRule, string>();

function gather(list: CSSRuleList): void {
  for (const rule of list) {
    if (rule instanceof CSSMediaRule && DARK.test(rule.media.mediaText) && !rules.has(rule)) rules.set(rule, rule.media.mediaText);
    if ('cssRules' in rule) gather((rule as CSSGroupingRule).cssRules);
  }
}

/** What a query for a dark system becomes when somebody has chosen; the rest of it stays. */
export function chosen(query: string, theme: Theme): string {
  if (theme === 'system') return query;
  return query.replace(DARK, theme === 'dark' ? '(min-width: 0px)' : '(max-width: 0px)');
}

/** The sheets are written once, for the system: a choice turns their queries, so that no page needs a second set of colours. */
export function wear(theme: Theme): void {
  for (const sheet of document.styleSheets) gather(sheet.cssRules);
  for (const [rule, query] of rules) rule.media.mediaText = chosen(query, theme);
  document.documentElement.style.colorScheme = theme === 'system' ? '' : theme;
  dispatchEvent(new Event(CHANGED));
}

function kept(): Theme {
  try {
    const found = localStorage.getItem(KEY) as Theme | null;
    return found && ORDER.includes(found) ? found : 'system';
  } catch {
    return 'system';
  }
}

export function theme(live: Live): void {
  let now = kept();
  const names: Record<Theme, string> = { system: t('Light and dark as the device'), light: t('Always light'), dark: t('Always dark') };
  const button = live.tool(GLYPH.night, names[now], () => {
    now = ORDER[(ORDER.indexOf(now) + 1) % ORDER.length]!;
    try {
      localStorage.setItem(KEY, now);
    } catch {
      // A browser may refuse storage: then the choice lasts as long as the page.
    }
    wear(now);
    tell();
  });
  const tell = (): void => {
    button.replaceChildren(icon(GLYPH.night));
    button.dataset['theme'] = now;
    button.title = names[now];
    button.setAttribute('aria-label', names[now]);
  };
  tell();
  if (now !== 'system') wear(now);
}
