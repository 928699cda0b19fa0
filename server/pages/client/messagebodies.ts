/** From the fields of a form to what the API of text messages takes. Pure; throws an Error with words for a person. */
import type { Body } from './forms.ts';
import { t } from './i18n.ts';

/** Digits of any script as a whole number; `none` for an empty field. */
function whole<T>(raw: unknown, none: T, name: string): number | T {
  const text = String(raw ?? '').replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x6f0)).trim();
  if (!text) return none;
  if (!/^\d{1,8}$/.test(text)) throw new Error(t('{field} is a whole number.', { field: name }));
  return Number(text);
}

/** POST /api/gateways: `settings.X` and `secrets.X` gathered, JSON laid beneath them. */
export function gatewayBody(fields: Body): Body {
  const { settings_json: json, allow, beat, sends, ...rest } = fields;
  const [settings, secrets, plain]: [Body, Body, Body] = [asObject(json), {}, {}];
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith('settings.')) settings[name.slice('settings.'.length)] = value;
    else if (name.startsWith('secrets.')) secrets[name.slice('secrets.'.length)] = value;
    else plain[name] = value;
  }
  const beats = whole(beat, undefined, t('Alarm after so many seconds of silence'));
  return { ...plain, settings, secrets, sends: sends !== undefined, allow_from: String(allow ?? '').split(/[\s,،]+/).filter(Boolean), ...(beats === undefined ? {} : { beat_s: beats }) };
}

/** PATCH /api/gateways/…: an empty limit or watch is none. */
export function gatewayChange(fields: Body): Body {
  const { name, enabled, sends, daily_segments: cap, beat } = fields;
  return {
    name,
    enabled: enabled !== undefined,
    sends: sends !== undefined,
    daily_segments: whole(cap, null, t('Parts a day at most')),
    beat_s: whole(beat, null, t('Alarm after so many seconds of silence')),
  };
}

/** POST /api/duties: hours from now become a moment. */
export function dutyBody(fields: Body, now: number): Body {
  const { hours, mine, ...rest } = fields;
  return { ...rest, mine: mine !== undefined, ...(hours ? { until: new Date(now + Number(hours) * 3_600_000).toISOString() } : {}) };
}

function asObject(json: unknown): Body {
  if (json === undefined) return {};
  try {
    const value: unknown = JSON.parse(String(json));
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Body;
  } catch {
    // Said below, in words.
  }
  throw new Error(t('The settings are no JSON object.'));
}
