import { describe, expect, it } from 'vitest';
import { readFilters, readHash, readSelected, sinceMoment, writeHash, writeQuery } from './view.ts';
import type { LayerCode } from './types.ts';

const known: LayerCode[] = ['needs', 'incidents', 'tasks', 'centres'];
const usual: LayerCode[] = ['needs', 'incidents'];

describe('the hash', () => {
  it('comes back as it was written, to the precision of its zoom', () => {
    const back = readHash(writeHash({ zoom: 12.5, lat: 33.48812, lon: 48.35591 }))!;
    expect(back.zoom).toBe(12.5);
    expect(back.lat).toBeCloseTo(33.4881, 3);
    expect(back.lon).toBeCloseTo(48.3559, 3);
  });
  it.each(['', '#', '#8/33', '#8/91/0', '#8/0/181', '#x/1/1', '#8//48', '#-1/0/0', '#8/1/2/3'])('refuses %s', (hash) => {
    expect(readHash(hash)).toBeNull();
  });
});

describe('the query', () => {
  it('comes back as it was written', () => {
    const filters = { layers: ['needs', 'tasks'] as LayerCode[], status: ['open'], category: ['water', 'food'], since: '6h' as const };
    const selected = { layer: 'needs' as LayerCode, id: '0199a000-0000-7000-8000-000000000001' };
    const text = writeQuery(filters, usual, selected);
    const query = new URLSearchParams(text);
    expect(readFilters(query, known, usual)).toEqual(filters);
    expect(readSelected(query, known)).toEqual(selected);
  });
  it('is empty for the usual view', () => {
    expect(writeQuery(readFilters(new URLSearchParams(), known, usual), usual, null)).toBe('');
  });
  it('leaves out what it does not know, and keeps "no layer at all"', () => {
    const query = new URLSearchParams('layers=needs,volunteers,<b>&since=9h&status=open,<script>');
    expect(readFilters(query, known, usual)).toEqual({ layers: ['needs'], status: ['open'], category: [], since: 'all' });
    expect(readFilters(new URLSearchParams('layers='), known, usual).layers).toEqual([]);
    expect(readSelected(new URLSearchParams('open=secrets:1'), known)).toBeNull();
    expect(readSelected(new URLSearchParams('open=needs:../../x'), known)).toBeNull();
  });
});

it('a span begins on a whole minute', () => {
  const now = Date.parse('2026-11-22T12:34:56Z');
  expect(sinceMoment('6h', now)).toBe('2026-11-22T06:34:00.000Z');
  expect(sinceMoment('all', now)).toBeNull();
});
