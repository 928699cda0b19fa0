import { beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, inOrder, rings, sayAlarm, saySight, wayOf, type Alarm } from './alarmrules.ts';
import { speak } from './i18n.ts';

const alarm = (code: string, more: Partial<Alarm> = {}): Alarm => ({ id: code, code, subject: 's', emergency: null, data: {}, since: '2026-11-22T10:00:00Z', seen: null, ...more });

describe('alarms', () => {
  beforeAll(() => speak('en', {}));

  it('ring only for what kills or loses messages, and only until somebody has seen it', () => {
    expect(['life.unseen', 'spool.full', 'gateway.silent', 'outbox.cap', 'new.kind'].map((code) => rings(alarm(code)))).toEqual([true, true, false, false, false]);
    expect(rings(alarm('life.unseen', { seen: '2026-11-22T10:01:00Z' }))).toBe(false);
  });

  it('stand with the most pressing first, and what was seen last', () => {
    const codes = inOrder([alarm('gateway.silent'), alarm('new.kind'), alarm('life.unseen', { seen: 'x' }), alarm('spool.full')]).map((one) => one.code);
    expect(codes).toEqual(['spool.full', 'gateway.silent', 'new.kind', 'life.unseen']);
  });

  it('are said anew when their count changes or they are seen, and not at each look', () => {
    const one = alarm('life.unseen', { data: { count: 1 } });
    expect(fingerprint([one])).toBe(fingerprint([{ ...one, since: 'later' }]));
    expect(fingerprint([one])).not.toBe(fingerprint([{ ...one, data: { count: 2 } }]));
    expect(fingerprint([one])).not.toBe(fingerprint([{ ...one, seen: 'x' }]));
    const refused = alarm('gateway.refused', { data: { count: 1 } });
    expect(fingerprint([refused])).toBe(fingerprint([{ ...refused, data: { count: 9 } }]));
  });

  it('have words and a way; a strange one shows its code', () => {
    expect(sayAlarm(alarm('spool.filling', { data: { bytes: 80, limit: 100 } }))).toContain('80%');
    expect(sayAlarm(alarm('gateway.silent', { data: { name: 'panel' } }))).toContain('panel');
    expect(sayAlarm(alarm('dam.near_limit'))).toBe('dam near limit');
    const lost = alarm('volunteer.silent', { data: { volunteer: 'V-1', team: 'G-2' } });
    expect(sayAlarm(lost)).toMatch(/G-2.*V-1/);
    expect(sayAlarm(alarm('volunteer.silent', { data: { volunteer: 'V-1', team: null } }))).toContain('V-1');
    expect(wayOf(lost)).toBe('/queue');
    const shut = alarm('forms.no_key', { data: { form: 'house hold', count: 3 } });
    expect(sayAlarm(shut)).toContain('house hold');
    expect(wayOf(shut)).toBe('/forms/house%20hold/submissions');
    expect(wayOf(alarm('life.unseen', { emergency: 'e' }))).toBe('/inbox?show=life&emergency=e');
  });

  it('tell of a database that is away by what the spool says', () => {
    expect(saySight({ state: 'clear' })).toBeNull();
    expect(saySight({ state: 'database', spool: { open: true, share: 0.5, filling: false, records: 3 } })).toMatch(/50%.*3 wait/);
    expect(saySight({ state: 'database', spool: { open: true, share: 1, filling: true } })).toContain('turned away');
    expect(saySight({ state: 'database', spool: null })).toContain('database is away');
    expect(saySight({ state: 'away' })).toContain('cannot be reached');
  });
});
