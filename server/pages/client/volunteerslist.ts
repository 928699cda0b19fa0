/** People from a file: first what would become of each row, then, with a second press, the same in earnest. */
import { lang, num, t } from './i18n.ts';
import { byId, fill, h } from './dom.ts';

interface Told {
  rows: number;
  imported: number;
  known: number;
  set_aside: number;
  ignored?: string[];
  reasons: { row: number; code: string; fa: string; en: string }[];
}

const SHOWN = 50;

/** Serve the form of lists, if the reader has one; `taken` is called when people were brought in. */
export function serveLists(taken: () => Promise<void>): void {
  const form = document.getElementById('take-in') as HTMLFormElement | null;
  if (!form) return;
  const fault = form.querySelector<HTMLElement>('.form__error')!;
  const told = byId('taken');
  form.addEventListener('change', () => fill(told));

  const send = async (preview: boolean): Promise<void> => {
    const data = new FormData(form);
    const file = data.get('file');
    if (!(file instanceof File) || !file.size) return;
    fault.hidden = true;
    form.setAttribute('aria-busy', 'true');
    try {
      const found = await post(file, String(data.get('centre') ?? ''), preview);
      fill(told, ...words(found, preview, () => void send(false)));
      if (!preview) {
        form.reset();
        await taken();
      }
    } catch (error) {
      fault.textContent = error instanceof Refused ? error.message : t('Not sent: the server cannot be reached. Try again when the network is back.');
      fault.hidden = false;
    } finally {
      form.removeAttribute('aria-busy');
      delete form.dataset['sent'];
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(true);
  });
}

class Refused extends Error {}

async function post(file: File, centre: string, preview: boolean): Promise<Told> {
  const asked = new URLSearchParams({ preview: String(preview), ...(centre ? { centre } : {}) });
  const answer = await fetch(`/api/volunteers/import?${asked}`, {
    method: 'POST',
    body: file,
    headers: { Accept: 'application/json', 'Accept-Language': lang(), 'Content-Type': 'application/octet-stream' },
    signal: AbortSignal.timeout(120_000),
  });
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  if (answer.ok) return body as unknown as Told;
  throw new Refused(String(body[`title_${lang()}`] ?? body['title'] ?? t('The server answered with error {status}', { status: String(answer.status) })));
}

function words(found: Told, preview: boolean, go: () => void): Node[] {
  const facts = h(
    'dl',
    { class: 'facts' },
    ...[
      [t('Rows'), found.rows],
      [preview ? t('Would be new') : t('New'), found.imported],
      [t('Known already'), found.known],
      [t('Set aside'), found.set_aside],
    ].flatMap(([name, n]) => [h('dt', {}, String(name)), h('dd', {}, num(Number(n)))]),
  );
  const why = found.reasons.slice(0, SHOWN).map((one) => h('li', {}, t('row {n}', { n: num(one.row) }), ': ', lang() === 'fa' ? one.fa : one.en));
  const title = preview ? t('What would become of the file') : t('What became of the file');
  const parts: Node[] = [h('h3', {}, title), facts];
  if (found.ignored?.length) parts.push(h('p', { class: 'note' }, t('Columns that nobody reads: {names}', { names: found.ignored.join(', ') })));
  if (why.length) parts.push(h('ul', { class: 'lines' }, ...why));
  if (found.reasons.length > SHOWN) parts.push(h('p', { class: 'nothing' }, t('{n} more rows are set aside.', { n: num(found.reasons.length - SHOWN) })));
  if (preview && found.imported) {
    const button = h('button', { type: 'button', class: 'button button--main' }, t('Take {n} people in', { n: num(found.imported) }));
    button.addEventListener('click', go);
    parts.push(button);
  } else if (preview) {
    parts.push(h('p', { class: 'note' }, t('Nobody in it is new.')));
  } else {
    parts.push(h('p', { class: 'note note--good', role: 'status' }, t('They are in the list now.')));
  }
  return parts;
}
