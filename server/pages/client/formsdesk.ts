/** Forms: a file checked with every problem in its cell, drafts published to a scope, a team's phone set up by a QR code. */
import { ApiError, ask } from './api.ts';
import { byId, fill, h } from './dom.ts';
import { serveForms, whyNot } from './forms.ts';
import { lang, num, t } from './i18n.ts';
import { Living } from './living.ts';
import { toast } from './toast.ts';

interface Told {
  sheet?: string | null;
  row?: number | null;
  column?: string | null;
  code: string;
  message_en: string;
  message_fa: string;
}
interface Kept {
  id: string;
  form_id: string;
  version: string;
  known: boolean;
  state?: string;
  warnings: Told[];
  missing_files: string[];
}
/** A team's phone as the server sets it up: its QR for Collect, its link for a browser. */
interface Lent {
  svg: string;
  link: string;
}
interface Whole {
  tied: number;
  questions: { path: string; label: Record<string, string>; role: string | null }[];
}

const LARGEST = 20_000_000;
const living = new Living(byId('live'), { rest: 2000, every: 30_000 });
const checked = byId('checked');

/** The emergency and centre chosen in a form, those left empty left out. */
function scopeOf(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries([...new FormData(form)].filter(([name, value]) => ['emergency', 'centre'].includes(name) && value !== '')) as Record<string, string>;
}

serveForms({
  before: (form, body) => {
    const make = form.dataset['make'];
    if (make === 'publish') return { state: 'published', ...scopeOf(byId<HTMLFormElement>('scope')) };
    return make === 'archive' ? { state: 'archived' } : body;
  },
  after: () => living.refresh(true),
});

const input = document.querySelector<HTMLInputElement>('#upload [type=file]')!;
const drop = byId('drop');
input.addEventListener('change', () => input.files?.[0] && void upload(input.files[0]));
for (const name of ['dragover', 'dragleave', 'drop'] as const) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle('formdesk__drop--over', name === 'dragover');
    const file = event.dataTransfer?.files[0];
    if (name === 'drop' && file) void upload(file);
  });
}
document.addEventListener('change', (event) => {
  const field = (event.target as Element).closest<HTMLInputElement>('[data-media]');
  if (field?.files?.[0]) void addMedia(field, field.files[0]);
});
document.querySelector<HTMLFormElement>('#phone')?.addEventListener('submit', (event) => {
  event.preventDefault();
  void lend(event.target as HTMLFormElement);
});

/** Send bytes as they are; the answer's JSON, or an `ApiError` as `ask` throws it. */
async function put<T>(method: string, path: string, file: File): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { method, body: file, headers: { 'Content-Type': file.type || 'application/octet-stream' } });
  } catch {
    throw new ApiError(0, 'network', t('The server cannot be reached'));
  }
  const data = (await answer.json().catch(() => ({}))) as T & Record<string, unknown>;
  if (answer.ok) return data;
  const said = data[`title_${lang()}`] ?? data[`detail_${lang()}`] ?? data['detail'] ?? data['title'];
  throw new ApiError(answer.status, String(data['code'] ?? answer.status), typeof said === 'string' ? said : t('The server answered with error {status}', { status: String(answer.status) }), data);
}

async function upload(file: File): Promise<void> {
  const [, stem = file.name, ending = ''] = /^(.*?)(\.[a-z]+)$/i.exec(file.name) ?? [];
  input.value = '';
  if (file.size > LARGEST) return refuse(t('The file is larger than 20 MB.'), []);
  fill(checked, h('p', { class: 'state state--loading', role: 'status' }, t('Checking {name}', { name: file.name }), h('progress', {})));
  const query = new URLSearchParams({ file_type: ending.toLowerCase(), stem: stem.slice(0, 100), draft: 'true', ...scopeOf(byId<HTMLFormElement>('scope')) });
  try {
    const kept = await put<Kept>('POST', `/api/forms?${query}`, file);
    const { data } = await ask<Whole>(`/api/form-versions/${kept.id}`);
    fill(checked, ...drawKept(kept, data));
    await living.refresh(true);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const extra = error.body['problems'] ?? (error.body['extra'] as Record<string, unknown> | undefined)?.['problems'];
    refuse(error.message, Array.isArray(extra) ? (extra as Told[]) : []);
  }
}

function refuse(why: string, problems: readonly Told[]): void {
  fill(checked, h('p', { class: 'state state--error', role: 'alert' }, problems.length ? t('{n} problems: put them right in the file and put it here again.', { n: problems.length }) : why), table(problems));
}

/** Each problem in its cell, in the page's language with the other beneath. */
function table(problems: readonly Told[]): HTMLElement | null {
  if (!problems.length) return null;
  const head = [t('Sheet'), t('Row'), t('Column'), t('What is wrong')].map((one) => h('th', { scope: 'col' }, one));
  const lines = problems.map((one) => {
    const [first, second] = lang() === 'fa' ? [one.message_fa, one.message_en] : [one.message_en, one.message_fa];
    return h('tr', {},
      h('td', {}, h('bdi', {}, one.sheet ?? '–')),
      h('td', {}, one.row ? num(one.row, { useGrouping: false }) : '–'),
      h('td', {}, h('bdi', {}, one.column ?? '–')),
      h('td', {}, h('span', {}, first), h('span', { class: 'meta', dir: 'auto', lang: lang() === 'fa' ? 'en' : 'fa' }, second)));
  });
  return h('div', { class: 'scroll-x' }, h('table', { class: 'table formdesk__problems' }, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...lines)));
}

function drawKept(kept: Kept, whole: Whole): (HTMLElement | null)[] {
  const said = (one: Whole['questions'][number]): string => one.label[lang()] ?? one.label[''] ?? Object.values(one.label)[0] ?? one.path.split('/').pop()!;
  const list = (tied: boolean): HTMLElement[] =>
    whole.questions.filter((one) => Boolean(one.role) === tied).map((one) => h('li', {}, h('bdi', {}, said(one)), one.role ? ' ' : null, one.role ? h('bdi', { class: 'code', dir: 'ltr' }, one.role) : null));
  return [
    h('p', { class: 'note note--good', role: 'status' }, kept.known ? t('This version is here already, unchanged.') : t('No problems. It is kept as a draft.')),
    kept.missing_files.length ? h('p', { class: 'note note--warn' }, t('It still needs these files: {names}', { names: kept.missing_files.join('، ') })) : null,
    kept.warnings.length ? h('h3', {}, t('Warnings')) : null,
    table(kept.warnings),
    h('details', { class: 'fold' }, h('summary', {}, t('Tied to incidents, needs and stock: {n}', { n: whole.tied })), h('ul', {}, ...list(true))),
    h('details', { class: 'fold' }, h('summary', {}, t('Kept with the submission only: {n}', { n: whole.questions.length - whole.tied })), h('ul', {}, ...list(false))),
    kept.state === 'draft' ? h('p', {}, h('a', { class: 'button', target: '_blank', rel: 'noopener', href: `/field/${encodeURIComponent(kept.form_id)}?draft=${encodeURIComponent(kept.version)}` }, t('Preview'))) : null,
  ];
}

async function addMedia(field: HTMLInputElement, file: File): Promise<void> {
  try {
    await put('PUT', `/api/form-versions/${field.dataset['media']}/media/${encodeURIComponent(field.dataset['name']!)}`, file);
    toast(t('The file is here'), 'good');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(whyNot(error), 'bad');
  }
  await living.refresh(true);
}

async function lend(form: HTMLFormElement): Promise<void> {
  const fault = form.querySelector<HTMLElement>('.form__error')!;
  const name = String(new FormData(form).get('name') ?? '').trim();
  fault.hidden = name !== '';
  fault.textContent = t('The team needs a name.');
  if (!name) return;
  try {
    const { data } = await ask<Lent>('/api/forms/phones', { method: 'POST', body: { name, lang: lang(), ...scopeOf(form) } });
    fill(byId('sheet'), ...sheet(name, data));
    form.reset();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    fault.textContent = whyNot(error);
    fault.hidden = false;
  }
}

function sheet(name: string, lent: Lent): HTMLElement[] {
  const picture = new DOMParser().parseFromString(lent.svg, 'image/svg+xml').documentElement;
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', t('QR code for the Collect app'));
  const steps = (texts: readonly string[], of: string): HTMLElement => h('ol', { lang: of, dir: of === 'fa' ? 'rtl' : 'ltr' }, ...texts.map((one) => h('li', {}, one)));
  return [
    h('h3', {}, h('bdi', {}, name)),
    h('div', { class: 'formdesk__qr' }, picture),
    steps(['برنامهٔ ODK Collect را نصب و باز کنید.', 'در آغاز «پیکربندی با کد QR» را بزنید؛ اگر برنامه پیش‌تر در کار بوده است، روی نشان پروژه و سپس «افزودن پروژه» بزنید.', 'این کد را اسکن کنید. فرم‌ها خودشان می‌آیند و بی‌شبکه هم پر می‌شوند.'], 'fa'),
    steps(['Install ODK Collect and open it.', 'Tap “Configure with QR code”; if the app is in use already, tap the project icon, then “Add project”.', 'Scan this code. The forms come by themselves and can be filled in without a network.'], 'en'),
    h('p', {}, t('Or in a browser, without the app:')),
    h('p', {}, h('input', { class: 'input formdesk__link', readonly: true, dir: 'ltr', value: lent.link, 'aria-label': t('Link for a browser') })),
    h('p', { class: 'note note--warn' }, t('Whoever has this sheet can send forms in the name of the team. It is not shown again.')),
    h('button', { type: 'button', class: 'button', onclick: () => print() }, t('Print this sheet')),
  ];
}
