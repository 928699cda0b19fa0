/** One voice behind a record. Its words are fetched when somebody opens it, one at a time: each look is written down. */
import { ApiError, ask } from '@pages/api.ts';
import { fill, h, icon } from '@pages/dom.ts';
import { digits, t } from '@pages/i18n.ts';
import { ago, dateTime } from '@pages/time.ts';
import { GLYPH } from './glyphs.ts';
import { codeText, word } from './words.ts';

export interface Link {
  report: string;
  receipt: string;
  at: string;
  channel: string;
  primary?: boolean;
}
interface Span {
  rule: string;
  start: number;
  end: number;
}

/** A voice, closed. `readable` people get a button that opens it. */
export function voice(link: Link, readable: boolean): HTMLElement {
  const body = h('div', { class: 'voice__body', hidden: true });
  const root = h('div', { class: 'voice' });
  const open = readable
    ? h('button', { type: 'button', class: 'button voice__open', 'aria-expanded': 'false', onclick: () => void toggle() }, t('Open the voice'))
    : null;
  root.append(
    icon(GLYPH.speech),
    h(
      'div',
      { class: 'voice__head' },
      h('span', { class: 'line__title' }, word('channel', link.channel), h('span', { class: 'code' }, codeText(link.receipt)), link.primary ? h('span', { class: 'badge badge--brand' }, t('first')) : null),
      h('time', { datetime: link.at, title: dateTime(link.at), class: 'line__under' }, ago(link.at)),
    ),
  );
  if (open) root.append(open);
  root.append(body);

  async function toggle(): Promise<void> {
    if (!open) return;
    const shut = !body.hidden;
    body.hidden = shut;
    open.setAttribute('aria-expanded', String(!shut));
    open.textContent = shut ? t('Open the voice') : t('Close');
    if (shut) {
      delete root.dataset['voiceOpen'];
      fill(body);
      return;
    }
    root.dataset['voiceOpen'] = link.report;
    fill(body, h('p', { class: 'record__none' }, t('Loading')));
    const path = `/api/reports/${encodeURIComponent(link.report)}`;
    try {
      const { data } = await ask<{ properties: Record<string, unknown> }>(path);
      const text = String(data.properties['text'] ?? '');
      const words = h('blockquote', { class: 'voice__text', dir: 'auto' }, text || t('No words came with it.'));
      const sender = data.properties['sender'];
      fill(
        body,
        words,
        h('p', { class: 'voice__who' }, sender ? h('bdi', { dir: 'ltr' }, digits(String(sender))) : t('Sender unknown'), h('span', {}, dateTime(link.at))),
        h('p', { class: 'voice__audit' }, t('That you read this is written in the audit.')),
      );
      const reading = await ask<{ why?: Span[] }>(`${path}/reading`).catch(() => null);
      if (reading?.data.why?.length && text) fill(words, ...marked(text, reading.data.why));
    } catch (error) {
      fill(body, h('p', { class: 'field__error' }, (error as ApiError).message));
    }
  }
  return root;
}

/** A text in pieces, with what the reading went by marked. Offsets count characters, as Python does; overlaps are joined. */
export function marked(text: string, spans: readonly Span[]): (Node | string)[] {
  const letters = Array.from(text);
  const out: (Node | string)[] = [];
  let at = 0;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const from = Math.max(start, at);
    const to = Math.min(end, letters.length);
    if (from >= to) continue;
    if (from > at) out.push(letters.slice(at, from).join(''));
    out.push(h('mark', {}, letters.slice(from, to).join('')));
    at = to;
  }
  if (at < letters.length) out.push(letters.slice(at).join(''));
  return out;
}
