/** Requests to our own server: one way of failing, one way back to the login page. */
import { learnClock } from './time.ts';
import { lang, t } from './i18n.ts';

/** What went wrong, in words for a person; `status` 0 means that no answer came at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly body: Record<string, unknown>;

  constructor(status: number, code: string, message: string, body: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

export interface Answer<T> {
  data: T;
  etag: string | null;
}

export interface Wish {
  method?: string;
  body?: unknown;
  ifMatch?: string | null;
  /** The Idempotency-Key: the same again has one effect. */
  key?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Signed out: stay on the page and throw, for somebody is in the middle of something. */
  stay?: boolean;
}

/** Ask for JSON. Throws ApiError; on 401 it also leaves for the login page and comes back to where the person was. */
export async function ask<T>(path: string, wish: Wish = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': lang() };
  if (wish.body !== undefined) headers['Content-Type'] = 'application/json';
  if (wish.ifMatch) headers['If-Match'] = wish.ifMatch;
  if (wish.key) headers['Idempotency-Key'] = wish.key;
  const csrf = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content;
  if (csrf && wish.method && wish.method !== 'GET') headers['X-CSRF-Token'] = csrf;
  let response: Response;
  try {
    response = await fetch(path, {
      method: wish.method ?? 'GET',
      headers,
      credentials: 'same-origin',
      signal: anySignal(wish.signal, wish.timeoutMs ?? 20_000),
      ...(wish.body === undefined ? {} : { body: JSON.stringify(wish.body) }),
    });
  } catch (error) {
    if (wish.signal?.aborted) throw error;
    throw new ApiError(0, 'network', t('The server cannot be reached'));
  }
  learnClock(response.headers.get('Date'));
  if (response.status === 401) {
    if (!wish.stay) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`);
    throw new ApiError(401, 'login', t('Please sign in again'));
  }
  const data = (await response.json().catch(() => ({}))) as T & Record<string, unknown>;
  if (!response.ok) throw new ApiError(response.status, String(data['code'] ?? response.status), sayWhy(response.status, data), data);
  return { data, etag: response.headers.get('ETag') };
}

function sayWhy(status: number, body: Record<string, unknown>): string {
  const title = body[`title_${lang()}`] ?? body[`detail_${lang()}`] ?? body['detail'] ?? body['title'];
  if (typeof title === 'string' && title) return title;
  if (status === 403) return t('You may not see this');
  if (status === 404) return t('This is no longer there');
  if (status === 412) return t('Somebody changed this while you were looking');
  return t('The server answered with error {status}', { status: String(status) });
}

function anySignal(given: AbortSignal | undefined, ms: number): AbortSignal {
  const timeout = AbortSignal.timeout(ms);
  if (!given) return timeout;
  const both = new AbortController();
  for (const one of [given, timeout]) {
    if (one.aborted) both.abort(one.reason);
    else one.addEventListener('abort', () => both.abort(one.reason), { once: true });
  }
  return both.signal;
}
