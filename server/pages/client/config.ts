/** What the server tells a page, in a JSON script element that is never run as code. */
import { speak, type Lang } from './i18n.ts';
import { useZone } from './time.ts';

export interface PageConfig {
  lang: Lang;
  zone?: string;
  words: Record<string, string>;
}

/** Read the page's configuration and set language and zone by it. */
export function readConfig<T extends PageConfig>(id = 'config'): T {
  const source = document.getElementById(id)?.textContent;
  const config = JSON.parse(source || '{}') as T;
  speak(config.lang ?? (document.documentElement.lang === 'en' ? 'en' : 'fa'), config.words ?? {});
  if (config.zone) useZone(config.zone);
  return config;
}
