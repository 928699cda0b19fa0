import { describe, expect, it } from 'vitest';
import { plain, subjects } from './search.ts';

const labels = { water: 'آب آشامیدنی', food: 'غذا', building_collapsed: 'ساختمان فروریخته', water_rescue: 'نجات از آب' };

describe('what people type', () => {
  it('is one word whatever keyboard wrote it', () => {
    expect(plain('ك۲۳ي')).toBe('ک23ی');
    expect(plain('می\u200cآید')).toBe('میاید');
  });

  it('names subjects by their beginning, then by a word in them', () => {
    expect(subjects(plain('آب'), labels)).toEqual(['water', 'water_rescue']);
    expect(subjects(plain('فرو'), labels)).toEqual(['building_collapsed']);
    expect(subjects(plain('FOO'), labels)).toEqual(['food']);
    expect(subjects(plain('قند'), labels)).toEqual([]);
  });
});
