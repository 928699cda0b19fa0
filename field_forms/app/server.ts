/** The server's OpenRosa half, as the browser form uses it. Addresses in its answers serve by their path: the page's host holds. */
import { body, posts } from './sending.ts';
import type { Waiting } from './storage.ts';
import { credentials, headers, known } from './way.ts';
import { w } from './words.ts';

export interface Listed {
  formId: string;
  name: string;
  version: string;
  xml: string;
  manifest: string | null;
}

/** What went wrong, in words; `again`: the same may work later. */
export class Refused extends Error {
  readonly again: boolean;
  readonly status: number;
  constructor(message: string, again: boolean, status = 0) {
    super(message);
    this.again = again;
    this.status = status;
  }
}

const PATIENCE_MS = 60_000;
const SENDING_MS = 600_000;

async function get(path: string): Promise<Response> {
  // A question without a name would be answered with a prompt for one, as phones want it.
  if (!known()) throw new Refused(w('no_link'), false, 401);
  let answer: Response;
  try {
    answer = await fetch(path, { headers: headers(), credentials: credentials(), signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-cache' });
  } catch {
    throw new Refused(w('offline'), true);
  }
  if (!answer.ok) throw refusal(answer.status);
  return answer;
}

function refusal(status: number, said = ''): Refused {
  if (status === 401) return new Refused(headers()['Authorization'] ? w('link_over') : w('no_link'), false, status);
  if (status === 403) return new Refused(said || w('not_allowed'), false, status);
  if (status === 404) return new Refused(said || w('gone'), false, status);
  if (status >= 500 || status === 429) return new Refused(said || w('server', { n: status }), true, status);
  return new Refused(said || w('server', { n: status }), false, status);
}

const parse = (text: string): Document => new DOMParser().parseFromString(text, 'text/xml');
const child = (of: Element, name: string): string => of.getElementsByTagName(name)[0]?.textContent?.trim() ?? '';
const path = (address: string): string => {
  const url = new URL(address, location.href);
  return url.pathname + url.search;
};

/** The forms of this link; below `/draft` those that are not published yet. */
export async function list(below = ''): Promise<Listed[]> {
  const answer = parse(await (await get(`/openrosa${below}/formList`)).text());
  return [...answer.getElementsByTagName('xform')].map((one) => ({
    formId: child(one, 'formID'),
    name: child(one, 'name'),
    version: child(one, 'version'),
    xml: path(child(one, 'downloadUrl')),
    manifest: child(one, 'manifestUrl') ? path(child(one, 'manifestUrl')) : null,
  }));
}

/** A form's XML. */
export const xml = async (address: string): Promise<string> => (await get(address)).text();

/** The files that a form brings: path by name. */
export async function manifest(address: string | null): Promise<Map<string, string>> {
  if (!address) return new Map();
  const answer = parse(await (await get(address)).text());
  return new Map([...answer.getElementsByTagName('mediaFile')].map((one) => [child(one, 'filename'), path(child(one, 'downloadUrl'))]));
}

/** One of them, as the component asks for it: an answer of any status, 404 for a name that the form does not bring. */
export async function file(files: ReadonlyMap<string, string>, name: string): Promise<Response> {
  const at = files.get(name);
  if (!at) return new Response(null, { status: 404 });
  return fetch(at, { headers: headers(), credentials: credentials(), signal: AbortSignal.timeout(PATIENCE_MS) });
}

/** Send what has not been acknowledged yet of a form; gives the server's words with the receipt. */
export async function send(one: Waiting, limit: number, told: (part: number, all: number) => void): Promise<string> {
  const all = posts(one.xml, one.files, limit);
  let said = '';
  for (const [n, post] of all.entries()) {
    if (n < one.sent) continue;
    told(n + 1, all.length);
    said = await sendPost(body(one.xml, post));
    one.sent = n + 1;
  }
  return said;
}

async function sendPost(form: FormData): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch('/openrosa/submission', {
      method: 'POST',
      body: form,
      credentials: credentials(),
      headers: { ...headers(), 'X-OpenRosa-Version': '1.0' },
      signal: AbortSignal.timeout(SENDING_MS),
    });
  } catch {
    throw new Refused(w('offline'), true);
  }
  const said = child(parse(await answer.text().catch(() => '')).documentElement, 'message');
  if (answer.status !== 201 && answer.status !== 202) throw refusal(answer.status, said);
  return said;
}

/** Bytes that the server takes in one POST; `otherwise` when it does not say. */
export async function limitOf(otherwise: number): Promise<number> {
  try {
    const answer = await fetch('/openrosa/submission', { method: 'HEAD', headers: headers(), credentials: credentials(), signal: AbortSignal.timeout(PATIENCE_MS) });
    return Number(answer.headers.get('X-OpenRosa-Accept-Content-Length')) || otherwise;
  } catch {
    return otherwise;
  }
}
