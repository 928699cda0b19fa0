/** What the browser form says itself, in Persian and English. The page is login-free and small: it brings its own words. */
import { lang, persianDigits } from './lang.ts';

const WORDS = {
  forms: ['فرم‌ها', 'Forms'],
  forms_hint: ['یکی را برگزینید، پر کنید و بفرستید.', 'Choose one, fill it in and send it.'],
  loading: ['باز می‌شود…', 'Opening…'],
  loading_form: ['فرم باز می‌شود؛ بار نخست روی شبکهٔ کند کمی زمان می‌برد.', 'Opening the form; the first time takes a moment on a slow network.'],
  none: ['برای این پیوند هنوز فرمی منتشر نشده است.', 'No form has been published for this link yet.'],
  version: ['نسخهٔ {n}', 'version {n}'],
  back: ['همهٔ فرم‌ها', 'All forms'],
  no_link: ['این صفحه با پیوندی باز می‌شود که مرکز به شما داده است. پیوند را دوباره از همان پیام باز کنید.', 'This page opens with the link that your centre gave you. Open the link from that message again.'],
  link_over: ['این پیوند دیگر کار نمی‌کند. از مرکز پیوند تازه بخواهید.', 'This link no longer works. Ask your centre for a new one.'],
  not_allowed: ['این پیوند اجازهٔ این فرم را ندارد.', 'This link may not use this form.'],
  gone: ['این فرم دیگر در دست نیست؛ شاید بسته شده باشد.', 'This form is no longer offered; it may have been closed.'],
  offline: ['به سرور نمی‌رسیم. شبکه را بررسی کنید.', 'The server cannot be reached. Check the network.'],
  server: ['سرور پاسخ درستی نداد ({n}). کمی بعد دوباره بکوشید.', 'The server did not answer well ({n}). Try again in a moment.'],
  again: ['دوباره', 'Try again'],
  encrypted: ['پاسخ‌های این فرم باید رمز شود و این کار در مرورگر شدنی نیست. آن را با برنامهٔ ODK Collect پر کنید.', 'The answers of this form must be encrypted, which a browser cannot do. Fill it in with the ODK Collect app.'],
  unreadable: ['این فرم در مرورگر باز نمی‌شود. آن را با برنامهٔ ODK Collect پر کنید.', 'This form cannot be opened in a browser. Fill it in with the ODK Collect app.'],
  preview: ['پیش‌نمایش: چیزی فرستاده نمی‌شود.', 'Preview: nothing is sent.'],
  preview_sent: ['فرم کامل است. در پیش‌نمایش چیزی فرستاده نمی‌شود.', 'The form is complete. A preview sends nothing.'],
  sending: ['فرستاده می‌شود…', 'Sending…'],
  sending_part: ['بخش {n} از {all} فرستاده می‌شود…', 'Sending part {n} of {all}…'],
  sent: ['رسید', 'Received'],
  not_sent: ['هنوز فرستاده نشده است', 'Not sent yet'],
  kept: ['پاسخ‌های شما همین جاست. این صفحه را نبندید تا فرستاده شود.', 'Your answers are here. Keep this page open until they are sent.'],
  too_large: ['یکی از عکس‌ها یا پاسخ‌ها بزرگ‌تر از اندازهٔ مجاز است ({n} مگابایت). آن را بردارید یا کوچک کنید.', 'A picture or the answers are larger than allowed ({n} MB). Remove or shrink it.'],
  to_form: ['بازگشت به فرم', 'Back to the form'],
  another: ['یکی دیگر', 'Another one'],
  waits_online: ['با برگشتن شبکه خودکار فرستاده می‌شود.', 'It is sent by itself when the network returns.'],
} as const;

export type Word = keyof typeof WORDS;

/** A sentence in the page's language, numbers in its digits. */
export function w(key: Word, values: Readonly<Record<string, string | number>> = {}): string {
  let text: string = WORDS[key][lang() === 'fa' ? 0 : 1];
  for (const [name, value] of Object.entries(values)) {
    text = text.replace(`{${name}}`, lang() === 'fa' ? persianDigits(String(value)) : String(value));
  }
  return text;
}
