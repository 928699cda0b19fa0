import { describe, expect, it } from 'vitest';
import { dutyBody, gatewayBody, gatewayChange } from './messagebodies.ts';

describe('what forms of text messages send', () => {
  it('gathers settings and secrets, and leaves what is not said to the server', () => {
    const body = gatewayBody({ kind: 'generic', name: 'panel', way: 'path', settings_json: '{"map": {"from": "a"}}', 'settings.from': '3000', 'secrets.api_key': 'k', allow: '203.0.113.0/24، 198.51.100.7', sends: '1' });
    expect(body).toEqual({ kind: 'generic', name: 'panel', way: 'path', settings: { map: { from: 'a' }, from: '3000' }, secrets: { api_key: 'k' }, sends: true, allow_from: ['203.0.113.0/24', '198.51.100.7'] });
    expect(gatewayBody({ kind: 'android', name: 'x', beat: '۶۰' })['beat_s']).toBe(60);
    expect(() => gatewayBody({ settings_json: '[1]' })).toThrow('no JSON object');
    expect(() => gatewayBody({ beat: 'soon' })).toThrow('whole number');
  });

  it('an empty limit is none, an empty box is no', () => {
    expect(gatewayChange({ name: 'x' })).toEqual({ name: 'x', enabled: false, sends: false, daily_segments: null, beat_s: null });
    expect(gatewayChange({ name: 'x', enabled: '1', daily_segments: '0', beat: '40' })).toEqual({ name: 'x', enabled: true, sends: false, daily_segments: 0, beat_s: 40 });
  });

  it('hours become a moment', () => {
    expect(dutyBody({ number: '0912', label: 'night', hours: '8', mine: '1' }, 0)).toEqual({ number: '0912', label: 'night', mine: true, until: '1970-01-01T08:00:00.000Z' });
    expect(dutyBody({ number: '0912', label: 'night' }, 0)).toEqual({ number: '0912', label: 'night', mine: false });
  });
});
