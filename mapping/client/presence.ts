/** Colleagues at the map: where they look, as small marks, and who has the same record open. Nobody is named. */
import { ApiError, ask } from '@pages/api.ts';
import { byId, fill, h } from '@pages/dom.ts';
import { t } from '@pages/i18n.ts';
import type { Live } from './live.ts';
import type { Named } from './types.ts';
import { named } from './words.ts';

export interface Other {
  key: string;
  colour: number;
  role: string;
  centre: Named | null;
  lon: number;
  lat: number;
  zoom: number;
  open: { layer: string; id: string } | null;
}

/** The server forgets a page after half a minute; it is told thrice as often. */
const EVERY_MS = 10_000;
const LOOK_MS = 1000;
/** Between two tellings, whatever happens: somebody who leafs through records is told of now and then. */
const REST_MS = 2000;
const SHOWN = 6;

/** How a colleague is called: what they do and where, for want of a name. */
export const called = (one: Other): string => [t(one.role), named(one.centre)].filter(Boolean).join(' · ');

/** Those who have that record open, each called once. */
export function alsoAt(others: readonly Other[], id: string | null): string[] {
  return id ? [...new Set(others.filter((one) => one.open?.id === id).map(called))] : [];
}

export function presence(live: Live): void {
  const tab = Array.from(crypto.getRandomValues(new Uint8Array(8)), (one) => one.toString(16).padStart(2, '0')).join('');
  const row = h('div', { class: 'others', role: 'group', 'aria-label': t('Also at the map'), hidden: true });
  byId('tally').after(row);
  const note = h('p', { class: 'note note--warn others__open', role: 'status', hidden: true });
  byId('record').before(note);
  const marks = new Map<string, L.Marker>();
  let others: Other[] = [];
  let told = 0;
  let said = '';
  let refused = false;

  const where = (): Record<string, unknown> => {
    const centre = live.map.getCenter().wrap();
    const chosen = live.selected();
    return {
      tab,
      lon: Math.max(-180, Math.min(180, centre.lng)),
      lat: Math.max(-90, Math.min(90, centre.lat)),
      zoom: Math.max(0, Math.min(24, Math.round(live.map.getZoom()))),
      open: chosen ? { layer: chosen.layer, id: chosen.id } : null,
      emergency: live.emergency(),
    };
  };

  async function tell(): Promise<void> {
    told = Date.now();
    const body = where();
    said = JSON.stringify(body['open']);
    try {
      others = (await ask<{ others: Other[] }>('/api/presence', { method: 'POST', body, stay: true, timeoutMs: 8000 })).data.others;
    } catch (error) {
      // Whose role has no colleagues here is never asked again; a lost network shows nobody.
      refused = (error as ApiError).status === 403 || (error as ApiError).status === 401;
      others = [];
    }
    draw();
  }

  function draw(): void {
    const seen = new Set(others.map((one) => one.key));
    for (const [key, marker] of marks) {
      if (seen.has(key)) continue;
      marker.remove();
      marks.delete(key);
    }
    for (const one of others) {
      const had = marks.get(one.key);
      if (had) had.setLatLng([one.lat, one.lon]);
      else marks.set(one.key, markOf(one).addTo(live.map));
    }
    fill(
      row,
      h('span', { class: 'others__head' }, t('Also at the map')),
      ...others.slice(0, SHOWN).map((one) =>
        h('button', { type: 'button', class: 'others__one', title: t('Look where they look'), onclick: () => live.map.setView([one.lat, one.lon], one.zoom) }, dot(one), called(one)),
      ),
      others.length > SHOWN ? h('span', {}, t('and {n} more', { n: others.length - SHOWN })) : null,
    );
    row.hidden = !others.length;
    const also = alsoAt(others, live.selected()?.id ?? null);
    note.hidden = !also.length;
    const words = also.length ? t('Open elsewhere too: {who}', { who: also.join('، ') }) : '';
    if (note.textContent !== words) note.textContent = words;
  }

  setInterval(() => {
    if (refused || document.hidden) return;
    const quiet = Date.now() - told;
    const moved = JSON.stringify(where()['open']) !== said;
    if (moved) draw();
    if (quiet >= EVERY_MS || (moved && quiet >= REST_MS)) void tell();
  }, LOOK_MS);
  addEventListener('pagehide', () => {
    const body = JSON.stringify({ ...where(), gone: true });
    if (!refused) void fetch('/api/presence', { method: 'POST', keepalive: true, credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body }).catch(() => undefined);
  });
  void tell();
}

const dot = (one: Other): HTMLElement => h('span', { class: `others__dot others__dot--${one.colour}`, 'aria-hidden': 'true' });

function markOf(one: Other): L.Marker {
  const element = h('div', { class: `others__mark others__dot--${one.colour}`, title: called(one) }, Array.from(t(one.role)).slice(0, 2).join(''));
  const icon = L.divIcon({ className: 'spot', html: element, iconSize: [26, 26] });
  return L.marker([one.lat, one.lon], { icon, interactive: false, keyboard: false, zIndexOffset: -2000 });
}
