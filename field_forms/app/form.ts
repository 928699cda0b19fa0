/** The form itself: Vue and the component, loaded when a form is opened. */
import { createApp, h } from 'vue';
import { OdkWebForm, POST_SUBMIT__NEW_INSTANCE, webFormsPlugin, type Payload } from '@getodk/web-forms';
import { lang } from './lang.ts';
import { locale } from './locale.ts';

export interface Filled {
  xml: File;
  files: readonly File[];
}

export interface Wishes {
  xml: string;
  /** The form's name in the language of the page: an XForm bears one title alone. */
  title: string;
  /** A file of the form by its `jr://…` address. */
  fetch: (name: string) => Promise<Response>;
  /** Complete: true when the server has it and the form may begin anew. */
  done: (filled: Filled) => Promise<boolean>;
}

/** Draw a form; the answer takes it away. */
export function mountForm(host: HTMLElement, wishes: Wishes): () => void {
  const submit = (payload: Payload, answer: (result: Promise<unknown>) => void): void => {
    const [data] = payload.data;
    if (payload.status !== 'ready' || !data) return;
    // Rejected, the form stays as it is; the component asks no reason.
    const next = wishes.done({ xml: data.instanceFile, files: data.attachments });
    void next.then((over) => over && answer(Promise.resolve({ next: POST_SUBMIT__NEW_INSTANCE })));
  };
  const app = createApp({
    render: () =>
      h(OdkWebForm, {
        formXml: spoken(wishes.xml, wishes.title),
        fetchFormAttachment: (resource: URL) => wishes.fetch(decodeURIComponent(resource.pathname.split('/').pop() ?? '')),
        missingResourceBehavior: 'BLANK',
        trackDevice: false,
        onSubmit: submit,
      }),
  });
  app.use(webFormsPlugin);
  const prime = app.config.globalProperties['$primevue'] as { config: { locale: Record<string, unknown> } } | undefined;
  if (prime) Object.assign(prime.config.locale, locale(lang()));
  app.mount(host);
  return () => app.unmount();
}

/** The form with the page's language as its first, where it has it: `فارسی (fa)`, `English (en)`. */
export function spoken(xml: string, title: string): string {
  const wanted = new RegExp(`\\(${lang()}\\)$|^${lang()}$`);
  const form = new DOMParser().parseFromString(xml, 'text/xml');
  const all = [...form.getElementsByTagName('translation')];
  const ours = all.find((one) => wanted.test(one.getAttribute('lang') ?? ''));
  const named = form.getElementsByTagNameNS('*', 'title')[0];
  if (named) named.textContent = title;
  if (ours) {
    for (const one of all) one.removeAttribute('default');
    ours.setAttribute('default', 'true()');
  }
  return new XMLSerializer().serializeToString(form);
}
