import { beforeEach, describe, expect, it } from 'vitest';
import { fit, type Job, type Somebody } from './boardfit.ts';
import { step } from './boardkeys.ts';
import { inWords, moved, type Spot } from './boardmoves.ts';
import { speak } from './i18n.ts';

beforeEach(() => speak('en', {}));

const job = (more: Partial<Job> = {}): Job => ({ code: 'T-1', holderId: null, woman: false, crew: 1, women: 0, skills: [], ...more });
const one = (more: Partial<Somebody> = {}): Somebody => ({ code: 'V-1', id: 'v1', team: null, gender: 'man', can: [], away: null, silent: false, members: 1, women: 0, ...more });
const may = (a: Job, b: Somebody): string => fit(a, b, (skill) => skill).may;

describe('who may be given a task', () => {
  it('refuses what the server would refuse', () => {
    expect(may(job(), one())).toBe('yes');
    expect(may(job({ woman: true }), one())).toBe('no');
    expect(may(job({ woman: true }), one({ gender: 'woman' }))).toBe('yes');
    expect(may(job(), one({ away: 'Resting' }))).toBe('no');
    expect(may(job({ holderId: 'v1' }), one())).toBe('no');
    expect(may(job({ crew: 2 }), one())).toBe('no');
  });

  it('takes a team by its people and its women', () => {
    const team = one({ team: 't1', members: 2, women: 1 });
    expect(may(job({ crew: 2, women: 1 }), team)).toBe('yes');
    expect(may(job({ crew: 3 }), team)).toBe('no');
    expect(may(job({ crew: 2, women: 2 }), team)).toBe('no');
  });

  it('warns where a person may know better', () => {
    expect(may(job({ skills: ['midwifery'] }), one())).toBe('warn');
    expect(may(job({ skills: ['midwifery'] }), one({ can: ['first_aid', 'midwifery'] }))).toBe('yes');
    expect(may(job(), one({ silent: true }))).toBe('warn');
  });
});

describe('keys', () => {
  it('stays on the board, whatever is pressed', () => {
    const grid = [3, 1, 5];
    for (let column = 0; column < grid.length; column++) {
      for (let row = 0; row < grid[column]!; row++) {
        for (const key of ['up', 'down', 'next', 'before', 'first', 'last'] as const) {
          const to = step(grid, { column, row }, key)!;
          expect(to.row).toBeGreaterThanOrEqual(0);
          expect(to.row).toBeLessThan(grid[to.column]!);
        }
      }
    }
    expect(step(grid, { column: 2, row: 4 }, 'before')).toEqual({ column: 1, row: 0 });
    expect(step(grid, null, 'down')).toEqual({ column: 0, row: 0 });
    expect(step([], null, 'down')).toBeNull();
  });
});

describe('what moved', () => {
  const spots = (...of: [string, string, string?][]): Map<string, Spot> => new Map(of.map(([id, column, holder = '']) => [id, { code: id.toUpperCase(), column, holder }]));

  it('tells each move, and many by their number', () => {
    const before = spots(['a', 'Waiting'], ['b', 'Claimed', 'V-1'], ['c', 'Waiting']);
    expect(inWords(before, before)).toEqual([]);
    const after = spots(['a', 'Claimed', 'V-2'], ['b', 'Claimed', 'V-3'], ['c', 'Waiting']);
    expect(moved(before, after)).toEqual(['a', 'b']);
    expect(inWords(before, after)).toEqual(['A: Claimed, V-2', 'B: Claimed, V-3']);
    expect(inWords(before, spots(['a', 'Waiting'], ['b', 'Claimed', 'V-1']))).toEqual(['C has left the board']);
    expect(inWords(before, spots(['d', 'x'], ['e', 'x']))).toEqual(['5 tasks have moved']);
  });
});
