/**
 * Who is filling in: the token of the link stands behind `#`, which browsers neither send nor pass on as a referrer. It is
 * taken out of the address at once and kept for this tab alone. Without one, the session of who is signed in serves.
 */

import { config } from './config.ts';

const KEY = 'hamyar-field-link';
const TOKEN = /^[\w.~-]{16,200}$/;

let memory = '';

/** Take the token out of the address, if it bears one. Call before anything else looks at the address. */
export function takeLink(): void {
  const given = location.hash.slice(1);
  if (!TOKEN.test(given)) return;
  memory = given;
  try {
    sessionStorage.setItem(KEY, given);
  } catch {
    // A browser that keeps nothing: the link serves until the page is closed.
  }
  history.replaceState(null, '', location.pathname + location.search);
}

function token(): string {
  try {
    return memory || sessionStorage.getItem(KEY) || '';
  } catch {
    return memory;
  }
}

/** The headers of every question to the server. */
export function headers(): Record<string, string> {
  const known = token();
  return { 'Accept-Language': document.documentElement.lang, ...(known ? { Authorization: `Bearer ${known}` } : {}) };
}

/** Whether there is a link, or somebody is signed in. */
export const known = (): boolean => token() !== '' || config().signed;

/** With a link nothing else is sent: neither cookies nor what a browser remembers of names and passwords. */
export const credentials = (): RequestCredentials => (token() ? 'omit' : 'same-origin');
