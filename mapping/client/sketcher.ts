/** Drawing a shape by hand: with the mouse, with a finger (the map's middle), or with keys alone. One at a time. */
import { byId, h } from '@pages/dom.ts';
import { num, t } from '@pages/i18n.ts';
import type { Live } from './live.ts';
import { LEAST, metres, squareMetres, type Form, type Spot } from './shapes.ts';

export interface Wish {
  form: Form;
  hint: string;
  done(spots: Spot[]): void;
}

const MOST = 500;
/** How near, in pixels, the first point must be pressed again to close an area. */
const CLOSE_PX = 14;

export class Sketcher {
  private readonly live: Live;
  private wish: Wish | null = null;
  private spots: Spot[] = [];
  private shape: L.Polyline | L.Polygon | null = null;
  private readonly dots: L.CircleMarker[] = [];
  private readonly bar: HTMLElement;
  private readonly hint = h('span', { class: 'pen__hint', 'aria-live': 'polite' });
  private readonly measure = h('output', { class: 'pen__measure' });
  private readonly finish = h('button', { type: 'button', class: 'button button--main', onclick: () => this.end() }, t('Done'));

  constructor(live: Live) {
    this.live = live;
    const button = (label: string, act: () => void): HTMLElement => h('button', { type: 'button', class: 'button', onclick: act }, label);
    this.bar = h(
      'section',
      { class: 'pen', hidden: true, 'aria-label': t('Drawing') },
      this.hint,
      this.measure,
      h('div', { class: 'row' }, button(t('Point at the middle'), () => this.add(this.middle())), button(t('Take one back'), () => this.undo()), this.finish, button(t('Cancel'), () => this.cancel())),
    );
    live.map.getContainer().parentElement!.append(this.bar, h('div', { class: 'pen__cross', 'aria-hidden': 'true' }));
    live.map.on('click', (event) => this.wish && this.add([event.latlng.wrap().lng, event.latlng.lat], event.containerPoint));
    live.map.on('dblclick', () => this.wish && this.end());
    live.onEscape(() => {
      if (!this.wish) return false;
      this.cancel();
      return true;
    });
    document.addEventListener('keydown', (event) => {
      if (!this.wish || (event.target as Element).closest('button, input, select, textarea')) return;
      if (event.key === 'Enter') this.end();
      else if (event.key === ' ') this.add(this.middle());
      else if (event.key === 'Backspace') this.undo();
      else return;
      event.preventDefault();
    });
  }

  get busy(): boolean {
    return this.wish !== null;
  }

  start(wish: Wish): void {
    this.cancel();
    this.wish = wish;
    this.live.sheet.fall();
    this.live.map.doubleClickZoom.disable();
    document.body.classList.add('is-sketching');
    this.hint.textContent = wish.hint;
    this.bar.hidden = false;
    this.draw();
    byId('main').querySelector<HTMLElement>('.folium-map')?.focus();
  }

  cancel(): void {
    this.wish = null;
    this.spots = [];
    this.bar.hidden = true;
    document.body.classList.remove('is-sketching');
    this.live.map.doubleClickZoom.enable();
    this.draw();
  }

  private middle(): Spot {
    const at = this.live.map.getCenter().wrap();
    return [at.lng, at.lat];
  }

  private add(spot: Spot, pixel?: L.Point): void {
    const { wish } = this;
    if (!wish || this.spots.length >= MOST) return;
    const first = this.spots[0];
    if (wish.form === 'Polygon' && pixel && first && this.spots.length >= LEAST.Polygon) {
      const start = this.live.map.latLngToContainerPoint([first[1], first[0]]);
      if (start.distanceTo(pixel) < CLOSE_PX) return this.end();
    }
    const last = this.spots[this.spots.length - 1];
    if (last && last[0] === spot[0] && last[1] === spot[1]) return;
    this.spots.push(spot);
    if (wish.form === 'Point') return this.end();
    this.draw();
  }

  private undo(): void {
    this.spots.pop();
    this.draw();
  }

  private end(): void {
    const { wish, spots } = this;
    if (!wish || spots.length < LEAST[wish.form]) return;
    this.cancel();
    wish.done(spots);
  }

  private draw(): void {
    this.shape?.remove();
    this.shape = null;
    for (const dot of this.dots.splice(0)) dot.remove();
    const { wish, spots } = this;
    if (!wish) return;
    const at = spots.map(([lon, lat]) => [lat, lon] as [number, number]);
    const style: L.PolylineOptions = { pane: 'lines', color: getComputedStyle(document.documentElement).getPropertyValue('--normal').trim(), weight: 3, dashArray: '6 5', interactive: false };
    if (at.length > 1) this.shape = (wish.form === 'Polygon' && at.length > 2 ? L.polygon(at, style) : L.polyline(at, style)).addTo(this.live.map);
    for (const one of at) this.dots.push(L.circleMarker(one, { ...style, radius: 5, fillOpacity: 1, dashArray: '' }).addTo(this.live.map));
    this.finish.toggleAttribute('disabled', spots.length < LEAST[wish.form]);
    this.measure.textContent = said(wish.form, spots);
  }
}

/** How long or how large it is, as a driver would say it. */
function said(form: Form, spots: readonly Spot[]): string {
  if (form === 'Point' || spots.length < LEAST[form]) return '';
  if (form === 'Polygon') {
    const large = squareMetres(spots);
    return large < 1e6 ? t('{n} hectares', { n: num(Math.round(large / 1000) / 10) }) : t('{n} km²', { n: num(Math.round(large / 1e5) / 10) });
  }
  const long = metres(spots);
  return long < 1000 ? t('{n} m', { n: Math.round(long) }) : t('{n} km', { n: num(Math.round(long / 100) / 10) });
}
