/** What every page does: its language switch, its menu, and saying so when the network is gone. */
import './pages.css';
import { ago } from './time.ts';
import { readConfig } from './config.ts';

readConfig();

for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-lang]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const year = 365 * 24 * 3600;
    document.cookie = `lang=${link.dataset['lang']};path=/;max-age=${year};samesite=lax`;
    const here = new URL(location.href);
    here.searchParams.delete('lang');
    if (here.href === location.href) location.reload();
    else location.replace(here);
  });
}

const banner = document.getElementById('offline');
const showNetwork = (): void => {
  if (banner) banner.hidden = navigator.onLine;
};
addEventListener('online', showNetwork);
addEventListener('offline', showNetwork);
showNetwork();

/** Times that the server wrote stay true while the page is open. */
const refresh = (): void => {
  for (const element of document.querySelectorAll<HTMLTimeElement>('time[data-ago]')) {
    element.textContent = ago(element.dateTime);
  }
};
refresh();
setInterval(refresh, 30_000);

/** Nothing is sent twice by a tired finger. */
document.addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement;
  if (form.dataset['sent']) event.preventDefault();
  form.dataset['sent'] = '1';
  setTimeout(() => delete form.dataset['sent'], 4000);
});

addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.menu[open]')) {
    if (!menu.contains(event.target as Node)) menu.open = false;
  }
});
