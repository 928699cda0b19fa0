/** Time on a slider: the operation as it was at any moment, played at any speed, and back to now. */
import { ask } from '@pages/api.ts';
import { fill, h, icon } from '@pages/dom.ts';
import { t } from '@pages/i18n.ts';
import { dateTime, now } from '@pages/time.ts';
import { toast } from '@pages/toast.ts';
import { GLYPH } from './glyphs.ts';
import type { Live } from './live.ts';
import { Past, type Answer } from './past.ts';
import { passes } from './store.ts';
import type { Box, LayerCode } from './types.ts';

/** Layers whose past the server keeps. */
const KEPT: readonly LayerCode[] = ['needs', 'incidents', 'tasks', 'closures', 'movements'];
/** What stands where it always stood. */
const STANDS: readonly string[] = ['centres', 'shelters'];
const SPEEDS: readonly [seconds: number, label: () => string][] = [
  [1, () => t('As it was')], [10, () => t('10 s a second')], [60, () => t('1 min a second')], [600, () => t('10 min a second')], [3600, () => t('1 hour a second')],
  [21_600, () => t('6 hours a second')], [86_400, () => t('1 day a second')],
];
const FRAME_MS = 100;
const BINS = 120;
const WHOLE_S = 45;
const PLAY = 'M8 5.500v13l10-6.500z';
const PAUSE = 'M8 5.500v13M16 5.500v13';
const WHOLE = 1000;

/** The speed at which the whole takes about three quarters of a minute. */
export const fitting = (seconds: number): number => SPEEDS.map(([speed]) => speed).reduce((best, one) => (Math.abs(Math.log(seconds / one / WHOLE_S)) < Math.abs(Math.log(seconds / best / WHOLE_S)) ? one : best));

export function replay(live: Live): void {
  let past: Past | null = null;
  let at = 0;
  let speed = 3600;
  let timer: ReturnType<typeof setInterval> | undefined;
  let box: Box | null = null;
  let zoom = -1;
  let asking: AbortController | null = null;

  const play = h('button', { type: 'button', class: 'button button--round', onclick: () => run(!timer) });
  const slider = h('input', { type: 'range', min: 0, max: WHOLE, step: 1, class: 'past__slider', 'aria-label': t('Moment') });
  const label = h('output', { class: 'past__label', 'aria-live': 'off' });
  const bars = h('div', { class: 'past__bars', 'aria-hidden': 'true' });
  const pace = h('select', { class: 'select past__pace', 'aria-label': t('Speed') }, ...SPEEDS.map(([seconds, name]) => h('option', { value: seconds, selected: seconds === speed }, name())));
  const close = h('button', { type: 'button', class: 'button button--main', onclick: () => stop() }, t('Back to now'));
  const bar = h('section', { class: 'past', 'aria-label': t('What was'), hidden: true }, play, h('div', { class: 'past__track' }, bars, slider), label, pace, close);
  live.map.getContainer().parentElement!.append(bar);

  const button = live.tool(GLYPH.clock, t('Play the operation again'), () => (past ? stop() : void start(null)));
  button.setAttribute('aria-pressed', 'false');

  const told = (): void => {
    label.textContent = dateTime(at);
    slider.value = String(past ? Math.round(((at - past.from) / (past.to - past.from)) * WHOLE) : 0);
    slider.setAttribute('aria-valuetext', dateTime(at));
  };
  const show = (): void => {
    if (!past || !box) return;
    past.seek(at);
    const filters = live.filters();
    const still = { ...filters, since: 'all' as const };
    for (const { code } of live.config.layers) {
      if (STANDS.includes(code)) continue;
      const shown = past.shown(code);
      const features = shown.features.filter((one) => passes(one, still, at));
      live.store.put(code, { ...shown, features, total: past.counted ? shown.total : features.length }, box, zoom);
    }
    live.field.load(filters.layers);
    live.redraw();
    told();
  };
  const run = (on: boolean): void => {
    clearInterval(timer);
    timer = undefined;
    if (on && past) {
      if (at >= past.to) at = past.from;
      let last = performance.now();
      timer = setInterval(() => {
        const moment = performance.now();
        at = Math.min(past!.to, at + (moment - last) * speed);
        last = moment;
        show();
        if (at >= past!.to) run(false);
      }, FRAME_MS);
    }
    fill(play, icon(timer ? PAUSE : PLAY));
    play.setAttribute('aria-label', timer ? t('Pause') : t('Play'));
    if (!timer) live.remember();
  };

  /** Fetch the past of what is in view; `moment` keeps or chooses where the slider stands. */
  async function start(moment: number | null): Promise<void> {
    asking?.abort();
    const mine = (asking = new AbortController());
    const seen = live.loader.box(0.5);
    const level = live.map.getZoom();
    const layers = live.filters().layers.filter((one) => KEPT.includes(one));
    if (!layers.length) return toast(t('Switch on needs, incidents or tasks first: only these can be played again.'));
    const query = new URLSearchParams({ layers: layers.join(','), bbox: seen.map((one) => one.toFixed(4)).join(','), zoom: String(Math.round(level)) });
    if (live.emergency()) query.set('emergency', live.emergency()!);
    bar.hidden = false;
    bar.setAttribute('aria-busy', 'true');
    try {
      const { data } = await ask<Answer>(`/api/map/history?${query}`, { signal: mine.signal, timeoutMs: 60_000 });
      if (mine.signal.aborted) return;
      if (data.kind === 'none') {
        stop();
        return toast(t('Nothing has happened yet.'));
      }
      past = new Past(data);
      [box, zoom] = [seen, level];
      at = Math.min(past.to, Math.max(past.from, moment ?? past.from));
      live.loader.held = true;
      document.body.classList.add('is-past');
      button.setAttribute('aria-pressed', 'true');
      if (moment === null) {
        speed = fitting((past.to - past.from) / 1000);
        pace.value = String(speed);
      }
      drawBars(past);
      show();
      if (moment === null && !matchMedia('(prefers-reduced-motion: reduce)').matches) run(true);
      else run(!!timer);
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!past) bar.hidden = true;
      toast((error as Error).message, 'bad');
    } finally {
      bar.removeAttribute('aria-busy');
    }
  }

  function drawBars(of: Past): void {
    const found = of.activity(BINS);
    const most = Math.max(...found, 1);
    fill(bars, ...found.map((n) => {
      const one = h('i');
      // The root of the count: a quiet night is seen beside the worst hour.
      one.style.blockSize = `${Math.round(Math.sqrt(n / most) * 100)}%`;
      return one;
    }));
  }

  function stop(): void {
    asking?.abort();
    clearInterval(timer);
    timer = undefined;
    past = null;
    bar.hidden = true;
    button.setAttribute('aria-pressed', 'false');
    document.body.classList.remove('is-past');
    if (live.loader.held) {
      live.loader.held = false;
      live.reload();
    }
    live.remember();
  }

  slider.addEventListener('input', () => {
    if (!past) return;
    at = past.from + (Number(slider.value) / WHOLE) * (past.to - past.from);
    show();
  });
  slider.addEventListener('change', () => live.remember());
  pace.addEventListener('change', () => (speed = Number(pace.value)));
  const step = (by: number): void => {
    if (!past) return;
    run(false);
    at = Math.min(past.to, Math.max(past.from, at + ((past.to - past.from) / 200) * by));
    show();
  };
  live.key({ code: 'KeyR', shown: 'r', label: t('Play the operation again'), act: () => (past ? stop() : void start(null)) });
  live.key({ code: 'Comma', shown: ',', label: t('A step back in time'), act: () => step(-1) });
  live.key({ code: 'Period', shown: '.', label: t('A step on in time'), act: () => step(1) });
  live.key({ code: 'KeyK', shown: 'k', label: t('Play or pause'), act: () => past && run(!timer) });
  live.onEscape(() => {
    if (!past) return false;
    stop();
    return true;
  });
  let moving: ReturnType<typeof setTimeout> | undefined;
  live.map.on('moveend', () => {
    if (!past || !box) return;
    const view = live.loader.box(0);
    const inside = box[0] <= view[0] && box[1] <= view[1] && box[2] >= view[2] && box[3] >= view[3];
    if (inside && (!past.counted || Math.abs(zoom - live.map.getZoom()) < 1)) return;
    clearTimeout(moving);
    moving = setTimeout(() => past && void start(at), 300);
  });
  live.onRefilter(() => past && void start(at));
  live.inAddress('at', () => (past ? new Date(at).toISOString().slice(0, 19) + 'Z' : null));
  const asked = Date.parse(live.fromAddress('at') ?? '');
  if (!Number.isNaN(asked) && asked <= now()) void start(asked);
}
