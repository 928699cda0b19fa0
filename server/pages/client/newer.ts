/** Which lines of a list have come since the newest one that a page shows. */
export interface Line {
  id: string;
}

/** How many stand before the newest shown; none for a page that does not show the newest, or shows none of these. */
export function newer(items: readonly Line[], newest: string): number {
  if (!newest) return 0;
  const at = items.findIndex((one) => one.id === newest);
  return at < 0 ? items.length : at;
}
