/** What one looks at, handed on: the address, a file for a stick, sheets of paper, a picture for a message. */
import { fill, h } from '@pages/dom.ts';
import { t } from '@pages/i18n.ts';
import { toast } from '@pages/toast.ts';
import type { Live } from './live.ts';

const SHARE = 'M12 15V4M8 7.500 12 3.500l4 4M6 11H4.500v9h15v-9H18';

export function share(live: Live): void {
  const dialog = h('dialog', { class: 'drawbox', 'aria-label': t('Hand on') });
  document.body.append(dialog);
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());

  const address = (path: string, view: boolean): string => {
    const query = new URLSearchParams({ layers: live.filters().layers.join(',') });
    if (live.emergency()) query.set('emergency', live.emergency()!);
    if (view) query.set('bbox', live.loader.box(0).map((one) => one.toFixed(4)).join(','));
    return `${path}?${query}`;
  };
  const link = (label: string, note: string, path: string, view: boolean, file: boolean): HTMLElement =>
    h('a', { class: 'button share__one', href: address(path, view), ...(file ? { download: '' } : { target: '_blank', rel: 'noopener' }), onclick: () => { toast(t('It is being made: this takes a moment')); dialog.close(); } }, h('b', {}, label), h('small', {}, note));
  const open = (): void => {
    fill(
      dialog,
      h('h2', {}, t('Hand on')),
      h(
        'div',
        { class: 'drawbox__menu' },
        h('button', { type: 'button', class: 'button share__one', onclick: () => void copy() }, h('b', {}, t('The address of this view')), h('small', {}, t('Who may see the map sees the same.'))),
        link(t('One file for a stick'), t('Opens without a server and without a network.'), '/map/stick.html', false, true),
        link(t('This view on a sheet'), 'PDF', '/map/sheet.pdf', true, true),
        link(t('An atlas by district'), 'PDF', '/map/atlas.pdf', false, true),
        link(t('The atlas as a page'), t('Print it from the browser.'), '/map/atlas.html', false, false),
        link(t('A picture for a message'), 'PNG', '/map/picture.png', true, true),
      ),
      h('p', { class: 'field__hint' }, t('Codes and shown points alone: no names, no words. It is on record.')),
      h('button', { type: 'button', class: 'button button--quiet', onclick: () => dialog.close() }, t('Close')),
    );
    dialog.showModal();
  };
  async function copy(): Promise<void> {
    live.remember();
    try {
      await navigator.clipboard.writeText(location.href);
      toast(t('The address is copied'), 'good');
    } catch {
      // Without HTTPS a browser gives no clipboard: the address stands where it can be marked.
      window.prompt(t('The address of this view'), location.href);
    }
    dialog.close();
  }
  live.tool(SHARE, t('Hand on, print'), open);
  live.key({ code: 'KeyS', shown: 's', label: t('Hand on, print'), act: open });
}
