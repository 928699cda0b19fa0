/** The queue beside the map: what needs a person, then each queue in the order it serves; a press opens the task, pointing shows it. */
import { ask } from '@pages/api.ts';
import { byId, fill, h } from '@pages/dom.ts';
import { num, t } from '@pages/i18n.ts';
import { ago } from '@pages/time.ts';
import { empty, line } from './list.ts';
import type { Live } from './live.ts';
import type { Feature, Named } from './types.ts';
import { named } from './words.ts';

interface Queue {
  id: string;
  centre: Named | null;
  kind: string;
  kind_label: Named;
  open: number;
  claimed: number;
  escalated: number;
  life: number;
  oldest: string | null;
}

const TASKS_MOST = 60;
const REST_MS = 700;

/** Most pressing first: lives that wait, then what is escalated, then the longest queue. */
export const byPress = (a: Queue, b: Queue): number => b.life - a.life || b.escalated - a.escalated || b.open - a.open;

export function beside(live: Live): void {
  const root = byId('beside');
  const tabs = [byId<HTMLButtonElement>('tab-list'), byId<HTMLButtonElement>('tab-queue')] as const;
  const opened = new Set<string>();
  let on = false;
  let asking: AbortController | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;

  const choose = (queue: boolean): void => {
    on = queue;
    tabs[0].setAttribute('aria-selected', String(!on));
    tabs[1].setAttribute('aria-selected', String(on));
    tabs[0].tabIndex = on ? -1 : 0;
    tabs[1].tabIndex = on ? 0 : -1;
    byId('list').hidden = byId('list-head').hidden = on;
    root.hidden = !on;
    live.remember();
    if (on) void load(true);
  };

  const task = (feature: Feature): HTMLElement => {
    feature.properties.layer = 'tasks';
    feature.properties.status ??= String(feature.properties['state'] ?? '');
    const item = line(feature, live.config, (one) => live.open('tasks', null, one.id));
    item.addEventListener('pointerenter', () => live.field.select(feature));
    item.addEventListener('focusin', () => live.field.select(feature));
    return item;
  };

  async function tasksOf(queue: string, into: HTMLElement): Promise<void> {
    try {
      const { data } = await ask<{ features: Feature[] }>(`/api/queues/${encodeURIComponent(queue)}/tasks?limit=${TASKS_MOST}`);
      fill(into, ...data.features.map(task));
    } catch (error) {
      fill(into, h('p', { class: 'state state--error' }, (error as Error).message));
    }
  }

  function section(queue: Queue): HTMLElement {
    const body = h('div', { class: 'beside__tasks', role: 'list' });
    const head = h(
      'summary',
      {},
      h('span', { class: 'beside__name' }, `${named(queue.kind_label) || queue.kind} · ${named(queue.centre)}`),
      queue.life ? h('span', { class: 'badge badge--life', title: t('Life in danger') }, num(queue.life)) : null,
      queue.escalated ? h('span', { class: 'badge badge--high', title: t('Needs a person now') }, num(queue.escalated)) : null,
      h('span', { class: 'beside__n' }, t('{n} open', { n: queue.open })),
      queue.oldest ? h('small', {}, t('oldest {ago}', { ago: ago(queue.oldest) })) : null,
    );
    const fold = h('details', { class: 'beside__queue' }, head, body);
    fold.open = opened.has(queue.id);
    if (fold.open) void tasksOf(queue.id, body);
    fold.addEventListener('toggle', () => {
      if (fold.open === opened.has(queue.id)) return;
      if (fold.open) {
        opened.add(queue.id);
        fill(body, h('p', { class: 'state state--loading' }, t('Loading')));
        void tasksOf(queue.id, body);
      } else opened.delete(queue.id);
    });
    return fold;
  }

  async function load(first = false): Promise<void> {
    asking?.abort();
    const mine = (asking = new AbortController());
    if (first && !root.childElementCount) fill(root, h('div', { class: 'state state--loading' }, h('p', {}, t('Loading'))));
    const of = live.emergency() ? `emergency=${encodeURIComponent(live.emergency()!)}` : '';
    try {
      const [urgent, queues] = await Promise.all([
        ask<{ features: Feature[] }>(`/api/tasks?state=escalated&limit=20&${of}`, { signal: mine.signal }),
        ask<{ items: Queue[] }>(`/api/queues?${of}`, { signal: mine.signal }),
      ]);
      const busy = queues.data.items.filter((one) => one.open > 0).sort(byPress);
      const focused = document.activeElement instanceof HTMLElement && root.contains(document.activeElement) ? document.activeElement.dataset['id'] : undefined;
      fill(
        root,
        urgent.data.features.length ? h('section', { class: 'beside__urgent' }, h('h3', {}, t('Needs a person now'), h('span', { class: 'badge badge--life' }, num(urgent.data.features.length))), h('div', { role: 'list' }, ...urgent.data.features.map(task))) : null,
        ...busy.map(section),
        busy.length || urgent.data.features.length ? null : empty('empty', t('No task waits: every queue is empty.')),
        h('p', { class: 'beside__all' }, h('a', { class: 'button', href: '/queue' }, t('The whole board'))),
      );
      if (focused) root.querySelector<HTMLElement>(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    } catch (error) {
      if (!mine.signal.aborted && first) fill(root, empty('warning', (error as Error).message, 'state--error'));
    }
  }

  tabs[0].addEventListener('click', () => choose(false));
  tabs[1].addEventListener('click', () => choose(true));
  for (const tab of tabs) {
    tab.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      choose(!on);
      tabs[on ? 1 : 0].focus();
    });
  }
  live.key({ code: 'KeyB', shown: 'b', label: t('The queue beside the map'), act: () => choose(!on) });
  live.inAddress('side', () => (on ? 'queue' : null));
  live.onChanges((batch) => {
    if (!on || !batch.some((change) => change.type === 'task' || change.type === 'offer')) return;
    // A storm of changes asks once.
    resting ??= setTimeout(() => {
      resting = undefined;
      if (on) void load();
    }, REST_MS);
  });
  if (live.fromAddress('side') === 'queue') choose(true);
}
