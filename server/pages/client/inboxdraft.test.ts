import { describe, expect, it } from 'vitest';
import { Draft, wholeNumber, type Reading } from './inboxdraft.ts';

const place = { name: 'Poldokhtar', name_fa: 'پلدختر', lat: 33.15, lon: 47.71, accuracy_m: 5000 };
const other = { ...place, name: 'Pol-e Dokhtar', lat: 34 };
const read: Reading = {
  lang: 'fa', kind: 'other', incidents: [], needs: [{ category: 'water', quantity: null, unit: null }], offers: [], people: null, households: 40,
  place, vulnerable: [], urgency: 'none', why: [], candidates: [place, other], state: 'read', by: 'rules', version: 1,
};

describe('a reading being set right', () => {
  it('changes nothing by being looked at, and forgets a change that is taken back', () => {
    const draft = new Draft(read);
    expect([draft.changed, draft.places.length]).toEqual([false, 2]);
    draft.urgency('life');
    draft.set('people', 5);
    expect(draft.changes).toEqual({ urgency: 'life', people: 5 });
    draft.urgency('life');
    draft.set('people', null);
    draft.place({ ...place });
    expect(draft.changed).toBe(false);
  });

  it('makes a report of chatter when something is named, and keeps amounts', () => {
    const draft = new Draft(read);
    draft.need('bedding', true);
    draft.amount('bedding', 60, 'piece');
    draft.need('bedding', true);
    expect(draft.changes).toEqual({
      kind: 'report', urgency: 'normal',
      needs: [{ category: 'water', quantity: null, unit: null }, { category: 'bedding', quantity: 60, unit: 'piece' }],
    });
    draft.need('water', false);
    expect(draft.now.needs.map((one) => one.category)).toEqual(['bedding']);
  });

  it('lets life be taken back where it was read', () => {
    const draft = new Draft({ ...read, urgency: 'life' });
    draft.urgency('life');
    expect(draft.now.urgency).toBe('normal');
  });

  it('offers a chosen place first, then the others', () => {
    const draft = new Draft(read);
    draft.place({ ...place, name: 'Mamulan', lat: 33.4 });
    expect(draft.places.map((one) => one.name)).toEqual(['Mamulan', 'Poldokhtar', 'Pol-e Dokhtar']);
  });
});

describe('numbers', () => {
  it('reads digits of any script', () => {
    expect([wholeNumber(' ۱۲ '), wholeNumber('٤'), wholeNumber('7'), wholeNumber(''), wholeNumber('چند')]).toEqual([12, 4, 7, null, undefined]);
  });
});
