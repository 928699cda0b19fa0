/** The clock of staleness: a coordinator must never take an old map for a live one. */
import { t } from '@pages/i18n.ts';
import { span } from '@pages/time.ts';
import type { Freshness, Stream } from './stream.ts';

export function clockText({ state, seconds }: Freshness): string {
  if (state === 'waiting') return t('Connecting');
  if (state === 'live') return t('Live');
  if (state === 'stale') return t('Stale for {span}', { span: span(seconds) });
  return seconds >= 5 ? t('Offline for {span}', { span: span(seconds) }) : t('Offline');
}

/** Keep the clock true; screen readers hear only changes of state, not every second. */
export function runClock(place: HTMLElement, stream: Stream): void {
  const text = place.querySelector<HTMLElement>('.clock__text')!;
  const tell = (): void => {
    const fresh = stream.freshness();
    const words = clockText(fresh);
    if (text.textContent !== words) text.textContent = words;
    if (place.dataset['state'] === fresh.state) return;
    place.dataset['state'] = fresh.state;
    place.setAttribute('aria-live', fresh.state === 'live' ? 'off' : 'polite');
    document.body.dataset['fresh'] = fresh.state;
  };
  tell();
  setInterval(tell, 1000);
}
