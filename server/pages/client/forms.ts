/**
 * Forms that speak to the API: `data-api="POST /api/…"`, fields by their names (`fence:int`, `lat:number`), `data-etag` for a
 * version, `data-done` for the words of success. Their plain `action` serves browsers without modules.
 */
import { ApiError, ask, type Wish } from './api.ts';
import { t } from './i18n.ts';
import { toast } from './toast.ts';

export type Body = Record<string, unknown>;

export interface Ways {
  /** It worked, or it did not and the page is out of date: look again. */
  after: (form: HTMLFormElement, answer: unknown, refused?: ApiError) => void | Promise<void>;
  /** The body as it shall be sent; null: send nothing. */
  before?: (form: HTMLFormElement, body: Body) => Body | null | Promise<Body | null>;
}

/** A form's fields as JSON: empty ones left out, `name:int` and `name:number` as numbers, `delivered.ID` and `loaded.ID.CENTRE` as lists. */
export function bodyOf(data: FormData): Body {
  const body: Body = {};
  const delivered: { item: string; quantity: number }[] = [];
  const loaded: { item: string; centre: string; quantity: number }[] = [];
  let asked = false;
  for (const [key, raw] of data) {
    if (typeof raw !== 'string' || raw.trim() === '') continue;
    const [name = '', kind] = key.split(':');
    if (name.startsWith('delivered.')) delivered.push({ item: name.slice('delivered.'.length), quantity: Number(raw) });
    else if (name.startsWith('loaded.')) {
      const [, item = '', centre = ''] = name.split('.');
      asked = true;
      if (Number(raw) > 0) loaded.push({ item, centre, quantity: Number(raw) });
    } else if (kind === 'int' || kind === 'number') body[name] = Number(raw);
    else if (Array.isArray(body[name])) (body[name] as unknown[]).push(raw);
    else body[name] = raw;
  }
  if (delivered.length) body['delivered'] = delivered;
  if (asked) body['loaded'] = loaded;
  return body;
}

/** Serve every such form of the page, those that come later too. */
export function serveForms(ways: Ways): void {
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.dataset['api'] || event.defaultPrevented) return;
    event.preventDefault();
    void send(form, ways);
  });
}

async function send(form: HTMLFormElement, ways: Ways): Promise<void> {
  const [method = 'POST', path = ''] = form.dataset['api']!.split(' ');
  const fault = form.querySelector<HTMLElement>('.form__error');
  if (fault) fault.hidden = true;
  form.setAttribute('aria-busy', 'true');
  try {
    const body = await (ways.before ?? ((_, found) => found))(form, bodyOf(new FormData(form)));
    if (body === null) return;
    const wish: Wish = { method };
    if (method !== 'DELETE') wish.body = body;
    if (form.dataset['etag']) wish.ifMatch = `"${form.dataset['etag']}"`;
    const { data } = await ask<unknown>(path, wish);
    // The part that comes next may turn this very form into that of the next step: it must take a press at once.
    delete form.dataset['sent'];
    if (form.dataset['done']) toast(form.dataset['done'], 'good');
    await ways.after(form, data);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const words = whyNot(error);
    if (fault && ![404, 409, 412].includes(error.status)) {
      fault.textContent = words;
      fault.hidden = false;
    } else {
      toast(words, 'bad');
    }
    // A lost lease, a changed record: what stands on the page is no longer so.
    if ([404, 409, 412].includes(error.status)) await ways.after(form, null, error);
  } finally {
    form.removeAttribute('aria-busy');
    delete form.dataset['sent'];
  }
}

/** A refusal in words: with the field that is wrong where the server names one. */
export function whyNot(error: ApiError): string {
  const errors = error.body['errors'];
  if (Array.isArray(errors) && errors.length) {
    const names = errors.map((one: { field?: string; message?: string }) => [one.field, one.message].filter(Boolean).join(': '));
    return `${error.message} ${names.join(' · ')}`;
  }
  return error.status === 0 ? t('Not sent: the server cannot be reached. Try again when the network is back.') : error.message;
}
