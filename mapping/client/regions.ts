/** Persian names of first-level regions by Natural Earth's English ones, and the seas around them. Names are facts. */

export const REGION_FA: Readonly<Record<string, string>> = {
  'West Azarbaijan': 'آذربایجان غربی', 'East Azarbaijan': 'آذربایجان شرقی', Ardebil: 'اردبیل', Gilan: 'گیلان',
  Kordestan: 'کردستان', Kermanshah: 'کرمانشاه', Ilam: 'ایلام', Khuzestan: 'خوزستان', 'North Khorasan': 'خراسان شمالی',
  Golestan: 'گلستان', 'Razavi Khorasan': 'خراسان رضوی', 'South Khorasan': 'خراسان جنوبی',
  'Sistan and Baluchestan': 'سیستان و بلوچستان', Bushehr: 'بوشهر', Hormozgan: 'هرمزگان', Mazandaran: 'مازندران',
  Semnan: 'سمنان', Zanjan: 'زنجان', Qazvin: 'قزوین', Markazi: 'مرکزی', Esfahan: 'اصفهان',
  'Chahar Mahall and Bakhtiari': 'چهارمحال و بختیاری', 'Kohgiluyeh and Buyer Ahmad': 'کهگیلویه و بویراحمد', Fars: 'فارس',
  Kerman: 'کرمان', Hamadan: 'همدان', Lorestan: 'لرستان', Yazd: 'یزد', Qom: 'قم', Tehran: 'تهران', Alborz: 'البرز',
};

export const WATERS: readonly { lon: number; lat: number; fa: string; en: string; from: number }[] = [
  { lon: 51.3, lat: 27.6, fa: 'خلیج فارس', en: 'Persian Gulf', from: 4 },
  { lon: 51.0, lat: 39.6, fa: 'دریای خزر', en: 'Caspian Sea', from: 4 },
  { lon: 58.6, lat: 24.9, fa: 'دریای عمان', en: 'Gulf of Oman', from: 5 },
  { lon: 63.0, lat: 19.0, fa: 'دریای عرب', en: 'Arabian Sea', from: 4 },
];
