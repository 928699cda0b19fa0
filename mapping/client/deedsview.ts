/** The next action in one press: draws what `deeds.ts` offers, carries it out, and shows who can be sent. */
import { ApiError, ask } from '@pages/api.ts';
import { Deeds, heldOf } from '@pages/boarddeeds.ts';
import { fill, h } from '@pages/dom.ts';
import { whyNot } from '@pages/forms.ts';
import { t } from '@pages/i18n.ts';
import { countDown } from '@pages/living.ts';
import { toast } from '@pages/toast.ts';
import { deedsOf, type Deed } from './deeds.ts';
import type { Feature, MapConfig } from './types.ts';

export interface DeedEars {
  /** The record is no longer what it was: look again. */
  changed(): Promise<void>;
  etag(): string | null;
}

/** The part of the panel with what can be done; null where nothing can. */
export function deedsPart(feature: Feature, config: MapConfig, ears: DeedEars): HTMLElement | null {
  const deeds = deedsOf(feature, config);
  if (!deeds.length) return null;
  const people = h('div', { class: 'sendable', hidden: true });
  const button = (deed: Deed, index: number): HTMLElement => {
    const look = `button${index === 0 ? ' button--main' : ''}`;
    if (deed.link) return h('a', { class: look, href: deed.link, 'data-deed': deed.code }, deed.label);
    const act = (event: Event): void => {
      if (deed.people) void showPeople(people, deed.people, ears);
      else void carryOut(deed, event.currentTarget as HTMLButtonElement, ears);
    };
    return h('button', { type: 'button', class: look, 'data-deed': deed.code, onclick: act }, deed.label);
  };
  return h('section', { class: 'record__part record__deeds', 'aria-label': t('What now?') }, h('h3', {}, t('What now?')), h('div', { class: 'row' }, ...deeds.map(button)), people);
}

async function carryOut(deed: Deed, button: HTMLButtonElement, ears: DeedEars): Promise<void> {
  const { method, path, body, match } = deed.call!;
  button.disabled = true;
  try {
    await ask(path, { method, body, ...(match ? { ifMatch: ears.etag() } : {}) });
    toast(deed.done, 'good');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.status === 412 ? t('Somebody changed this while you were looking') : whyNot(error), 'bad');
  } finally {
    button.disabled = false;
  }
  await ears.changed();
}

/** Who can be sent, as the board shows it: with reasons, and why the others cannot. */
async function showPeople(into: HTMLElement, task: string, ears: DeedEars): Promise<void> {
  into.hidden = false;
  fill(into, h('p', { class: 'state state--loading' }, t('Loading')));
  const shut = (): void => {
    into.hidden = true;
    fill(into);
  };
  const answer = await fetch(`/queue/tasks/${encodeURIComponent(task)}/people`, { headers: { Accept: 'text/html' } }).catch(() => null);
  if (answer?.redirected) return location.assign(answer.url);
  if (!answer?.ok) {
    const words = answer ? t('This is no longer there') : t('The server cannot be reached');
    return fill(into, h('p', { class: 'state state--error', role: 'alert' }, words), h('button', { type: 'button', class: 'button', onclick: shut }, t('Close')));
  }
  const part = new DOMParser().parseFromString(await answer.text(), 'text/html');
  fill(into, ...part.body.childNodes);
  countDown(into);
  into.querySelector<HTMLElement>('[data-candidate] button, [data-close]')?.focus();
  const give = new Deeds(async () => {
    shut();
    await ears.changed();
  });
  into.onclick = (event) => {
    const pressed = (event.target as Element).closest<HTMLElement>('[data-give], [data-close]');
    if (!pressed) return;
    if (!pressed.dataset['give']) return shut();
    const held = heldOf(pressed.closest<HTMLElement>('[data-panel]')!);
    void give.give(held, { id: pressed.dataset['give'], code: pressed.dataset['code']!, team: pressed.dataset['team'] ?? null });
  };
}
