/** Submissions: the table stands still while somebody reads it; what came since is announced, and shown when asked for. */
import { ask } from './api.ts';
import { readConfig, type PageConfig } from './config.ts';
import { byId, fill, h } from './dom.ts';
import { follow } from './follow.ts';
import { serveForms } from './forms.ts';
import { t } from './i18n.ts';
import { actOnChoice, Living } from './living.ts';
import { newer, type Line } from './newer.ts';

const config = readConfig<PageConfig & { api?: string }>();
actOnChoice();

// Every reading of answers goes on record, so nothing is read again unless a person asks for it.
const living = new Living(byId('live'), { rest: 3000, every: 0 });
serveForms({ after: () => living.refresh(true) });

/** A picture that cannot be shown says so instead of leaving a hole. */
document.addEventListener(
  'error',
  (event) => {
    const picture = event.target as HTMLElement;
    if (picture.matches('img.shown-file__img')) picture.replaceWith(h('span', { class: 'badge' }, t('The picture cannot be shown')));
  },
  true,
);

if (config.api) watch(config.api);

/** Ask now and then whether something newer is there; the list's lines hold nobody's answers. */
function watch(api: string): void {
  let asked = 0;
  let later: ReturnType<typeof setTimeout> | undefined;
  const look = async (): Promise<void> => {
    const mark = document.getElementById('newest');
    if (document.hidden || !mark) return;
    asked = Date.now();
    const { data } = await ask<{ items: Line[] }>(`${api}?limit=50`, { stay: true });
    const count = newer(data.items, mark.dataset['newest'] ?? '');
    if (count) announce(count);
  };
  // Many changes are one question: at most one in ten seconds.
  const soon = (): void => {
    later ??= setTimeout(() => {
      later = undefined;
      void look().catch(() => undefined);
    }, Math.max(0, asked + 10_000 - Date.now()));
  };
  follow(['report', 'submission'], soon);
  setInterval(soon, 60_000);
}

function announce(count: number): void {
  const button = (document.getElementById('held-back') as HTMLButtonElement | null) ?? h('button', { type: 'button', id: 'held-back', class: 'button button--main held-back' });
  fill(button, count > 49 ? t('Many new ones have come: show them') : t('{n} new have come: show them', { n: count }));
  if (button.isConnected) return;
  button.addEventListener('click', () => {
    const first = new URL(location.href);
    first.searchParams.delete('before');
    if (first.href !== location.href) location.assign(first);
    else {
      button.remove();
      void living.refresh(true);
    }
  });
  byId('live').before(button);
}
