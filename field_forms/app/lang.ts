/** The page's language and its digits. */
export type Lang = 'fa' | 'en';

/** As the server wrote it on the page. */
export const lang = (): Lang => (document.documentElement.lang === 'en' ? 'en' : 'fa');

/** Latin digits as Persian ones. */
export const persianDigits = (text: string): string => text.replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[Number(d)]!);
