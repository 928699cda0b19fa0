// @vitest-environment happy-dom
import { beforeEach, expect, it } from 'vitest';
import { speak } from '@pages/i18n.ts';
import { alsoAt, called, type Other } from './presence.ts';

const one = (role: string, open: string | null, centre: string | null = null): Other => ({
  key: role, colour: 0, role, centre: centre ? { fa: centre, en: centre } : null, lon: 48, lat: 33, zoom: 8, open: open ? { layer: 'needs', id: open } : null,
});

beforeEach(() => speak('en', {}));

it('calls colleagues by what they do and where, each once', () => {
  const others = [one('dispatcher', 'n1', 'Mamulan'), one('dispatcher', 'n1', 'Mamulan'), one('coordinator', 'n2'), one('admin', null)];
  expect(called(others[0]!)).toBe('dispatcher · Mamulan');
  expect(alsoAt(others, 'n1')).toEqual(['dispatcher · Mamulan']);
  expect(alsoAt(others, 'n2')).toEqual(['coordinator']);
  expect(alsoAt(others, 'n3')).toEqual([]);
  expect(alsoAt(others, null)).toEqual([]);
});
