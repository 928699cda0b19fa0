import { describe, expect, it } from 'vitest';
import { Past, type Answer } from './past.ts';
import { fitting } from './replay.ts';

const lines: Answer = {
  kind: 'lines', from: '2026-11-20T00:00:00Z', to: '2026-11-20T01:00:00Z',
  layers: { needs: { id: [0, 1, 0, 1], t: [0, 600, 1800, 3600], category: [0, 0, 0, 0], status: [1, 1, 2, 1], urgency: [3, 3, 3, 3], lon: [48, 49, 48, null], lat: [33, 33, 33, null], ids: ['a', 'b'], words: ['water', 'open', 'met', 'life'] } },
};
const at = (minutes: number): number => Date.parse('2026-11-20T00:00:00Z') + minutes * 60_000;

describe('the past', () => {
  it('is the same picture, sought forwards, backwards or at once', () => {
    const past = new Past(lines);
    const picture = (minutes: number): string[] => {
      past.seek(at(minutes));
      return past.shown('needs').features.map((one) => `${one.id}:${one.properties.status}`).sort();
    };
    const expected: Record<number, string[]> = { 0: ['a:open'], 10: ['a:open', 'b:open'], 30: ['a:met', 'b:open'], 60: ['a:met'] };
    for (const minutes of [0, 10, 30, 60, 30, 0, 60, 10]) expect(picture(minutes)).toEqual(expected[minutes]);
  });

  it('adds cells up step by step and never shows an empty one', () => {
    const past = new Past({ kind: 'cells', from: '2026-11-20T00:00:00Z', to: '2026-11-20T00:59:59Z', level: 9, steps: 60, layers: { needs: [[1, 48, 33, 5, 2], [31, 48, 33, -5, -2], [31, 49, 33, 1, 0]] } });
    past.seek(at(1));
    expect(past.shown('needs')).toEqual({ features: [], total: 5, cells: [{ lon: 48, lat: 33, n: 5, top_urgency: 'life' }] });
    past.seek(at(45));
    expect(past.shown('needs').cells).toEqual([{ lon: 49, lat: 33, n: 1, top_urgency: null }]);
    expect(past.counted).toBe(true);
  });

  it('plays the whole within a minute or so', () => {
    expect([180, 3600, 86_400, 30 * 86_400].map(fitting)).toEqual([10, 60, 3600, 86_400]);
  });

  it('tells when much happened', () => {
    expect(new Past(lines).activity(4)).toEqual([2, 0, 1, 1]);
  });
});
