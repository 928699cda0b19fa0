/**
 * Making one part of a page like another without losing what a person is doing in it: the focus, an open fold, a half-written
 * field, words that were opened. Children meet by id, else by their place and tag.
 *
 * An element with `data-own` belongs to the page's module: neither its children nor whether it is hidden are touched.
 */

/** Make `from` like `to`: attributes and children. `to` is used up. */
export function morph(from: Element, to: Element): void {
  attributes(from, to);
  if (from.hasAttribute('data-own')) return;
  children(from, to);
}

const KEPT: Readonly<Record<string, readonly string[]>> = {
  DETAILS: ['open'],
  DIALOG: ['open'],
  BUTTON: ['aria-expanded'],
  INPUT: ['value', 'checked'],
};

function attributes(from: Element, to: Element): void {
  const kept = new Set(KEPT[from.tagName] ?? []);
  // A fence or a key is no person's word: it follows the server.
  if (from.tagName === 'INPUT' && from.getAttribute('type') === 'hidden') kept.clear();
  if (from.hasAttribute('data-own')) kept.add('hidden');
  for (const name of from.getAttributeNames()) if (!to.hasAttribute(name) && !kept.has(name)) from.removeAttribute(name);
  for (const name of to.getAttributeNames()) {
    const value = to.getAttribute(name)!;
    if (!kept.has(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

function children(from: Element, to: Element): void {
  const known = new Map<string, Element>();
  for (const child of from.children) if (child.id) known.set(child.id, child);
  let at: ChildNode | null = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const match = partner(wanted, at, known);
    if (match) {
      if (match === at) at = at.nextSibling;
      else from.insertBefore(match, at);
      if (match instanceof Element) morph(match, wanted as Element);
      else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
    } else {
      from.insertBefore(wanted, at);
    }
  }
  while (at) {
    const next: ChildNode | null = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** The node that shall become `wanted`: the one of its id, else the next one if that has none and is of its kind. */
function partner(wanted: ChildNode, at: ChildNode | null, known: Map<string, Element>): ChildNode | null {
  if (wanted instanceof Element && wanted.id) {
    const same = known.get(wanted.id);
    return same && same.tagName === wanted.tagName ? same : null;
  }
  if (!at || at.nodeType !== wanted.nodeType) return null;
  if (at instanceof Element) return !at.id && at.tagName === (wanted as Element).tagName ? at : null;
  return at;
}
