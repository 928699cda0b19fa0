import { beforeEach, describe, expect, it } from 'vitest';
import { digits, num, short, speak, t } from './i18n.ts';
import { ago, clock, dateTime, learnClock, now, span } from './time.ts';

const moment = '2026-03-20T20:30:00Z';

describe('in Persian', () => {
  beforeEach(() => speak('fa', { '{n} min ago': '{n} دقیقه پیش', '{n} s': '{n} ثانیه' }));
  it('days are Jalali, digits Persian, the zone Tehran', () => {
    expect(dateTime(moment)).toBe('۱ فروردین ۱۴۰۵، ۰۰:۰۰');
    expect(clock('2026-11-22T09:05:00Z')).toBe('۱۲:۳۵');
  });
  it('numbers and spans', () => {
    expect(num(1234567)).toBe('۱٬۲۳۴٬۵۶۷');
    expect(short(1250)).toBe('۱٫۳ه');
    expect(digits('N12')).toBe('N۱۲');
    expect(ago('2026-11-22T11:55:00Z', Date.parse('2026-11-22T12:00:00Z'))).toBe('۵ دقیقه پیش');
    expect(span(40)).toBe('۴۰ ثانیه');
  });
});

describe('in English', () => {
  beforeEach(() => speak('en', {}));
  it('days are Gregorian', () => expect(dateTime(moment)).toBe('21 Mar 2026, 00:00'));
  it('values are filled, unknown sentences said as they are', () => expect(t('{a} of {b}', { a: 1, b: 'x' })).toBe('1 of x'));
  it('what is no time is empty', () => expect(dateTime('nonsense')).toBe(''));
});

it('a wrong clock of the device is set right by the server, small differences are left alone', () => {
  const device = Date.parse('2026-11-22T09:00:00Z');
  learnClock('Sun, 22 Nov 2026 12:00:00 GMT', device);
  expect(now() - Date.now()).toBe(3 * 3_600_000);
  learnClock('Sun, 22 Nov 2026 09:00:03 GMT', device);
  expect(now() - Date.now()).toBe(0);
});
