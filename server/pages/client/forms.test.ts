// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { ApiError } from './api.ts';
import { bodyOf, whyNot } from './forms.ts';

describe('a form as JSON', () => {
  it('makes numbers where the name says so, and leaves empty fields out', () => {
    const data = new FormData();
    for (const [key, value] of [['fence:int', '7'], ['lat:number', '33.5'], ['reason', 'unsafe'], ['note', '  '], ['volunteer', '']] as const) data.append(key, value);
    expect(bodyOf(data)).toEqual({ fence: 7, lat: 33.5, reason: 'unsafe' });
  });

  it('gathers what was handed over, zero included', () => {
    const data = new FormData();
    data.append('delivered.item-a', '0');
    data.append('delivered.item-b', '2.5');
    expect(bodyOf(data)).toEqual({ delivered: [{ item: 'item-a', quantity: 0 }, { item: 'item-b', quantity: 2.5 }] });
  });
});

describe('what was loaded', () => {
  it('is told when the form asks for it, even when nothing was there', () => {
    const data = new FormData();
    data.append('loaded.item-a.centre-a', '30');
    data.append('loaded.item-a.centre-b', '0');
    expect(bodyOf(data)).toEqual({ loaded: [{ item: 'item-a', centre: 'centre-a', quantity: 30 }] });
    data.set('loaded.item-a.centre-a', '0');
    expect(bodyOf(data)).toEqual({ loaded: [] });
  });
});

describe('a refusal in words', () => {
  it('names the fields that are wrong', () => {
    const error = new ApiError(422, 'invalid', 'Some fields are wrong.', { errors: [{ field: 'code', message: 'too short' }] });
    expect(whyNot(error)).toBe('Some fields are wrong. code: too short');
  });

  it('says that nothing was sent when no answer came', () => {
    expect(whyNot(new ApiError(0, 'network', 'x'))).toMatch(/^Not sent/);
  });
});
