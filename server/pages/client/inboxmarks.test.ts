import { describe, expect, it } from 'vitest';
import { chief, directionOf, familyOf, pieces } from './inboxmarks.ts';

const whole = (text: string, spans: Parameters<typeof pieces>[1]): string => pieces(text, spans).map((one) => one.text).join('');

describe('pieces of a text', () => {
  it('cuts at characters, not at UTF-16 units, and loses nothing', () => {
    const text = '🏚️ خانه‌مان خراب شد 😢 help';
    const at = Array.from(text).indexOf('خ');
    const found = pieces(text, [{ rule: 'incident.building_collapsed', start: at, end: at + 4 }]);
    expect(found.find((one) => one.rules.length)?.text).toBe('خانه');
    expect(whole(text, [{ rule: 'x', start: at, end: at + 4 }])).toBe(text);
  });

  it('keeps every rule where marks lie over each other', () => {
    const found = pieces('abcdef', [
      { rule: 'need.water', start: 0, end: 4 },
      { rule: 'incident.fire', start: 2, end: 6 },
      { rule: 'need.water', start: 0, end: 4 },
    ]);
    expect(found).toEqual([
      { text: 'ab', rules: ['need.water'] },
      { text: 'cd', rules: ['need.water', 'incident.fire'] },
      { text: 'ef', rules: ['incident.fire'] },
    ]);
    expect(chief(found[1]!.rules)).toBe('incident');
  });

  it('stays whole whatever offsets come', () => {
    const text = 'آب نداریم';
    for (const span of [{ start: -3, end: 2 }, { start: 5, end: 400 }, { start: 6, end: 2 }, { start: 90, end: 99 }, { start: 1.5, end: 3.7 }]) {
      expect(whole(text, [{ rule: 'r', ...span }])).toBe(text);
    }
    expect(pieces('', [{ rule: 'r', start: 0, end: 1 }])).toEqual([]);
  });
});

describe('families of rules', () => {
  it('tells what a mark is about', () => {
    expect(['signal.vulnerable_child', 'vulnerable.child', 'place.fuzzy', 'quantity', 'households.count', 'signal.life', 'signal.negator', 'own.ordinary'].map(familyOf)).toEqual([
      'vulnerable', 'vulnerable', 'place', 'need', 'people', 'life', 'sense', 'sense',
    ]);
  });
});

describe('the direction of a message', () => {
  it('goes by most of its letters', () => {
    expect(['bridge e Likak دیگه نیست، مریض قلبی داریم', 'آب نداریم', 'need water in پلدختر please, many people', 'ab nadarim', '۱۲', ''].map(directionOf)).toEqual(['rtl', 'rtl', 'ltr', 'ltr', 'rtl', 'ltr']);
  });
});
