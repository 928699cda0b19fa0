/** What coordinators draw: closed roads and bridges, areas, routes and notes. Shown to all on the map, made by those who may. */
import { ApiError, ask } from '@pages/api.ts';
import { fill, h, icon } from '@pages/dom.ts';
import { whyNot } from '@pages/forms.ts';
import { t } from '@pages/i18n.ts';
import { ago } from '@pages/time.ts';
import { toast } from '@pages/toast.ts';
import type { Live } from './live.ts';
import { geometryOf, type Form, type Spot } from './shapes.ts';
import type { Sketcher } from './sketcher.ts';
import { linesOf, type Geometry } from './types.ts';
import { codeText, word } from './words.ts';

interface Drawing {
  id: string;
  geometry: Geometry;
  properties: { code: string; kind: 'note' | 'area' | 'route'; purpose: string; worded: boolean; updated_at: string; version: number; emergency: string };
}
interface Choice {
  code: string;
  label: string;
  form: Form;
  /** Where it goes: a closure of that kind, an area of danger, or a drawing. */
  closure?: 'road' | 'bridge' | 'area';
  drawing?: 'note' | 'area' | 'route';
  hazard?: boolean;
}

const PEN = 'M4 20l1-4L16.500 4.500a2.100 2.100 0 0 1 3 3L8 19zM14 7l3 3';
const NOTE = 'M5 4.500h14v10l-5 5H5zM14 19.500v-5h5M8 9h8M8 12.500h4';
const REST_MS = 800;
const DANGERS = ['flood', 'landslide', 'quake_damage', 'fire', 'contamination', 'other'];
/** Severity as the Common Alerting Protocol has it. */
const LEVELS = ['unknown', 'minor', 'moderate', 'severe', 'extreme'];

const choices = (): Choice[] => [
  { code: 'road', label: t('A closed road'), form: 'LineString', closure: 'road' },
  { code: 'bridge', label: t('A bridge that is out'), form: 'Point', closure: 'bridge' },
  { code: 'shut', label: t('A closed area'), form: 'Polygon', closure: 'area' },
  { code: 'hazard', label: t('An area of danger'), form: 'Polygon', hazard: true },
  { code: 'area', label: t('An area with a purpose'), form: 'Polygon', drawing: 'area' },
  { code: 'route', label: t('A way to take'), form: 'LineString', drawing: 'route' },
  { code: 'note', label: t('A note'), form: 'Point', drawing: 'note' },
];
const purposes = (): Record<string, string> => ({ other: t('Other'), search: t('To be searched'), searched: t('Searched'), staging: t('Gathering place'), landing: t('Landing place'), no_go: t('Nobody goes here'), water: t('Water source') });
const hint = (form: Form): string =>
  form === 'Point' ? t('Press where it is.') : form === 'LineString' ? t('Press along the way; Done ends it.') : t('Press its corners; Done closes it.');

export function drawing(live: Live, sketcher: Sketcher): void {
  live.map.createPane('areas').style.zIndex = '420';
  const shown = new Map<string, { layer: L.Layer; version: number }>();
  let resting: ReturnType<typeof setTimeout> | undefined;
  const dialog = h('dialog', { class: 'drawbox', 'aria-label': t('Drawing') });
  document.body.append(dialog);
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());

  async function load(): Promise<void> {
    const query = new URLSearchParams({ status: 'active', limit: '500' });
    if (live.emergency()) query.set('emergency', live.emergency()!);
    const { data } = await ask<{ features: Drawing[] }>(`/api/drawings?${query}`);
    const seen = new Set(data.features.map((one) => one.id));
    for (const [id, one] of shown) {
      if (seen.has(id) && data.features.some((fresh) => fresh.id === id && fresh.properties.version === one.version)) continue;
      one.layer.remove();
      shown.delete(id);
    }
    for (const one of data.features) if (!shown.has(one.id)) shown.set(one.id, { layer: show(one), version: one.properties.version });
  }

  function show(one: Drawing): L.Layer {
    const { kind, purpose } = one.properties;
    const name = kind === 'note' ? t('A note') : (purposes()[purpose] ?? purpose);
    if (one.geometry.type === 'Point') {
      const pin = h('span', { class: 'drawn', title: name }, icon(NOTE));
      const [lon, lat] = one.geometry.coordinates;
      const marker = L.marker([lat, lon], { icon: L.divIcon({ className: 'spot', html: pin, iconSize: [30, 30], iconAnchor: [15, 15] }), keyboard: true, title: name, alt: name });
      return marker.on('click', () => !sketcher.busy && open(one)).addTo(live.map);
    }
    const points = linesOf(one.geometry).map((line) => line.map(([lon, lat]) => [lat, lon] as [number, number]));
    // By class, so that the sheet decides colours: by purpose, in light and dark, and each with a dash of its own.
    const style: L.PolylineOptions = { pane: 'areas', className: `drawn-shape drawn-shape--${purpose}`, weight: 3, renderer: L.svg({ pane: 'areas' }) };
    const layer = kind === 'area' ? L.polygon(points, style) : L.polyline(points, { ...style, fill: false });
    layer.bindTooltip(h('span', {}, name), { permanent: kind === 'area', direction: 'center', className: 'drawn-name', pane: 'areas' });
    return layer.on('click', () => !sketcher.busy && open(one)).addTo(live.map);
  }

  function open(one: Drawing): void {
    const words = h('blockquote', { class: 'said', dir: 'auto', hidden: true });
    const look = async (): Promise<void> => {
      const { data } = await ask<{ words: string | null }>(`/api/drawings/${one.id}/words`);
      words.hidden = false;
      words.textContent = data.words ?? t('The key that opens this is not on this machine.');
    };
    const remove = async (): Promise<void> => {
      try {
        await ask(`/api/drawings/${one.id}`, { method: 'PATCH', body: { status: 'removed' }, ifMatch: `"${one.properties.version}"` });
        toast(t('Taken off the map'), 'good');
        dialog.close();
        await load();
      } catch (error) {
        toast(whyNot(error as ApiError), 'bad');
      }
    };
    const { kind, purpose, code, updated_at: at, worded } = one.properties;
    fill(
      dialog,
      h('h2', {}, kind === 'note' ? t('A note') : (purposes()[purpose] ?? purpose)),
      h('p', {}, codeText(code), ' · ', ago(at)),
      worded && live.config.can.draw ? h('button', { type: 'button', class: 'button', onclick: () => void look().catch((error: Error) => toast(error.message, 'bad')) }, t('What is written on it')) : null,
      words,
      h('div', { class: 'row' }, live.config.can.draw ? h('button', { type: 'button', class: 'button button--danger', onclick: () => void remove() }, t('Take it off the map')) : null, h('button', { type: 'button', class: 'button button--main', onclick: () => dialog.close() }, t('Close'))),
    );
    dialog.showModal();
  }

  function menu(): void {
    const item = (choice: Choice): HTMLElement =>
      h('button', { type: 'button', class: 'button', 'data-draw': choice.code, onclick: () => { dialog.close(); sketcher.start({ form: choice.form, hint: `${choice.label}: ${hint(choice.form)}`, done: (spots) => describe(choice, spots) }); } }, choice.label);
    const may = choices().filter((one) => (one.drawing ? live.config.can.draw : live.config.can.close));
    fill(dialog, h('h2', {}, t('Draw on the map')), h('div', { class: 'drawbox__menu' }, ...may.map(item)), h('button', { type: 'button', class: 'button button--quiet', onclick: () => dialog.close() }, t('Close')));
    dialog.showModal();
  }

  /** What it is, before it is kept. */
  function describe(choice: Choice, spots: Spot[]): void {
    const geometry = geometryOf(choice.form, spots);
    const purpose = h('select', { class: 'select', id: 'draw-purpose' }, ...Object.entries(purposes()).map(([code, label]) => h('option', { value: code }, label)));
    const words = h('textarea', { class: 'input', id: 'draw-words', rows: 3, maxlength: 1000, dir: 'auto' });
    const danger = h('select', { class: 'select', id: 'draw-danger' }, ...DANGERS.map((code) => h('option', { value: code }, word('danger', code))));
    const level = h('select', { class: 'select', id: 'draw-level' }, ...LEVELS.map((code) => h('option', { value: code }, word('level', code))));
    const sure = h('select', { class: 'select', id: 'draw-sure' }, h('option', { value: 'confirmed' }, t('Somebody has seen it')), h('option', { value: 'unverified' }, t('Not sure yet')));
    const fault = h('p', { class: 'field__error', role: 'alert', hidden: true });
    const keep = h('button', { type: 'submit', class: 'button button--main' }, t('Keep it'));
    const field = (id: string, label: string, input: HTMLElement, note = ''): HTMLElement => h('div', { class: 'field' }, h('label', { for: id, class: 'field__label' }, label), input, note ? h('span', { class: 'field__hint' }, note) : null);
    const form = h(
      'form',
      { novalidate: true },
      h('h2', {}, choice.label),
      choice.drawing === 'area' ? field('draw-purpose', t('What for'), purpose) : null,
      choice.hazard ? field('draw-danger', t('What threatens'), danger) : null,
      choice.hazard ? field('draw-level', t('Severity'), level) : null,
      choice.drawing ? field('draw-words', t('What is to be known'), words, t('Kept sealed; who opens it is written down.')) : field('draw-sure', t('How sure'), sure),
      fault,
      h('div', { class: 'row' }, keep, h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, t('Throw it away'))),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void save();
    });
    async function save(): Promise<void> {
      const emergency = live.emergency() ?? live.config.emergency;
      if (!emergency) {
        fault.textContent = t('Choose an emergency first.');
        fault.hidden = false;
        return;
      }
      keep.disabled = true;
      try {
        if (choice.hazard) await ask('/api/hazards', { method: 'POST', body: { emergency, kind: danger.value, level: level.value, geometry, verification: sure.value } });
        else if (choice.closure) await ask('/api/closures', { method: 'POST', body: { emergency, kind: choice.closure, geometry, verification: sure.value } });
        else await ask('/api/drawings', { method: 'POST', body: { emergency, kind: choice.drawing, geometry, purpose: choice.drawing === 'area' ? purpose.value : 'other', words: words.value } });
        dialog.close();
        toast(t('It is on the map'), 'good');
        if (choice.drawing) await load();
      } catch (error) {
        fault.textContent = whyNot(error as ApiError);
        fault.hidden = false;
      } finally {
        keep.disabled = false;
      }
    }
    fill(dialog, form);
    dialog.showModal();
  }

  if (live.config.can.draw || live.config.can.close) {
    live.tool(PEN, t('Draw on the map'), menu);
    live.key({ code: 'KeyD', shown: 'd', label: t('Draw on the map'), act: menu });
  }
  live.onChanges((batch) => {
    if (!batch.some((change) => change.type === 'drawing')) return;
    resting ??= setTimeout(() => {
      resting = undefined;
      void load().catch(() => undefined);
    }, REST_MS);
  });
  void load().catch(() => undefined);
}
