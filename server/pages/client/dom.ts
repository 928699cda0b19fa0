/** Building elements without ever parsing text as HTML: what a person wrote can only become text. */

type Child = Node | string | number | null | undefined | false;
type Props = Readonly<Record<string, unknown>>;

/** An element with properties and children. `on…` keys are listeners, `class` and `data-…`/`aria-…` attributes; false and null are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith('on') && typeof value === 'function') element.addEventListener(key.slice(2), value as EventListener);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...kept(children));
  return element;
}

/** Replace everything inside an element. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...kept(children));
}

function kept(children: Child[]): (Node | string)[] {
  return children
    .filter((one): one is Node | string | number => one !== null && one !== undefined && one !== false)
    .map((one) => (typeof one === 'number' ? String(one) : one));
}

const SVG = 'http://www.w3.org/2000/svg';

/** A small picture from path data (24 × 24), stroked with the text's colour and silent for screen readers. */
export function icon(paths: string, extra = ''): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon ${extra}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', paths);
  svg.append(path);
  return svg;
}

/** The element with that id; an error that names it when the page lacks it. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}
