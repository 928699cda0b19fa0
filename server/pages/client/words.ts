/** Own words: a phrase is tried on the newest messages before it can be saved; proposals are taken or left. */
import { ApiError, ask } from './api.ts';
import { readConfig, type PageConfig } from './config.ts';
import { chips } from './differences.ts';
import { byId, fill, h } from './dom.ts';
import { follow } from './follow.ts';
import { serveForms, whyNot, type Body } from './forms.ts';
import { t } from './i18n.ts';
import { Living } from './living.ts';
import { placeField } from './places.ts';
import { dateTime } from './time.ts';
import { toast } from './toast.ts';
import { codeText } from '../../../mapping/client/words.ts';
import { marked } from '../../../mapping/client/voice.ts';

const { labels } = readConfig<PageConfig & { labels: Record<string, string> }>();
const label = (code: string): string => labels[code] ?? code;
const living = new Living(byId('live'), { rest: 2000, every: 20_000, busy: () => Boolean(document.querySelector('#live [aria-expanded="true"], #live [aria-busy="true"]')) });
follow(['words', 'reread'], () => living.stir());
serveForms({
  before: (form, body) => ({ out: { active: false }, in: { active: true } })[form.dataset['make'] ?? ''] ?? body,
  after: () => living.refresh(true),
});

interface Tried {
  looked: number;
  matched: number;
  changed: number;
  sealed: number;
  broad: boolean;
  differences: { difference: string; n: number }[];
  examples: { report: string; receipt: string; text: string; marks: { start: number; end: number }[]; difference: string }[];
}

const form = document.querySelector<HTMLFormElement>('#try');
if (form) serveTrying(form);

function serveTrying(form: HTMLFormElement): void {
  const group = form.elements.namedItem('group') as HTMLSelectElement;
  const [save, found, wrong, changing] = [byId<HTMLButtonElement>('save'), byId('found'), byId('wrong'), byId('changing')];
  const place = form.querySelector<HTMLElement>('[data-place]')!;
  let tried: string | null = null;

  const show = (): void => {
    for (const part of form.querySelectorAll<HTMLElement>('[data-for]')) part.hidden = part.dataset['for'] !== group.value;
  };
  /** What stands in the form now; what was tried is saved, nothing else. */
  const wish = (): Body => {
    const data = new FormData(form);
    const given = (name: string): string => String(data.get(name) ?? '').trim();
    return {
      phrase: given('phrase'),
      group: group.value,
      code: group.value === 'alias' ? 'place' : (form.querySelector<HTMLSelectElement>(`[data-code="${group.value}"]`)?.value ?? 'word'),
      ...(group.value === 'alias' && given('place_id') ? { place_id: given('place_id') } : {}),
      ...(given('emergency') ? { emergency: given('emergency') } : {}),
      ...(given('entry') ? { entry: given('entry') } : {}),
    };
  };
  const stale = (): void => {
    save.disabled = tried !== JSON.stringify(wish());
  };
  const refuse = (error: unknown): void => {
    if (!(error instanceof ApiError)) throw error;
    wrong.textContent = whyNot(error);
    wrong.hidden = false;
  };
  const reset = (): void => {
    form.reset();
    for (const name of ['entry', 'version', 'place_id']) (form.elements.namedItem(name) as HTMLInputElement).value = '';
    changing.hidden = true;
    wrong.hidden = true;
    tried = null;
    save.disabled = true;
    fill(found);
    show();
  };

  placeField(place, stale);
  group.addEventListener('change', show);
  form.addEventListener('input', stale);
  form.addEventListener('change', stale);
  byId('not-changing').addEventListener('click', reset);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    delete form.dataset['sent'];
    void attempt();
  });
  save.addEventListener('click', () => void keep());
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-change]');
    if (button) change(JSON.parse(button.dataset['change']!) as Record<string, string>);
  });
  show();

  async function attempt(): Promise<void> {
    const body = wish();
    wrong.hidden = true;
    fill(found, h('p', { class: 'state state--loading' }, t('Trying it on the newest messages')));
    form.setAttribute('aria-busy', 'true');
    try {
      const { data } = await ask<Tried>('/api/words/test', { method: 'POST', body });
      tried = data.broad ? null : JSON.stringify(body);
      fill(found, ...drawTried(data));
    } catch (error) {
      tried = null;
      fill(found);
      refuse(error);
    } finally {
      form.removeAttribute('aria-busy');
      stale();
    }
  }

  async function keep(): Promise<void> {
    const { entry, emergency, ...rest } = wish() as { entry?: string; emergency?: string };
    save.disabled = true;
    try {
      if (entry) await ask(`/api/words/${entry}`, { method: 'PATCH', body: rest, ifMatch: `"${(form.elements.namedItem('version') as HTMLInputElement).value}"` });
      else await ask('/api/words', { method: 'POST', body: { ...rest, ...(emergency ? { emergency } : {}) } });
      toast(t('Saved: it is read by from now on'), 'good');
      reset();
      await living.refresh(true);
    } catch (error) {
      refuse(error);
      stale();
    }
  }

  function change(entry: Record<string, string>): void {
    reset();
    const put = (name: string, value: string): void => {
      (form.elements.namedItem(name) as HTMLInputElement).value = value;
    };
    for (const name of ['phrase', 'group', 'version']) put(name, String(entry[name]));
    put('emergency', entry['emergency'] ?? '');
    put('entry', entry['id']!);
    put('place_id', entry['place'] ?? '');
    place.querySelector<HTMLInputElement>('input[role="combobox"]')!.value = entry['name'] ?? '';
    show();
    const code = form.querySelector<HTMLSelectElement>(`[data-code="${entry['group']}"]`);
    if (code) code.value = entry['code']!;
    changing.hidden = false;
    (form.elements.namedItem('phrase') as HTMLInputElement).focus();
  }
}

function drawTried(tried: Tried): Node[] {
  const { looked, matched, changed, sealed, broad, differences, examples } = tried;
  const out: Node[] = [h('p', {}, h('b', {}, t('Of the {n} newest messages {m} have it; {k} would be read differently.', { n: looked, m: matched, k: changed })))];
  if (broad) out.push(h('p', { class: 'note note--bad', role: 'alert' }, t('Too broad: more than a third have it. Add a word that tells it apart.')));
  if (!matched) out.push(h('p', { class: 'note' }, t('No recent message has it. It can be saved all the same, for those to come.')));
  if (sealed) out.push(h('p', { class: 'note note--warn' }, t('{n} could not be opened on this machine.', { n: sealed })));
  if (differences.length) out.push(h('ul', { class: 'trying__kinds' }, ...differences.map((one) => h('li', {}, h('b', {}, t('{n} reports', { n: one.n })), ' ', ...chips(one.difference, label)))));
  if (examples.length) {
    out.push(
      h('h3', {}, t('Examples')),
      h(
        'ul',
        { class: 'lines lines--cards' },
        ...examples.map((one) =>
          h('li', {}, h('blockquote', { class: 'said', dir: 'auto' }, ...marked(one.text, one.marks.map((span) => ({ rule: 'own', ...span })))), h('p', { class: 'trying__what' }, h('bdi', { class: 'code', dir: 'ltr' }, codeText(one.receipt)), ' ', ...chips(one.difference, label))),
        ),
      ),
      h('p', { class: 'field__hint' }, t('That you read these is written in the audit.')),
    );
  }
  return out;
}

document.addEventListener('click', (event) => {
  const target = event.target as Element;
  const button = target.closest<HTMLButtonElement>('[data-take], [data-leave], [data-look-at], [data-history], [data-one]');
  if (!button || button.hasAttribute('aria-busy')) return;
  if (button.matches('[data-history]')) void unfold(button, button.closest('li')!.querySelector('.entry__history')!, () => history(button.dataset['history']!));
  else if (button.matches('[data-look-at]')) void unfold(button, button.closest('li')!.querySelector('.alike__each')!, () => each(alikeOf(button)));
  else void decide(button);
});

const alikeOf = (button: Element): string => button.closest<HTMLElement>('[data-alike]')!.dataset['alike']!;

async function unfold(button: HTMLButtonElement, box: HTMLElement, load: () => Promise<Node[]>): Promise<void> {
  const open = button.getAttribute('aria-expanded') !== 'true';
  button.setAttribute('aria-expanded', String(open));
  box.hidden = !open;
  fill(box);
  if (!open) return;
  fill(box, h('p', { class: 'state state--loading' }, t('Loading')));
  try {
    fill(box, ...(await load()));
  } catch (error) {
    fill(box, h('p', { class: 'note note--bad', role: 'alert' }, (error as Error).message));
  }
}

interface Version {
  version: number;
  active: boolean;
  phrase: string;
  made_at: string;
}

async function history(id: string): Promise<Node[]> {
  const { data } = await ask<{ items: Version[] }>(`/api/words/${encodeURIComponent(id)}/history`);
  return [h('ol', { class: 'trying__kinds' }, ...data.items.map((one) => h('li', {}, t('Version {n}', { n: one.version }), ': ', h('bdi', {}, one.phrase), one.active ? '' : ` (${t('Taken out')})`, ' · ', dateTime(one.made_at))))];
}

interface Proposal {
  id: string;
  report: string;
  receipt: string;
}

/** The first of a kind: each can be opened in the inbox, taken or left. */
async function each(difference: string): Promise<Node[]> {
  const { data } = await ask<{ items: Proposal[]; next: string | null }>(`/api/reading-proposals?limit=20&difference=${encodeURIComponent(difference)}`);
  const rows = data.items.map((one) =>
    h(
      'li',
      {},
      h('bdi', { class: 'code', dir: 'ltr' }, codeText(one.receipt)),
      h('div', { class: 'row' }, h('button', { type: 'button', class: 'button', 'data-take': true, 'data-one': one.id }, t('Take it')), h('button', { type: 'button', class: 'button button--quiet', 'data-leave': true, 'data-one': one.id }, t('Leave it'))),
    ),
  );
  return [h('ul', { class: 'lines' }, ...rows), ...(data.next ? [h('p', { class: 'field__hint' }, t('The first twenty; the others follow when these are decided.'))] : [])];
}

/** Take or leave one, or all that are alike: these in several requests, so that nobody else has to wait. */
async function decide(button: HTMLButtonElement): Promise<void> {
  const verb = button.matches('[data-take]') ? 'take' : 'leave';
  const one = button.dataset['one'];
  button.setAttribute('aria-busy', 'true');
  const words = button.textContent;
  let [taken, refused] = [0, 0];
  try {
    if (one) await ask(`/api/reading-proposals/${one}/${verb}`, { method: 'POST', body: {} });
    else if (verb === 'leave') await ask('/api/reading-proposals/leave', { method: 'POST', body: { difference: alikeOf(button) } });
    else {
      for (let left = 1; left > 0; ) {
        const { data } = await ask<{ taken: number; refused: number; left_over: number }>('/api/reading-proposals/take', { method: 'POST', body: { difference: alikeOf(button) }, timeoutMs: 60_000 });
        taken += data.taken;
        refused += data.refused;
        left = data.taken + data.refused ? data.left_over : 0;
        button.textContent = t('{n} taken', { n: taken });
      }
    }
    toast(verb === 'leave' ? t('Left as they are') : one ? t('Taken') : t('{n} taken', { n: taken }), 'good');
    if (refused) toast(t('{n} were left: a person has decided about them meanwhile.', { n: refused }));
  } catch (error) {
    toast(whyNot(error as ApiError), 'bad');
  } finally {
    button.removeAttribute('aria-busy');
    button.textContent = words;
  }
  if (one) {
    const row = button.closest('li')!;
    (row.nextElementSibling ?? row.previousElementSibling)?.querySelector('button')?.focus();
    row.remove();
  } else await living.refresh(true);
}
