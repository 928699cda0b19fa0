/**
 * What the form component (`@getodk/web-forms`, English only) says to people, in Persian.
 *
 * The build puts `say("…")` around each of these sentences where the component holds it (`build/webforms.ts`), and stops
 * when one is no longer there: then the component has changed, and this list with it.
 */

/** Where the component says it: the form itself, or its map. */
export type Part = 'form' | 'map';

/** [part, the literal as the component has it, Persian, before what it stands when the literal alone is not plain enough] */
export type Phrase = readonly [Part, string, string, string?];

export const PHRASES: readonly Phrase[] = [
  ['form', 'Condition not satisfied: constraint', 'این پاسخ پذیرفته نیست.'],
  ['form', 'Condition not satisfied: required', 'این پرسش باید پاسخ داده شود.'],
  ['form', 'An error occurred while loading this form', 'این فرم باز نشد'],
  ['form', 'Technical error details', 'جزئیات فنی'],
  ['form', 'Change language', 'زبان دیگر'],
  ['form', 'change language', 'زبان دیگر'],
  ['form', 'Good accuracy', 'دقت خوب'],
  ['form', 'Poor accuracy', 'دقت کم'],
  ['form', 'Unknown accuracy', 'دقت نامعلوم'],
  ['form', 'Finding your location', 'جای شما پیدا می‌شود'],
  ['form', ' Location will be saved at ', ' جا با این دقت نگه داشته می‌شود: '],
  ['form', 'Time taken to capture location: ', 'زمان یافتن جا: '],
  ['form', ' Previous saved location at ', ' دقت جای پیشین: '],
  ['form', 'Cancel', 'انصراف', 'label: '],
  ['form', 'Save location', 'همین جا'],
  ['form', 'Get location', 'جای من'],
  ['form', 'Try again', 'دوباره'],
  ['form', 'Cannot access location', 'جای شما در دسترس نیست'],
  ['form', 'Grant location permission in the browser settings and make sure location is turned on.', 'در تنظیم‌های مرورگر، دسترسی به مکان را باز کنید و مکان‌یاب دستگاه را روشن کنید.'],
  ['form', ' Unable to load map ', ' نقشه باز نشد '],
  ['form', 'Rank items', 'مرتب کنید'],
  ['form', ' Okay ', ' دیدم '],
  ['form', 'Captured image preview', 'عکسی که گرفته شد'],
  ['form', 'Take picture', 'عکس بگیرید'],
  ['form', 'Choose image', 'عکسی برگزینید'],
  ['form', 'Repeat Item', 'مورد'],
  ['form', 'Remove', 'حذف', 'label: '],
  ['form', ' Add ', ' افزودن '],
  ['form', 'Location unavailable. Enable GPS and browser permissions, then restart the form to try again.', 'مکان در دسترس نیست. مکان‌یاب و اجازهٔ مرورگر را باز کنید و فرم را از نو باز کنید.'],
  ['form', '1 question with error.', 'یک پرسش هنوز درست نیست.'],
  ['form', 'Send', 'بفرست', 'label: '],
  ['map', 'Graphics issue detected', 'نقشه در این دستگاه نمایش داده نمی‌شود'],
  ['map', 'Your browser cannot display the map now. Enable graphics acceleration settings.', 'شتاب‌دهی گرافیکی را در تنظیم‌های مرورگر روشن کنید.'],
  ['map', 'Cannot access location', 'جای شما در دسترس نیست'],
  ['map', 'Grant location permission in the browser settings and make sure location is turned on.', 'در تنظیم‌های مرورگر، دسترسی به مکان را باز کنید و مکان‌یاب دستگاه را روشن کنید.'],
  ['map', 'Remove selection', 'برداشتن'],
  ['map', 'Save selected', 'همین را نگه دار'],
  ['map', 'No trace saved', 'خطی کشیده نشده است'],
  ['map', 'No shape saved', 'محدوده‌ای کشیده نشده است'],
  ['map', 'No point saved', 'نقطه‌ای گذاشته نشده است'],
  ['map', 'Point saved', 'نقطه گذاشته شد'],
  ['map', 'Trace saved', 'خط کشیده شد'],
  ['map', 'Shape saved', 'محدوده کشیده شد'],
  ['map', 'Feature saved', 'برگزیده شد'],
  ['map', 'Capturing location...', 'جای شما پیدا می‌شود…'],
  ['map', 'Remove point', 'برداشتن نقطه'],
  ['map', 'View details', 'جزئیات'],
  ['map', 'Advanced', 'بیشتر'],
  ['map', 'File is empty.', 'پرونده خالی است.'],
  ['map', 'Unsupported file type. Please upload a .geojson file.', 'فقط پروندهٔ geojson. پذیرفته می‌شود.'],
  ['map', 'Failed to parse file. Ensure it is a valid GeoJSON.', 'این پرونده GeoJSON درستی نیست.'],
  ['map', 'Incorrect geometry type.', 'نوع شکل درست نیست.'],
  ['map', 'Import data to replace location', 'آوردن شکل از بیرون'],
  ['map', 'Paste data in ODK format', 'شکل به نگارش ODK'],
  ['map', 'Upload a GeoJSON file', 'پروندهٔ GeoJSON'],
  ['map', 'Upload file', 'برگزیدن پرونده'],
  ['map', 'Save', 'نگه دار', 'label: '],
  ['map', 'Press and drag to move a point', 'برای جابه‌جایی، نقطه را نگه دارید و بکشید'],
  ['map', 'Tap to place a point', 'برای گذاشتن نقطه روی نقشه بزنید'],
  ['map', 'Tap to move point', 'برای جابه‌جایی روی نقشه بزنید'],
  ['map', 'Use the location button to center on your current location', 'دکمهٔ مکان، نقشه را به جای شما می‌برد'],
  ['map', 'Get location', 'جای من'],
];

/** Sentences with a number or a name in them: [part, how the component writes it, the key, Persian]. */
export const COUNTED: readonly (readonly [Part, RegExp, string, string])[] = [
  ['form', /`\$\{(\w+)\} questions with errors\.`/g, '{n} questions with errors.', '{n} پرسش هنوز درست نیست.'],
  ['map', /`\$\{(\w+)\} points saved`/g, '{n} points saved', '{n} نقطه گذاشته شد'],
  ['map', /`Longitude: \$\{(\w+)\}`/g, 'Longitude: {n}', 'طول: {n}'],
  ['map', /`Latitude: \$\{(\w+)\}`/g, 'Latitude: {n}', 'عرض: {n}'],
];
