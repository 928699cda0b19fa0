/** What came with a report that is more than its text: a form's answers, and who sent it. */
import { h } from './dom.ts';
import { digits, lang, t } from './i18n.ts';

/** Answers in words by language, a line each. */
export type Summary = Readonly<Record<string, string>>;

/** A form's answers, a row each, but for those typed in, which stand below with their marks. */
export function formLines(form: Summary, typed: string | null): Node[] {
  const lines = (form[lang()] ?? form['en'] ?? '').split('\n').filter(Boolean);
  const told = lines.map((line) => {
    const at = line.indexOf(': ');
    return at < 0 ? ['', line] : [line.slice(0, at), line.slice(at + 2)];
  });
  const notes = new Set((typed ?? '').split('\n'));
  const shown = told.filter(([, said]) => !notes.has(said!));
  return shown.length ? [h('dl', { class: 'answers' }, ...shown.flatMap(([asked, said]) => [h('dt', {}, asked!), h('dd', { dir: 'auto' }, digits(said!))]))] : [];
}

/** Who a report came from; a field form comes over its team's token, which tells nobody anything. */
export function whoSent(sender: string | null | undefined): HTMLElement {
  if (sender?.startsWith('token:')) return h('span', {}, t('A field team'));
  return sender ? h('bdi', { dir: 'ltr' }, digits(sender)) : h('span', {}, t('Sender unknown'));
}
