/** The wall screen: large figures, no hands. It shows the whole, then goes from one pressing place to the next, and back. */
import { h } from '@pages/dom.ts';
import { t } from '@pages/i18n.ts';
import { ago } from '@pages/time.ts';
import type { Live } from './live.ts';
import { byPriority, pending } from './store.ts';
import { pointOf, type Feature, type LayerCode } from './types.ts';
import { titleOf, underTitle, word } from './words.ts';

const STEP_MS = 15_000;
/** A hand at the mouse stops the tour for so long. */
const HANDS_MS = 60_000;
const STOPS_MOST = 6;
const CLOSE_ZOOM = 12;
const OF: readonly LayerCode[] = ['needs', 'incidents', 'tasks'];

/** The stops of one round: the most pressing first, none within `apart` degrees of one before. */
export function stops(features: readonly Feature[], most = STOPS_MOST, apart = 0.15): Feature[] {
  const chosen: Feature[] = [];
  for (const one of [...features].sort(byPriority)) {
    const at = pointOf(one.geometry);
    if (!at || !pending(one)) continue;
    const near = chosen.some((other) => {
      const to = pointOf(other.geometry)!;
      return Math.hypot(to[0] - at[0], to[1] - at[1]) < apart;
    });
    if (!near) chosen.push(one);
    if (chosen.length === most) break;
  }
  return chosen;
}

export function wall(live: Live): void {
  const caption = h('div', { class: 'wall__caption', 'aria-live': 'off' });
  live.map.getContainer().parentElement!.append(caption);
  let on = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let whole: { centre: L.LatLng; zoom: number } | null = null;
  let round: Feature[] = [];
  let lock: { release(): Promise<void> } | null = null;

  const awake = async (): Promise<void> => {
    const source = (navigator as { wakeLock?: { request(kind: 'screen'): Promise<{ release(): Promise<void> }> } }).wakeLock;
    lock = (await source?.request('screen').catch(() => null)) ?? null;
  };
  const set = (next: boolean): void => {
    if (on === next) return;
    on = next;
    document.body.classList.toggle('is-wall', on);
    live.map.invalidateSize({ pan: false });
    clearTimeout(timer);
    live.remember();
    if (on) {
      whole = { centre: live.map.getCenter(), zoom: live.map.getZoom() };
      void awake();
      timer = setTimeout(step, STEP_MS);
      tell(null);
    } else {
      void lock?.release().catch(() => undefined);
      caption.replaceChildren();
      live.field.select(null);
      if (document.fullscreenElement) void document.exitFullscreen();
    }
  };
  const tell = (one: Feature | null): void => {
    if (!one) return caption.replaceChildren();
    const { urgency, updated_at: at, status, code } = one.properties;
    caption.replaceChildren(
      h('strong', {}, titleOf(one, live.config)),
      h('span', {}, [...underTitle(one.properties), word('status', status), code ? `\u2066${code}\u2069` : '', at ? ago(at) : ''].filter(Boolean).join(' · ')),
      h('span', { class: `badge badge--${urgency ?? 'none'}` }, word('urgency', urgency ?? 'none')),
    );
  };
  const step = (): void => {
    if (!on || !whole) return;
    timer = setTimeout(step, STEP_MS);
    const quiet = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const one = round.shift();
    if (one) {
      const [lon, lat] = pointOf(one.geometry)!;
      live.map.setView([lat, lon], Math.max(CLOSE_ZOOM, whole.zoom), { animate: !quiet });
      live.field.select(one);
      tell(one);
      return;
    }
    live.map.setView(whole.centre, whole.zoom, { animate: !quiet });
    live.field.select(null);
    tell(null);
    const filters = live.filters();
    round = stops(OF.filter((layer) => filters.layers.includes(layer)).flatMap((layer) => [...live.store.shelf(layer).features.values()]));
  };
  const hands = (): void => {
    if (!on) return;
    clearTimeout(timer);
    timer = setTimeout(step, HANDS_MS);
  };
  for (const kind of ['pointerdown', 'wheel', 'keydown'] as const) addEventListener(kind, hands, { passive: true });
  document.addEventListener('visibilitychange', () => {
    if (on && !document.hidden) void awake();
  });

  const button = document.getElementById('wall-open');
  button?.addEventListener('click', () => {
    set(!on);
    if (on) void document.documentElement.requestFullscreen?.().catch(() => undefined);
  });
  live.key({ code: 'KeyW', shown: 'w', label: t('Wall screen'), act: () => button?.click() });
  live.onEscape(() => {
    if (!on) return false;
    set(false);
    return true;
  });
  live.inAddress('wall', () => (on ? '1' : null));
  if (live.fromAddress('wall') === '1') set(true);
}
