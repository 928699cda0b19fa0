/** The side panel's record: what it is, why it presses, who says so, what is being done, and what one can do next. */
import { ApiError, ask } from '@pages/api.ts';
import { fill, h, icon } from '@pages/dom.ts';
import { num, t } from '@pages/i18n.ts';
import { ago, dateTime } from '@pages/time.ts';
import { toast } from '@pages/toast.ts';
import { deedsPart } from './deedsview.ts';
import { whole } from './fetch.ts';
import { GLYPH } from './glyphs.ts';
import { empty } from './list.ts';
import { drawing, tone } from './marks.ts';
import type { Carried, Facts, Feature, LayerCode, MapConfig, Named } from './types.ts';
import { voice, type Link } from './voice.ts';
import { layerRows } from './layerfacts.ts';
import { accuracy, actorText, codeText, named, stateOf, titleOf, word } from './words.ts';

interface TaskLine {
  id: string;
  code?: string;
  state?: string;
  priority?: number;
  queue?: string | { id?: string; centre?: Named; kind?: string } | null;
  holder_code?: string | null;
  held?: boolean;
}
interface Step {
  at: string;
  verb: string;
  by?: string | null;
  data?: { fields?: string[] } | null;
}
interface Reason {
  code: string;
  points: number;
  value?: unknown;
}
interface Queue {
  id: string;
  centre: Named | null;
  kind: string;
  kind_label?: Named;
  open: number;
  claimed: number;
}

export interface RecordEars {
  /** The person went back to the list. */
  closed(): void;
  /** A record to look at instead. */
  show(layer: LayerCode, id: string): void;
  /** A fresh copy of the open record came. */
  seen(feature: Feature): void;
  /** Look at the record on the map. */
  aim(feature: Feature): void;
}

const VERIFIABLE: readonly LayerCode[] = ['needs', 'incidents'];
const CHOICES = ['confirmed', 'likely', 'refuted'] as const;

export class RecordPanel {
  private now: { layer: LayerCode; id: string; feature: Feature | null; etag: string | null } | null = null;
  private loading: AbortController | null = null;
  private queues: Promise<Map<string, Queue>> | null = null;
  private readonly root: HTMLElement;
  private readonly config: MapConfig;
  private readonly ears: RecordEars;

  constructor(root: HTMLElement, config: MapConfig, ears: RecordEars) {
    this.root = root;
    this.config = config;
    this.ears = ears;
  }

  get open(): { layer: LayerCode; id: string; feature: Feature | null } | null {
    return this.now;
  }

  /** Whether a change of that record touches what is shown. */
  concerns(id: string): boolean {
    if (!this.now) return false;
    const tasks = (this.now.feature?.properties['tasks'] as TaskLine[] | undefined) ?? [];
    return this.now.id === id || tasks.some((task) => task.id === id);
  }

  async show(layer: LayerCode, id: string, known: Feature | null = null): Promise<void> {
    const same = this.now?.id === id;
    if (!same) {
      this.now = { layer, id, feature: known, etag: null };
      this.draw(known, true);
      this.root.scrollTop = 0;
      this.root.focus({ preventScroll: true });
    }
    await this.refresh();
  }

  close(): void {
    this.loading?.abort();
    this.now = null;
    fill(this.root);
  }

  /** Ask for the record again; voices that were opened stay open as long as their report is still joined. */
  async refresh(): Promise<void> {
    const mine = this.now;
    if (!mine) return;
    this.loading?.abort();
    const stop = (this.loading = new AbortController());
    try {
      const { feature, etag } = await whole(mine.layer, mine.id, mine.feature, stop.signal);
      if (this.now !== mine) return;
      mine.feature = feature;
      mine.etag = etag;
      this.draw(feature, false);
      this.ears.seen(feature);
    } catch (error) {
      if (stop.signal.aborted || this.now !== mine) return;
      const failure = error as ApiError;
      if (mine.feature && failure.status !== 404) return toast(failure.message, 'bad');
      fill(this.root, this.head(null), empty('warning', failure.message, 'state--error'));
    }
  }

  private head(feature: Feature | null): HTMLElement {
    const back = h('button', { type: 'button', class: 'button button--quiet record__back', onclick: () => this.ears.closed() }, icon(GLYPH.back, 'icon--turn'), t('Back to the list'));
    const aim = feature?.geometry
      ? h('button', { type: 'button', class: 'button button--quiet button--round', 'aria-label': t('Show on the map'), title: t('Show on the map'), onclick: () => this.ears.aim(feature) }, icon(GLYPH.aim))
      : null;
    return h('div', { class: 'record__bar' }, back, aim);
  }

  private draw(feature: Feature | null, partial: boolean): void {
    const opened = new Map([...this.root.querySelectorAll<HTMLElement>('[data-voice-open]')].map((one) => [one.dataset['voiceOpen']!, one]));
    if (!feature) {
      fill(this.root, this.head(null), h('div', { class: 'state state--loading' }, h('p', {}, t('Loading'))));
      return;
    }
    const facts = feature.properties;
    const busy = partial ? h('div', { class: 'state state--loading' }, h('p', {}, t('Loading'))) : null;
    fill(
      this.root,
      this.head(feature),
      this.title(feature),
      this.facts(facts),
      partial ? null : deedsPart(feature, this.config, { changed: () => this.refresh(), etag: () => this.now?.etag ?? null }),
      partial ? null : this.next(feature),
      partial ? null : this.why(facts),
      partial ? null : this.voices(facts, opened),
      partial ? null : this.tasks(facts),
      partial ? null : this.origin(facts),
      partial ? null : this.stock(facts),
      partial ? null : this.history(facts),
      busy,
    );
  }

  private title(feature: Feature): HTMLElement {
    const { category, code, layer, status, updated_at: updated, urgency, verification } = feature.properties;
    return h(
      'header',
      { class: 'record__title' },
      drawing(layer, this.config.clusters[category ?? ''] ?? 'none', tone(feature), verification === 'unverified'),
      h(
        'div',
        {},
        h('p', { class: 'record__kind' }, word('layer', layer), code ? h('span', { class: 'code' }, codeText(code)) : null),
        h('h2', {}, titleOf(feature, this.config)),
        h(
          'div',
          { class: 'row' },
          urgency ? h('span', { class: `badge badge--${urgency}` }, word('urgency', urgency)) : null,
          status ? h('span', { class: 'badge' }, stateOf(feature.properties)) : null,
          verification ? h('span', { class: `badge badge--${verification === 'confirmed' ? 'good' : verification === 'refuted' ? 'life' : 'none'}` }, word('verification', verification)) : null,
        ),
        updated ? h('p', { class: 'record__time' }, h('time', { datetime: updated, title: dateTime(updated) }, `${t('Last changed')} ${ago(updated)}`)) : null,
      ),
    );
  }

  private facts(facts: Facts): HTMLElement {
    const rows: [string, string][] = [];
    const add = (name: string, value: string | null | undefined | false): void => void (value && rows.push([name, value]));
    rows.push(...layerRows(facts));
    add(t('Place'), facts.layer !== 'centres' && facts.layer !== 'shelters' && named(facts.place));
    if (typeof facts.accuracy_m === 'number' && facts.layer !== 'centres') add(t('Exactness'), accuracy(facts.accuracy_m));
    if (typeof facts['quantity'] === 'number') add(t('Quantity'), amount({ quantity: facts['quantity'], unit: String(facts['unit'] ?? '') }));
    const items = facts['items'] ?? facts['bring'];
    if (Array.isArray(items)) add(t('Supplies'), items.map((one: Carried) => `${amount(one)} ${carriedName(one)}`.trim()).join('، '));
    add(t('From'), named(facts['origin'] as Named | null | undefined));
    if (typeof facts['lease_until'] === 'string') add(t('Held until'), dateTime(facts['lease_until']));
    if (facts.people && facts.layer !== 'shelters') add(t('People'), num(facts.people));
    if (typeof facts['households'] === 'number') add(t('Households'), num(facts['households']));
    const frail = facts['vulnerable'];
    if (Array.isArray(frail) && frail.length) add(t('Take care of'), frail.map((one) => word('vulnerable', String(one))).join('، '));
    if ((facts.corroboration ?? 0) > 0 && VERIFIABLE.includes(facts.layer)) add(t('Independent voices'), num(facts.corroboration!));
    if (facts.layer === 'volunteers' && facts.updated_at) add(t('Position known'), ago(facts.updated_at));
    return h('dl', { class: 'facts record__facts' }, ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  }

  private next(feature: Feature): HTMLElement | null {
    const { layer, verification } = feature.properties;
    if (!this.config.can.verify || !VERIFIABLE.includes(layer)) return null;
    const button = (choice: (typeof CHOICES)[number]): HTMLElement =>
      h(
        'button',
        {
          type: 'button', class: `button verify verify--${choice}`, 'aria-pressed': String(verification === choice),
          onclick: (event: Event) => void this.verify(choice, event.currentTarget as HTMLButtonElement),
        },
        icon(choice === 'confirmed' ? GLYPH.tick : choice === 'refuted' ? GLYPH.cross : GLYPH.question),
        word('verification', choice),
      );
    return h('section', { class: 'record__part', 'aria-label': t('What do you know of it?') }, h('h3', {}, t('What do you know of it?')), h('div', { class: 'verifies' }, ...CHOICES.map(button)), h('div', { class: 'conflict', role: 'alert' }));
  }

  private async verify(choice: (typeof CHOICES)[number], button: HTMLButtonElement): Promise<void> {
    const mine = this.now;
    if (!mine?.feature) return;
    const before = mine.feature;
    button.disabled = true;
    try {
      const { data, etag } = await ask<Feature>(`/api/${mine.layer}/${encodeURIComponent(mine.id)}`, {
        method: 'PATCH', body: { verification: choice }, ifMatch: mine.etag,
      });
      if (this.now !== mine) return;
      if (etag) mine.etag = etag;
      if (data?.properties) mine.feature = { ...before, ...data, properties: { ...before.properties, ...data.properties, layer: mine.layer } };
      toast(t('Saved: {what}', { what: word('verification', choice) }), 'good');
      await this.refresh();
    } catch (error) {
      const failure = error as ApiError;
      if (this.now !== mine) return;
      if (failure.status !== 412) {
        button.disabled = false;
        toast(failure.message, 'bad');
        return;
      }
      await this.refresh();
      this.conflict(before, choice);
    }
  }

  /** Somebody was quicker: say what they did, and leave the choice to the person. */
  private conflict(before: Feature, wished: (typeof CHOICES)[number]): void {
    const after = this.now?.feature;
    const place = this.root.querySelector<HTMLElement>('.conflict');
    if (!after || !place) return;
    const changes = differences(before.properties, after.properties);
    const known = new Set(((before.properties['history'] as Step[] | undefined) ?? []).map((step) => step.at + step.verb));
    const steps = ((after.properties['history'] as Step[] | undefined) ?? []).filter((step) => !known.has(step.at + step.verb));
    fill(
      place,
      h(
        'div',
        { class: 'note note--warn' },
        h('strong', {}, t('Somebody changed this while you were looking')),
        h('ul', {}, ...changes.map((one) => h('li', {}, one)), ...steps.map((step) => h('li', {}, stepText(step)))),
        h('p', {}, t('Your choice was not saved.')),
        h('button', { type: 'button', class: 'button', onclick: (event: Event) => void this.verify(wished, event.currentTarget as HTMLButtonElement) }, t('Still save: {what}', { what: word('verification', wished) })),
      ),
    );
    place.scrollIntoView({ block: 'nearest' });
  }

  private why(facts: Facts): HTMLElement | null {
    const reasons = (facts['why'] as Reason[] | undefined) ?? [];
    if (!reasons.length) return null;
    const most = Math.max(...reasons.map((one) => Math.abs(one.points)), 1);
    const bar = (one: Reason): HTMLElement => {
      const fillBar = h('span', { class: 'why__bar' });
      fillBar.style.inlineSize = `${Math.max(4, (Math.abs(one.points) / most) * 100)}%`;
      return h('li', {}, h('span', { class: 'why__name' }, word('why', one.code)), h('span', { class: 'why__track' }, fillBar), h('span', { class: 'why__n' }, num(Math.round(one.points * 10) / 10, { signDisplay: 'exceptZero' })));
    };
    const score = typeof facts.priority === 'number' ? h('span', { class: 'badge badge--brand' }, t('Priority {n}', { n: Math.round(facts.priority) })) : null;
    return h('section', { class: 'record__part' }, h('h3', {}, t('Why it presses'), score), h('ul', { class: 'why' }, ...reasons.map(bar)));
  }

  private voices(facts: Facts, opened: Map<string, HTMLElement>): HTMLElement | null {
    const links = (facts['links'] as Link[] | undefined) ?? [];
    if (!links.length) return null;
    const items = links.map((link) => h('li', {}, opened.get(link.report) ?? voice(link, this.config.can.voices)));
    return h('section', { class: 'record__part' }, h('h3', {}, t('Who says so'), h('span', { class: 'badge' }, num(links.length))), h('ul', { class: 'voices' }, ...items));
  }

  private tasks(facts: Facts): HTMLElement | null {
    if (!VERIFIABLE.includes(facts.layer)) return null;
    const tasks = (facts['tasks'] as TaskLine[] | undefined) ?? [];
    const list = h('ul', { class: 'steps' });
    for (const task of tasks) {
      const queue = h('span', { class: 'line__under' });
      void this.queueName(task.queue).then((name) => (queue.textContent = name));
      list.append(
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', class: 'line', onclick: () => this.ears.show('tasks', task.id) },
            icon(GLYPH.task),
            h('span', { class: 'line__text' }, h('span', { class: 'line__title' }, word('status', task.state), task.code ? h('span', { class: 'code' }, codeText(task.code)) : null), queue),
            task.holder_code
              ? h('span', { class: 'badge badge--good' }, t('held by {code}', { code: codeText(task.holder_code) }))
              : task.held
                ? h('span', { class: 'badge badge--good' }, t('somebody holds it'))
                : null,
          ),
        ),
      );
    }
    const body = tasks.length ? list : h('p', { class: 'record__none' }, t('No task yet: nobody has been sent.'));
    return h('section', { class: 'record__part' }, h('h3', {}, t('What is being done')), body);
  }

  private async queueName(queue: TaskLine['queue']): Promise<string> {
    if (!queue) return '';
    let known: { centre?: Named | null; kind?: string; kind_label?: Named } | undefined = typeof queue === 'object' ? queue : undefined;
    if (!known?.centre) {
      this.queues ??= ask<{ items: Queue[] }>('/api/queues').then(({ data }) => new Map(data.items.map((one) => [one.id, one])));
      const all = await this.queues.catch(() => (this.queues = null));
      known = all?.get(typeof queue === 'string' ? queue : (queue.id ?? ''));
    }
    return known ? [named(known.kind_label) || known.kind, named(known.centre)].filter(Boolean).join(' · ') : '';
  }

  private stock(facts: Facts): HTMLElement | null {
    const stock = facts['stock'];
    if (!Array.isArray(stock) || !stock.length) return null;
    const row = (one: Carried): HTMLElement => h('tr', {}, h('td', {}, carriedName(one)), h('td', { class: 'number' }, amount(one)));
    return h('section', { class: 'record__part' }, h('h3', {}, t('In stock')), h('table', { class: 'table' }, h('tbody', {}, ...stock.map(row))));
  }

  private history(facts: Facts): HTMLElement | null {
    const steps = ((facts['history'] as Step[] | undefined) ?? []).filter(telling).sort((a, b) => b.at.localeCompare(a.at));
    if (!steps.length) return null;
    const item = (step: Step): HTMLElement => h('li', {}, h('span', {}, stepText(step)), h('time', { datetime: step.at, title: dateTime(step.at) }, dateTime(step.at)));
    return h('section', { class: 'record__part' }, h('h3', {}, t('What happened')), h('ol', { class: 'history' }, ...steps.map(item)));
  }

  /** What a task came from, and what supplies on the road belong to. */
  private origin(facts: Facts): HTMLElement | null {
    const links = ([['needs', facts['need']], ['incidents', facts['incident']], ['tasks', facts['task']]] as const).filter(([layer, id]) => typeof id === 'string' && layer !== facts.layer);
    if (!links.length) return null;
    const button = (layer: LayerCode, id: string): HTMLElement =>
      h('button', { type: 'button', class: 'button', onclick: () => this.ears.show(layer, id) }, drawing(layer, 'none', 'plain'), word('layer', layer));
    return h('section', { class: 'record__part' }, h('h3', {}, t('Belongs to')), h('div', { class: 'row' }, ...links.map(([layer, id]) => button(layer, id as string))));
  }
}

/** A score that drifted with time is no event in the life of a need. */
const telling = (step: Step): boolean => !(step.data?.fields?.length && step.data.fields.every((field) => field === 'priority'));

function stepText(step: Step): string {
  const fields = (step.data?.fields ?? []).filter((field) => field !== 'priority').map((field) => word('field', field));
  const what = fields.length ? `${word('verb', step.verb)}: ${fields.join('، ')}` : word('verb', step.verb);
  return step.by ? t('{what}, by {who}', { what, who: actorText(step.by) }) : what;
}

const amount = (one: Carried): string => `${num(Number(one.quantity ?? 0))} ${word('unit', one.unit)}`.trim();

/** The name of what is carried, however it was told. */
const carriedName = (one: Carried): string => named(one.name ?? (typeof one.item === 'object' ? one.item : { fa: one.fa ?? '', en: one.en ?? '' }));

/** What differs between two copies of a record, in words: state, verification, urgency, people. */
export function differences(before: Facts, after: Facts): string[] {
  const out: string[] = [];
  for (const family of ['verification', 'status', 'urgency'] as const) {
    if (before[family] !== after[family]) out.push(t('{from} → {to}', { from: word(family, before[family]) || '—', to: word(family, after[family]) || '—' }));
  }
  if (before.people !== after.people) out.push(`${t('People')}: ${before.people ?? '—'} → ${after.people ?? '—'}`);
  return out;
}
