/** Leaflet's scale bar in the page's own words and digits. */
import { t } from '@pages/i18n.ts';

interface Inner {
  _updateMetric(metres: number): void;
  _getRoundNum(metres: number): number;
  _updateScale(bar: HTMLElement, text: string, share: number): void;
  _mScale: HTMLElement;
}

export function scaleBar(): L.Control.Scale {
  const bar = L.control.scale({ imperial: false, position: 'bottomleft' });
  const inner = bar as unknown as Inner;
  inner._updateMetric = function (this: Inner, longest: number): void {
    const metres = this._getRoundNum(longest);
    const text = metres < 1000 ? t('{n} m', { n: metres }) : t('{n} km', { n: metres / 1000 });
    this._updateScale(this._mScale, text, metres / longest);
  };
  return bar;
}
