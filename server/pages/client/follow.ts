/** Hearing of changes: the house's one stream, narrowed to the kinds that a page shows. */
import { Stream } from '../../../mapping/client/stream.ts';

/** Call `stir` when a record of one of the kinds changed, or when changes may have been missed. */
export function follow(kinds: readonly string[], stir: () => void): void {
  const wanted = new Set(kinds);
  new Stream('/api/stream', {
    changes: (batch) => {
      if (batch.some((one) => wanted.has(one.type))) stir();
    },
    reset: stir,
  }).start();
}
