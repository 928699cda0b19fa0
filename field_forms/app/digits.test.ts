import { describe, expect, it } from 'vitest';
import { latin } from './digits.ts';

describe('digits', () => {
  it('takes Persian and Arabic digits alike', () => {
    expect(latin('۰۱۲۳۴۵۶۷۸۹')).toBe('0123456789');
    expect(latin('٠١٢٣٤٥٦٧٨٩')).toBe('0123456789');
  });
  it('takes the marks of a number and drops what only groups or directs', () => {
    expect(latin('−۱٬۲۳۴٫۵')).toBe('-1234.5');
    expect(latin('\u200e۴٢\u200f')).toBe('42');
  });
  it('leaves all else as it is', () => {
    expect(latin('پلاک 12-ب، Vahed')).toBe('پلاک 12-ب، Vahed');
  });
});
