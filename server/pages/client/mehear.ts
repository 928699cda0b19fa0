/**
 * What a volunteer's phone hears: her own tasks and offers at once, the rest of her centre's queues now and then. The stream
 * itself is narrowed to her centres, so that a slow link is not filled with what is not for her.
 */
import { Stream } from '../../../mapping/client/stream.ts';
import type { Change } from '../../../mapping/client/types.ts';

/** What may be given to her by others. */
const GIVEN = new Set(['offer.made', 'task.reassigned']);
const NOUNS = 'task,offer,movement';

export interface Heard {
  /** Something of hers changed: look now. */
  now(): void;
  /** Something was given or offered to somebody at her centre: ask whether to her. */
  perhaps(): void;
  /** Something waits or waits no longer: look soon. */
  soon(): void;
}

export type Weight = 'now' | 'perhaps' | 'soon';

/** How much a change is hers: a record that stands on her page as hers, something given to somebody, or anything else. */
export function weigh(batch: readonly Change[], shown: ReadonlySet<string>): Weight {
  if (batch.some((one) => shown.has(one.id))) return 'now';
  return batch.some((one) => GIVEN.has(one.verb)) ? 'perhaps' : 'soon';
}

/** The ids of what stands on the page as hers: held tasks, offers, herself. */
function shown(): Set<string> {
  const ids = [...document.querySelectorAll<HTMLElement>('[data-hears]')].flatMap((one) => one.dataset['hears']!.split(','));
  return new Set(ids.filter(Boolean));
}

const centres = (): string => document.getElementById('hears')?.dataset['centres'] ?? '';
/** So long others' changes are gathered: a phone that saves data, or on a slow link, waits longer. */
export function patience(link: { saveData?: boolean; effectiveType?: string } | undefined): number {
  return link?.saveData || /2g/.test(link?.effectiveType ?? '') ? 20_000 : 3_000;
}

/** Listen. The answer is to be called when the page was drawn anew: other centres may be hers now. */
export function hear(heard: Heard): () => void {
  let known = centres();
  let later: ReturnType<typeof setTimeout> | undefined;
  const stream = new Stream(() => `/api/stream?of=${NOUNS}&centres=${encodeURIComponent(centres())}`, {
    changes: (batch) => {
      const weight = weigh(batch, shown());
      if (weight === 'now') return heard.now();
      if (weight === 'perhaps') heard.perhaps();
      later ??= setTimeout(
        () => {
          later = undefined;
          heard.soon();
        },
        patience((navigator as { connection?: { saveData?: boolean; effectiveType?: string } }).connection),
      );
    },
    reset: heard.now,
  });
  // Who waits for her centre's word has nothing to hear yet.
  let started = known !== '';
  if (started) stream.start();
  return () => {
    if (centres() === known) return;
    known = centres();
    if (started) stream.renew();
    else {
      started = true;
      stream.start();
    }
  };
}
