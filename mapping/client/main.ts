/** The live map: joins folium's Leaflet map with layers, panel, filters, stream and clock. */
import './map.css';
import { ask } from '@pages/api.ts';
import { readConfig } from '@pages/config.ts';
import { byId, fill, h, icon } from '@pages/dom.ts';
import { serveForms } from '@pages/forms.ts';
import { lang, t } from '@pages/i18n.ts';
import { toast } from '@pages/toast.ts';
import { Grounds, groundLayer } from './basemap.ts';
import { beside } from './beside.ts';
import { runClock } from './clock.ts';
import { scaleBar } from './scale.ts';
import { Field } from './field.ts';
import { hands } from './hands.ts';
import { drawLegend, FilterBar, keepLegend } from './filters.ts';
import { GLYPH } from './glyphs.ts';
import { listen } from './keys.ts';
import { Labels } from './labels.ts';
import type { Key, Live, Part } from './live.ts';
import { drawList, drawTally } from './list.ts';
import { Loader } from './loader.ts';
import { RecordPanel } from './record.ts';
import { presence } from './presence.ts';
import { replay } from './replay.ts';
import { Search } from './search.ts';
import { share } from './share.ts';
import { Sheet } from './sheet.ts';
import { byPriority, inside, pending, Store } from './store.ts';
import { Stream } from './stream.ts';
import { asNeed, pointOf, type Change, type Feature, type LayerCode, type MapConfig, type Urgency } from './types.ts';
import { CHANGED, theme } from './theme.ts';
import { readFilters, readHash, readSelected, writeHash, writeQuery, type Filters, type Selected } from './view.ts';
import { wall } from './wall.ts';

declare global {
  interface Window {
    hamyarMap?: L.Map;
  }
}

/** The parts of the map beside its core; heavy ones fetch their code when they are first used. */
const PARTS: readonly Part[] = [theme, beside, replay, hands, share, wall, presence];

const LISTED: readonly LayerCode[] = ['gaps', 'needs', 'incidents', 'tasks'];

const config = readConfig<MapConfig>();
const map = window.hamyarMap;
if (!map) throw new Error('the page made no map');

const known = config.layers.map((layer) => layer.code);
const usual = config.layers.filter((layer) => layer.default).map((layer) => layer.code);
const query = new URLSearchParams(location.search);
let filters = readFilters(query, known, usual);
let selected: Selected | null = readSelected(query, known);
let gathered: Set<string> | null = null;

// Panes from the ground up; Leaflet's own markers lie at 600.
for (const [name, z] of [['ground', 150], ['signs', 250], ['lines', 450]] as const) map.createPane(name).style.zIndex = String(z);
map.getPane('signs')!.style.pointerEvents = 'none';
const at = readHash(location.hash);
if (at) map.setView([at.lat, at.lon], at.zoom, { animate: false });

const store = new Store();
const grounds = new Grounds(__BASEMAP__);
const ground = groundLayer(grounds);
if (!config.tiles) ground.addTo(map);
const labels = new Labels(map, grounds);
ground.on('load', () => labels.draw());
map.attributionControl.setPrefix(false);
map.attributionControl.addAttribution(h('span', {}, t('Map: Natural Earth · Places: GeoNames CC BY 4.0')).outerHTML);
scaleBar().addTo(map);

const sheet = new Sheet(byId('panel'), byId('grip'), () => map.invalidateSize({ pan: false }));
const field = new Field(map, store, config, (feature) => open(feature.properties.layer, feature), gather);
const loader = new Loader(map, store, config, filters, {
  changed(fresh) {
    if (fresh.length) field.pulse(fresh);
    field.load(filters.layers);
    redraw();
  },
});
if (query.get('emergency')) loader.emergency = query.get('emergency');
const panel = new RecordPanel(byId('record'), config, {
  closed: () => close(),
  show: (layer, id) => open(layer, store.find(id), id),
  seen: (feature) => field.select(feature),
  aim,
});
const bar = new FilterBar(byId('filters'), byId('filter-sheet'), config, filters, refilter);
drawLegend(byId('legend-body'), config, filters.layers);
keepLegend(byId<HTMLDetailsElement>('legend'));

function refilter(next: Filters): void {
  filters = loader.filters = next;
  drawLegend(byId('legend-body'), config, filters.layers);
  remember();
  loader.load(true);
  field.load(filters.layers);
  redraw();
  for (const hear of refilters) hear();
}

function open(layer: LayerCode, feature: Feature | null, id: string = feature?.id ?? ''): void {
  // A gap opened is its need, with what it lacks beside it.
  if (layer === 'gaps') {
    layer = 'needs';
    feature &&= asNeed(feature);
  }
  selected = { layer, id };
  byId('home').hidden = true;
  byId('record').hidden = false;
  sheet.rise();
  field.select(feature);
  remember();
  void panel.show(layer, id, feature);
}

function close(): void {
  const before = selected?.id;
  selected = null;
  panel.close();
  field.select(null);
  byId('record').hidden = true;
  byId('home').hidden = false;
  remember();
  redraw();
  document.querySelector<HTMLElement>(`.list [data-id="${CSS.escape(before ?? '')}"]`)?.focus();
}

/** The records told at one and the same point, to choose from; null shows again what is in view. */
function gather(features: Feature[] | null): void {
  if (selected) close();
  gathered = features && new Set(features.map((one) => one.id));
  byId('list-title').textContent = features ? t('{n} records at one place', { n: features.length }) : t('Most urgent in view');
  byId('ungather').hidden = !features;
  byId('next').hidden = !!features;
  if (features) sheet.rise();
  redraw();
}

function aim(feature: Feature): void {
  const point = pointOf(feature.geometry);
  if (!point) return;
  sheet.fall();
  map!.setView([point[1], point[0]], Math.max(map!.getZoom(), 14));
}

/** What waits in view, most pressing first. */
function pressing(): Feature[] {
  const box = loader.box(0);
  const out: Feature[] = [];
  const seen = new Set<string>();
  for (const layer of LISTED) {
    if (!filters.layers.includes(layer)) continue;
    for (const one of store.shelf(layer).features.values()) {
      if (!pending(one) || !inside(one, box) || seen.has(one.id)) continue;
      seen.add(one.id);
      out.push(one);
    }
  }
  return out.sort(byPriority);
}

let asked: number | undefined;
/** Once a frame at most, however many answers and changes come in. */
function redraw(): void {
  asked ??= requestAnimationFrame(() => {
    asked = undefined;
    const on = LISTED.filter((layer) => filters.layers.includes(layer));
    const shelves = on.map((layer) => store.shelf(layer));
    const counted = shelves.some((one) => one.cells.length > 0);
    const list = pressing();
    const chosen = gathered && [...gathered].flatMap((id) => store.find(id) ?? []).sort(byPriority);
    for (const code of known) {
      const { health, total } = store.shelf(code);
      bar.count(code, filters.layers.includes(code) && health !== 'waiting' ? total : null, health === 'failed');
    }
    const waiting = shelves.some((one) => one.health === 'waiting');
    if (shelves.every((one) => one.health !== 'waiting')) byId('veil').hidden = true;
    const total = counted ? shelves.reduce((sum, one) => sum + one.total, 0) : list.length;
    const counts: Record<Urgency, number> = { life: 0, high: 0, normal: 0, none: 0 };
    for (const one of list) counts[one.properties.urgency ?? 'none'] += 1;
    drawTally(byId('tally'), counted ? null : counts, total);
    if (byId('home').hidden) return;
    const failed = shelves.some((one) => one.health === 'failed');
    const unlisted = on.filter((layer) => store.counted(layer)).map((layer) => config.layers.find((one) => one.code === layer)?.label ?? layer).join('، ');
    drawList(byId('list'), { features: chosen ?? list, total, counted, failed, waiting, nothingOn: !on.length, unlisted: chosen ? '' : unlisted }, config, (one) => open(one.properties.layer, one));
  });
}

/** The next need down the list; the map follows without losing its zoom. */
function next(step: 1 | -1): void {
  const list = pressing();
  if (!list.length) return toast(t('Nothing waits here. Move the map, or loosen the filters.'));
  const found = list.findIndex((one) => one.id === selected?.id);
  const one = list[found < 0 ? (step > 0 ? 0 : list.length - 1) : (found + step + list.length) % list.length]!;
  const point = pointOf(one.geometry);
  open(one.properties.layer, one);
  if (point && !map!.getBounds().pad(-0.15).contains([point[1], point[0]])) map!.panTo([point[1], point[0]]);
}

const words = new Map<string, () => string | null>();
/** Keep the address true to what one sees, so that a reload, a language switch or a link to a colleague shows the same. */
function remember(): void {
  const centre = map!.getCenter();
  const hash = writeHash({ zoom: map!.getZoom(), lat: centre.lat, lon: centre.wrap().lng });
  const other = loader.emergency === config.emergency ? null : loader.emergency;
  const own = [...words].flatMap(([name, value]): [string, string][] => (value() === null ? [] : [[name, value()!]]));
  history.replaceState(null, '', location.pathname + writeQuery(filters, usual, selected, other, own) + hash);
}

map.on('moveend', () => {
  if (gathered && !selected) gather(null);
  remember();
  loader.load();
  redraw();
});
addEventListener('hashchange', () => {
  const place = readHash(location.hash);
  if (place) map.setView([place.lat, place.lon], place.zoom);
});

const tool = (glyph: string, label: string, act: () => void): HTMLButtonElement =>
  h('button', { type: 'button', class: 'tool', 'aria-label': label, title: label, onclick: act }, icon(glyph));
fill(
  byId('tools'),
  tool(GLYPH.plus, t('Closer'), () => map.zoomIn(1)),
  tool(GLYPH.minus, t('Farther'), () => map.zoomOut(1)),
  tool(GLYPH.locate, t('Where I am'), () => map.locate({ setView: true, maxZoom: 13 })),
);
map.on('locationerror', () => toast(t('This device does not tell where it is'), 'bad'));

const search = byId<HTMLInputElement>('search');
new Search(search, byId('found'), config, {
  *records() {
    for (const code of known) yield* store.shelf(code).features.values();
  },
  emergency: () => loader.emergency,
  show: (layer, feature, id, at) => {
    open(layer, feature, id);
    if (feature) aim(feature);
    else if (at) map.setView(at, Math.max(map.getZoom(), 14));
  },
  only: (category) => live.refilter({ category: [category] }),
  fly: (lat, lon, zoom) => {
    sheet.fall();
    map.setView([lat, lon], zoom);
  },
});
byId('next').addEventListener('click', () => next(1));
byId('ungather').addEventListener('click', () => gather(null));
const refilters: (() => void)[] = [];
const keys: Key[] = [];
const escapes: (() => boolean)[] = [];
const hearing: ((batch: readonly Change[]) => void)[] = [];
listen(
  {
    find: () => {
      if (selected) close();
      sheet.rise();
      search.focus();
    },
    escape: () => {
      if (escapes.some((act) => act())) return;
      if (bar.isOpen) bar.toggle(false);
      else if (selected) close();
      else if (gathered) gather(null);
    },
    next,
    filters: () => bar.toggle(),
  },
  byId<HTMLDialogElement>('keys'),
  keys,
);

const stream = new Stream('/api/stream', {
  changes(batch) {
    loader.mend(batch);
    if (batch.some((change) => panel.concerns(change.id))) void panel.refresh();
    for (const hear of hearing) hear(batch);
  },
  reset() {
    loader.load(true);
    void panel.refresh();
  },
});
stream.start();
runClock(byId('clock'), stream);
byId('clock').addEventListener('click', () => {
  loader.load(true);
  void panel.refresh();
});

function repaint(): void {
  ground.redraw();
  labels.draw();
  field.repaint();
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
addEventListener(CHANGED, repaint);

/** The operations to choose from, when there is more than one. */
async function emergencies(): Promise<void> {
  const pick = byId<HTMLSelectElement>('emergency');
  const { data } = await ask<{ features: { id: string; properties: Record<string, unknown> }[] }>('/api/emergencies');
  const name = (facts: Record<string, unknown>): string => String(facts[`name_${lang()}`] ?? facts['name_fa'] ?? facts['name_en'] ?? '');
  fill(
    pick,
    data.features.length > 1 ? h('option', { value: '' }, t('All emergencies')) : null,
    ...data.features.map((one) => h('option', { value: one.id, selected: one.id === loader.emergency || data.features.length === 1 }, name(one.properties))),
  );
  pick.hidden = !data.features.length;
  pick.addEventListener('change', () => {
    loader.emergency = pick.value || null;
    remember();
    loader.load(true);
  });
}
void emergencies().catch(() => undefined);

const live: Live = {
  map, config, store, loader, field, panel, sheet,
  filters: () => filters,
  refilter: (change) => {
    bar.show({ ...filters, ...change });
    refilter({ ...filters, ...change });
  },
  selected: () => selected,
  open, close, gather, aim, redraw, remember,
  reload: () => loader.load(true),
  inAddress: (name, value) => void words.set(name, value),
  fromAddress: (name) => query.get(name),
  tool: (glyph, label, act) => {
    const button = tool(glyph, label, act);
    byId('tools').append(button);
    return button;
  },
  key: (key) => void keys.push(key),
  onEscape: (act) => void escapes.unshift(act),
  onRefilter: (hear) => void refilters.push(hear),
  onChanges: (hear) => void hearing.push(hear),
  emergency: () => loader.emergency,
};
for (const start of PARTS) void start(live);
const { grounds: own } = config;
if (own?.basemap || own?.relief) void import('./basemapswitch.ts').then(({ groundSwitch }) => groundSwitch(live, own, labels));
serveForms({
  before: (form, body) => ({ ...body, ...Object.fromEntries(['volunteers', 'members'].filter((name) => name in body).map((name) => [name, new FormData(form).getAll(name)])) }),
  after: () => panel.refresh(),
});

loader.load();
void labels.refresh();
redraw();
if (selected) open(selected.layer, null, selected.id);
