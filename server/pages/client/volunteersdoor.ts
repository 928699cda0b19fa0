/** Registration: the form goes out without leaving the page, so that nothing written is lost to a lost network. */
import { readConfig } from './config.ts';
import { byId } from './dom.ts';
import { t } from './i18n.ts';

readConfig();
const form = document.getElementById('register') as HTMLFormElement | null;
form?.addEventListener('submit', (event) => {
  event.preventDefault();
  if (form.getAttribute('aria-busy') !== 'true') void send(form);
});

async function send(from: HTMLFormElement): Promise<void> {
  from.setAttribute('aria-busy', 'true');
  const body = new URLSearchParams();
  for (const [key, value] of new FormData(from)) if (typeof value === 'string') body.append(key, value);
  try {
    const answer = await fetch('/register', { method: 'POST', body, headers: { Accept: 'text/html' }, signal: AbortSignal.timeout(30_000) });
    if (answer.redirected) return location.replace(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    say(page.getElementById('problem')?.textContent?.trim() || `${answer.status}`);
  } catch {
    say(t('Not sent: the network is away. What you wrote is still here; press again when it is back.'));
  } finally {
    from.removeAttribute('aria-busy');
    delete from.dataset['sent'];
  }
}

function say(words: string): void {
  const place = byId('problem');
  place.textContent = words;
  place.hidden = false;
  place.tabIndex = -1;
  place.focus();
}
