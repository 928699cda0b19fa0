/** What moved on the board between two looks, in words for who listens instead of looking. Pure. */
import { t } from './i18n.ts';

export interface Spot {
  code: string;
  /** The column's name in words. */
  column: string;
  holder: string;
}

/** Card id → where it stands. */
export type Board = ReadonlyMap<string, Spot>;

/** More moves than this at once are told by their number. */
const MOST = 3;

export function standing(root: ParentNode): Map<string, Spot> {
  const found = new Map<string, Spot>();
  for (const column of root.querySelectorAll<HTMLElement>('[data-column]')) {
    for (const card of column.querySelectorAll<HTMLElement>('.task')) {
      found.set(card.id, { code: card.dataset['code'] ?? '', column: column.dataset['column'] ?? '', holder: card.dataset['holder'] ?? '' });
    }
  }
  return found;
}

/** The ids of cards that are new on the board, stand elsewhere, or changed hands. */
export function moved(before: Board, after: Board): string[] {
  return [...after].filter(([id, spot]) => {
    const was = before.get(id);
    return !was || was.column !== spot.column || (spot.holder !== '' && was.holder !== spot.holder);
  }).map(([id]) => id);
}

export function inWords(before: Board, after: Board): string[] {
  const said = moved(before, after).map((id) => {
    const { code, column, holder } = after.get(id)!;
    return holder ? t('{task}: {column}, {who}', { task: code, column, who: holder }) : t('{task}: {column}', { task: code, column });
  });
  for (const [id, spot] of before) if (!after.has(id)) said.push(t('{task} has left the board', { task: spot.code }));
  return said.length > MOST ? [t('{n} tasks have moved', { n: said.length })] : said;
}
