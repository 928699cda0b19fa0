/** Calendar and lists of the component. Dates of forms are Gregorian everywhere; in Persian their months bear Persian names. */
import type { Lang } from './lang.ts';

const MONTHS = ['ژانویه', 'فوریه', 'مارس', 'آوریل', 'مه', 'ژوئن', 'ژوئیه', 'اوت', 'سپتامبر', 'اکتبر', 'نوامبر', 'دسامبر'];
const DAYS = ['یکشنبه', 'دوشنبه', 'سه‌شنبه', 'چهارشنبه', 'پنجشنبه', 'آدینه', 'شنبه'];

/** What differs from the component's own words. */
export function locale(lang: Lang): Record<string, unknown> {
  const both = { dateFormat: 'yy-mm-dd' };
  if (lang === 'en') return both;
  return {
    ...both,
    firstDayOfWeek: 6,
    dayNames: DAYS,
    dayNamesShort: DAYS,
    dayNamesMin: ['ی', 'د', 'س', 'چ', 'پ', 'آ', 'ش'],
    monthNames: MONTHS,
    monthNamesShort: MONTHS,
    today: 'امروز',
    clear: 'پاک کن',
    chooseDate: 'برگزیدن تاریخ',
    chooseMonth: 'برگزیدن ماه',
    chooseYear: 'برگزیدن سال',
    prevMonth: 'ماه پیش',
    nextMonth: 'ماه بعد',
    prevYear: 'سال پیش',
    nextYear: 'سال بعد',
    prevDecade: 'دههٔ پیش',
    nextDecade: 'دههٔ بعد',
    prevHour: 'ساعت پیش',
    nextHour: 'ساعت بعد',
    prevMinute: 'دقیقهٔ پیش',
    nextMinute: 'دقیقهٔ بعد',
    am: 'ق.ظ',
    pm: 'ب.ظ',
    emptyFilterMessage: 'چیزی پیدا نشد',
    emptySearchMessage: 'چیزی پیدا نشد',
    emptyMessage: 'گزینه‌ای نیست',
    selectionMessage: '{0} مورد برگزیده شد',
    emptySelectionMessage: 'چیزی برگزیده نشده است',
    searchMessage: '{0} مورد پیدا شد',
  };
}
