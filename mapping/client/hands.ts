/** What is done by hand on the map itself: drawing, and choosing by an area. They share one pen. */
import { drawing } from './drawing.ts';
import type { Live } from './live.ts';
import { selecting } from './selecting.ts';
import { Sketcher } from './sketcher.ts';

export function hands(live: Live): void {
  const pen = new Sketcher(live);
  selecting(live, pen);
  drawing(live, pen);
}
