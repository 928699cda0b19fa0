/**
 * Persian and Arabic digits in number fields.
 *
 * The component's number field looks at each key and drops what is no Latin digit; here the key is given to it anew as one.
 */

const DIGITS = '۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩';
const SIGNS: Readonly<Record<string, string>> = { '٫': '.', '٬': '', '−': '-', '\u200e': '', '\u200f': '' };
const FIELDS = 'input[inputmode="numeric"], input[inputmode="decimal"], input.p-datepicker-input';
const KEYED = 'input.p-inputnumber-input';

/** Persian and Arabic digits and marks of a number as Latin ones; all else as it is. */
export function latin(text: string): string {
  return text.replace(/[۰-۹٠-٩٫٬−\u200e\u200f]/g, (sign) => {
    const at = DIGITS.indexOf(sign);
    return at < 0 ? SIGNS[sign]! : String(at % 10);
  });
}

/** Listen on a page. The component must not have seen the event yet, hence the capture phase. */
export function serveDigits(root: Document): void {
  const field = (event: Event, selector: string): HTMLInputElement | null => {
    const target = event.target;
    return target instanceof HTMLInputElement && target.matches(selector) ? target : null;
  };
  root.addEventListener(
    'keypress',
    (event) => {
      const key = latin(event.key);
      if (key === event.key || !field(event, KEYED)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (key) event.target!.dispatchEvent(new KeyboardEvent('keypress', { key, bubbles: true, cancelable: true }));
    },
    true,
  );
  root.addEventListener(
    'paste',
    (event) => {
      const text = event.clipboardData?.getData('text') ?? '';
      if (latin(text) === text || !field(event, KEYED)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const data = new DataTransfer();
      data.setData('text/plain', latin(text));
      event.target!.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    },
    true,
  );
  const rewrite = (event: Event): void => {
    const input = field(event, FIELDS);
    if (!input || (event as InputEvent).isComposing) return;
    const text = latin(input.value);
    if (text !== input.value) {
      const [at, cut] = [input.selectionStart ?? text.length, input.value.length - text.length];
      input.value = text;
      input.setSelectionRange(at - cut, at - cut);
    }
    // A phone's keyboard sends no keys: the field would read what was typed only when it is left. A sign alone, or a
    // number whose fraction is still to come, is left alone.
    if (input.matches(KEYED) && !/[.-]$/.test(text)) input.dispatchEvent(new FocusEvent('blur'));
  };
  root.addEventListener('input', rewrite, true);
  root.addEventListener('compositionend', rewrite, true);
}
