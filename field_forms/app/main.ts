/** `/field/`: the forms of a link, and one of them filled in and sent. */
import './field.css';
import { config } from './config.ts';
import { serveDigits } from './digits.ts';
import { limitOf, list, manifest, file, Refused, send, xml, type Listed } from './server.ts';
import { TooLarge } from './sending.ts';
import { memoryOutbox, type Outbox, type Waiting } from './storage.ts';
import { takeLink } from './way.ts';
import { w } from './words.ts';
import { h } from '../../server/pages/client/dom.ts';

const host = document.getElementById('field')!;
const outbox: Outbox = memoryOutbox();
let unmount: (() => void) | null = null;
let touched = false;

takeLink();
serveDigits(document);
addEventListener('popstate', () => void open());
addEventListener('hashchange', () => {
  takeLink();
  void open();
});
addEventListener('beforeunload', (event) => {
  if (touched) event.preventDefault();
});
void open();

/** The form that the address names; null: the list. A draft is shown to who may publish (`?draft=`). */
function asked(): string | null {
  return decodeURIComponent(location.pathname.replace(/^\/field\/?/, '')) || null;
}

function draft(): string | null {
  return new URLSearchParams(location.search).get('draft');
}

async function open(): Promise<void> {
  unmount?.();
  unmount = null;
  touched = false;
  const formId = asked();
  show(h('p', { class: 'field__wait', role: 'status' }, w(formId ? 'loading_form' : 'loading')));
  try {
    const version = draft();
    if (formId && version !== null) return await preview(formId, version);
    const forms = await list();
    if (!formId) return drawList(forms);
    const one = forms.find((form) => form.formId === formId);
    if (!one) throw new Refused(w('gone'), false);
    await fillIn(one, false);
  } catch (error) {
    fail(error);
  }
}

/** A draft in the form, for who may publish it. Nothing of it can be sent. */
async function preview(formId: string, version: string): Promise<void> {
  const one = (await list('/draft')).find((form) => form.formId === formId && form.version === version);
  if (!one) throw new Refused(w('gone'), false);
  await fillIn(one, true);
}

function drawList(forms: readonly Listed[]): void {
  document.title = w('forms');
  const items = forms.map((one) =>
    h('li', {},
      h('a', { class: 'field__form', href: `/field/${encodeURIComponent(one.formId)}` },
        h('bdi', { class: 'field__name' }, one.name),
        one.version ? h('span', { class: 'field__version' }, w('version', { n: one.version })) : null)));
  show(
    h('h1', {}, w('forms')),
    forms.length ? h('p', { class: 'field__hint' }, w('forms_hint')) : h('p', { class: 'field__note' }, w('none')),
    h('ul', { class: 'field__list' }, ...items),
  );
}

async function fillIn(one: Listed, trial: boolean): Promise<void> {
  const [source, files, { mountForm }] = await Promise.all([xml(one.xml), manifest(one.manifest), import('./form.ts')]);
  if (/base64RsaPublicKey\s*=/.test(source)) throw new Refused(w('encrypted'), false);
  document.title = one.name;
  const place = h('div', { class: 'field__host' });
  show(
    h('p', { class: 'field__bar' }, trial ? h('span', { class: 'field__note' }, w('preview')) : h('a', { href: '/field/' }, w('back'))),
    place,
  );
  place.addEventListener('input', () => (touched = !trial));
  unmount = mountForm(place, {
    xml: source,
    title: one.name,
    fetch: (name) => file(files, name),
    done: (filled) => (trial ? tell(w('preview_sent'), '') : deliver(one, filled)),
  });
}

/** Send a filled-in form, again and again as its person wishes; true when the server has it and another is wanted. */
async function deliver(one: Listed, filled: { xml: File; files: readonly File[] }): Promise<boolean> {
  const waiting: Waiting = { id: crypto.randomUUID?.() ?? String(Date.now()), formId: one.formId, title: one.name, ...filled, sent: 0 };
  await outbox.keep(waiting);
  const limit = await limitOf(config().limit);
  for (;;) {
    const box = overlay(h('p', { class: 'field__wait', role: 'status' }, w('sending')));
    try {
      const said = await send(waiting, limit, (n, all) => {
        if (all > 1) box.replaceChildren(h('p', { class: 'field__wait', role: 'status' }, w('sending_part', { n, all })));
      });
      await outbox.forget(waiting.id);
      touched = false;
      box.close();
      return await tell(w('sent'), said);
    } catch (error) {
      box.close();
      if (!(await tryAgain(error, limit))) {
        await outbox.forget(waiting.id);
        return false;
      }
      await outbox.keep(waiting);
    }
  }
}

/** What failed and what can be done; true to try again. The network's return tries by itself. */
function tryAgain(error: unknown, limit: number): Promise<boolean> {
  const known = error instanceof Refused ? error : null;
  const why = error instanceof TooLarge ? w('too_large', { n: Math.floor(limit / 1e6) }) : (known?.message ?? w('server', { n: '?' }));
  const again = known?.again ?? false;
  return new Promise((decide) => {
    const settle = (answer: boolean): void => {
      removeEventListener('online', online);
      box.close();
      decide(answer);
    };
    const online = (): void => settle(true);
    const box = overlay(
      h('h2', {}, w('not_sent')),
      h('p', { class: 'field__why', role: 'alert' }, why),
      h('p', {}, w('kept'), ' ', again && !navigator.onLine ? w('waits_online') : ''),
      h('div', { class: 'field__row' },
        again || known ? h('button', { type: 'button', class: 'field__button', onclick: () => settle(true) }, w('again')) : null,
        h('button', { type: 'button', class: 'field__button field__button--quiet', onclick: () => settle(false) }, w('to_form'))),
    );
    if (again) addEventListener('online', online);
  });
}

/** It has arrived (or a preview is complete); true when another one is to be filled in. */
function tell(title: string, said: string): Promise<boolean> {
  return new Promise((decide) => {
    const box = overlay(
      h('h2', {}, title),
      said ? h('p', { class: 'field__receipt', dir: 'auto' }, said) : null,
      h('div', { class: 'field__row' },
        h('button', { type: 'button', class: 'field__button', onclick: () => (box.close(), decide(Boolean(said))) }, w(said ? 'another' : 'to_form')),
        said ? h('a', { class: 'field__button field__button--quiet', href: '/field/' }, w('back')) : null),
    );
  });
}

/** A box over the page that only its buttons close. */
function overlay(...children: (Node | null)[]): HTMLDialogElement {
  const box = h('dialog', { class: 'field__over' }, ...children);
  box.addEventListener('cancel', (event) => event.preventDefault());
  box.addEventListener('close', () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

function fail(error: unknown): void {
  const known = error instanceof Refused ? error : null;
  const again = known?.again ?? true;
  if (!known) console.warn('field form', error instanceof Error ? error.name : 'unknown');
  show(
    h('p', { class: 'field__note field__note--bad', role: 'alert' }, known?.message ?? w('unreadable')),
    again ? h('button', { type: 'button', class: 'field__button', onclick: () => void open() }, w('again')) : null,
    asked() && !draft() ? h('a', { class: 'field__back', href: '/field/' }, w('back')) : null,
  );
}

function show(...children: (Node | null)[]): void {
  host.replaceChildren(...children.filter((one) => one !== null));
}
