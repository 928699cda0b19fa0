/** What is decided about records beside a message: confirmed, refuted, joined, taken apart; and each taken back by the same key. */
import { ApiError, ask } from './api.ts';
import { fill, h } from './dom.ts';
import { t } from './i18n.ts';
import type { Answer, Answers } from './inboxanswers.ts';
import type { Item, RecordBrief, Unsure } from './inboxparts.ts';
import { toast } from './toast.ts';
import { voice, type Link } from '../../../mapping/client/voice.ts';

type Wish = Omit<Answer, 'key'>;

/** One decision, as it can be taken back. */
export interface Deed {
  item: Item;
  key: string;
  /** What the server answered. */
  said: Record<string, unknown> | null;
  /** What undoes it once the server has it; null: nothing here does. */
  back(said: Record<string, unknown> | null): Wish | null;
  /** The message's own list as it was. */
  restore(): void;
}

const VOICES_MOST = 20;

export class Deeds {
  private readonly answers: Answers;
  private readonly made: (deed: Deed) => void;

  constructor(answers: Answers, made: (deed: Deed) => void) {
    this.answers = answers;
    this.made = made;
  }

  /** So, or not so; pressed again it is neither. */
  verify(item: Item, record: RecordBrief, to: 'confirmed' | 'refuted'): void {
    const before = record.verification;
    const now = before === to ? 'unverified' : to;
    const path = `/api/${record.type}s/${record.id}/verify`;
    const wish = (at: string, body: Record<string, unknown>): Wish => ({ of: record.id, path: at, body, match: record.version, insist: true });
    // Taken back, the voices decide again, where nobody had decided before.
    this.put(item, wish(path, { verification: now }), () => wish(`${path}/undo`, {}), () => (record.verification = before));
    record.verification = now;
  }

  /** The message is no voice of this record. */
  apart(item: Item, record: RecordBrief): void {
    const before = item.records;
    const merge = (said: Record<string, unknown> | null): Wish | null => {
      const made = (said?.['made'] as { id?: string } | undefined)?.id;
      return made ? { of: record.id, path: `/api/${record.type}s/${record.id}/merge`, body: { other: made } } : null;
    };
    this.put(item, { of: record.id, path: `/api/${record.type}s/${record.id}/split`, body: { report: item.id } }, merge, () => (item.records = before));
    item.records = before.filter((one) => one !== record);
    toast(t('Apart: it stands as one of its own.'), 'good');
  }

  /** Whether it is the same as something known before. */
  settle(item: Item, one: Unsure, to: 'join' | 'apart'): void {
    const before = item.unsure;
    const path = `/api/${one.type}s/${one.other.id}`;
    const split: Wish = { of: one.other.id, path: `${path}/split`, body: { report: one.report } };
    const merge: Wish = { of: one.other.id, path: `${path}/merge`, body: { other: one.record.id } };
    const asked: Wish = { of: one.id, path: `/api/join-proposals/${one.id}/${to}`, body: {} };
    // What was kept apart stays two until somebody joins them by hand: the question itself has been answered.
    const restore = (): void => {
      item.unsure = before;
      one.kept = to === 'apart';
    };
    this.put(item, to === 'join' && one.kept ? merge : asked, () => (to === 'join' ? split : null), restore);
    item.unsure = before.filter((other) => other !== one);
    toast(to === 'join' ? t('Joined: one happening.') : t('Kept apart.'), 'good');
  }

  /** Take one back. */
  undo(deed: Deed): void {
    const back = this.answers.takeBack(deed.key) ? null : deed.back(deed.said);
    if (back) this.answers.keep(back);
    deed.restore();
    toast(t('Taken back.'), 'good');
  }

  private put(item: Item, wish: Wish, back: Deed['back'], restore: () => void): void {
    this.made({ item, key: this.answers.keep(wish).key, said: null, back, restore });
  }
}

/** The other voices of a record, closed; each is opened by a press. */
export async function drawVoices(record: RecordBrief, box: HTMLElement, but: string | undefined): Promise<void> {
  fill(box, h('p', { class: 'nothing' }, t('Loading')));
  try {
    const { data } = await ask<{ properties: { links?: Link[] } }>(`/api/${record.type}s/${record.id}`, { stay: true });
    const others = (data.properties.links ?? []).filter((one) => one.report !== but);
    fill(box, ...(others.length ? others.slice(0, VOICES_MOST).map((one) => voice(one, true)) : [h('p', { class: 'nothing' }, t('No other voice.'))]));
  } catch (error) {
    fill(box, h('p', { class: 'field__error' }, (error as ApiError).message));
  }
}
