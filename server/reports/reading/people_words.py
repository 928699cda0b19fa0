"""The words by which people are counted: heads, kinds of people, houses, kin."""

from server.places.names import fold_key


def words(text: str) -> frozenset[str]:
    """Return the words of a line as messages are folded."""
    return frozenset(fold_key(w) for w in text.split())


HEADS = words(
    "نفر نفریم نفره نفرن نفرند نفرم نفرمون نفری نفرشون نفرین نفراند ادم آدمیم تن شخص اهالی جمعیت "
    "people ppl persons person souls members individuals residents villagers survivors pilgrims nafar "
    "nafarim nafare nafaran adam "
    "nafarand us family "
    "عائله عایله عائلیم عایلیم نفوس نفرات سرنشینن pax ppls peoples humans elders youngsters folk "
    "folks تاییم تامون تامونیم تاییمون lives"
)
PARTS = words(
    "others "
    "adlt adlts adult females males female male lads guys ladies gentlemen relatives classmates "
    "friends mates cousins evacuees "
    "motorists truckers tenants inmates prisoners worshippers engineers technicians corpses "
    "grandkids youths friend neighbour "
    "زندانی نمازگزار کامیوندار مهندس تکنسین خدمه خلبان شکارچی گردشگر توریست زوار هم‌محلی پناهنده "
    "آواره فامیل خواهرزاده برادرزاده "
    "پسرعمو دخترعمو پسرخاله دخترخاله محصل دبیر آتش‌نشان امدادگر مربی بازیکن هم‌کلاسی هم‌اتاقی سرپرست خادم ننه بی‌بی "
    "زن مرد بچه بچمون بچم بچه‌ام بچهایم بچهها کودک کودکان پسر دختر پیرمرد پیرزن سالمند نوزاد خانم خانوم آقا "
    "زخمی مجروح مصدوم "
    "بیمار مریض معلول کارگر مسافر دانشجو کشته جانباخته فوتی زائر مفقود مفقودی همسایه عضو دیالیزی معلم مادر "
    "پیر چوپان عشایر "
    "خواهر خواهرم برادر برادرم خواهرا بزرگسال جوان نوجوان شیرخوار حامله باردار فرزند فرزندم بیوه دانش جسد "
    "جنازه دخترم پسرم پرستار راننده شیرخواره کوهنورد زنان "
    "women woman men man children child kids kid adults adult elderly patients patient students student "
    "babies baby infants infant "
    "workers worker injured wounded dead girls girl boys boy bodies neighbours neighbors toddlers toddler "
    "teachers casualties "
    "sons daughters passengers passenger drivers hikers shepherds sisters brothers newborn newborns old "
    "pregnant nurses orphans "
    "victims mothers travellers climbers deaths guests refugees "
    "bache bachehaye zan mard kudak pesar dokhtar piremard pirezan nozad zakhmi mariz salmand kargar bachas "
    "hamsaye mosafer همکار سرنشین عمو عموم دایی خاله عمه نوه دوست رفیق سرباز مهمان "
    "کارمند معدنچی اسهال مسموم "
    "cousins uncles aunts nephews nieces grandchildren colleagues occupants miners soldiers tourists ladies cousin "
    "چوپون چوپونیم چوپان کشاورز ماهیگیر ملوان کوهنورد طلبه روستایی عشایر معتکف مسافر اسیر محبوس "
    "شاگرد نیرو نفرمون همشهری "
    "سوختگی سوخته مسموم دوقلو سه‌قلو زایو زائو یتیم داماد عروس مستاجر نگهبان پاسدار بسیجی نوجوون نونهال جنین "
    "herders herder farmers farmer cyclists fishermen trekkers campers skiers firefighters builders divers sailors "
    "labourers laborers shopkeepers monks nuns guards policemen cooks inf twins triplets expectant "
    "orphan boys employees "
    "staff wives husbands pensioners schoolchildren schoolgirls schoolboys teenagers teens crew patient wounded "
    "hamkar hamkaram sarneshin nave bacham bacheham bachamun bachemadresei dust sarbaz mehman danesh"
)
HOUSE_HEADS = words(
    "خونوار خونواریم خونوارن عائله‌ای خانواده خانوار خونواده خانوارن خانواریم خانواده‌ایم خانوادهایم "
    "خانوادهاند خانواریم خانوادهاست "
    "خانواده‌ان خانوادن خانوادیم "
    "families family households household khanevade khanevadeh khanevar khanevadeim khanevarim khunevade "
    "houses homes خانه خونه منزل khune khone khane"
)
SKIP = words(
    "تا ta عدد more other others of small little young old elderly سیاه چادر کوچک کوچیک کوچولو پیر سالخورده "
    "بزرگ خردسال زن مرد "
    "about around حدود مسکونی injured local pregnant adult sick disabled wounded our my روستایی kuchik dige "
    "دیگه دیگر هزار "
    "مورد case cases کوچولو کم‌سن missing badly trapped stranded severely "
    "chronically seriously critically terminally mentally ill "
    "بی عشایری عشایر کوچ‌نشین school sleeping poor homeless displaced nomad"
)
NOT_PEOPLE_NEXT = words(
    "داوطلب نیرو نیروی کارگر امدادگر کمکی volunteers volunteer helpers davtalab niru نیروهای کمک‌رسان پزشک "
    "دکتر doctors rescuers "
    "امدادگرها متخصص nurses workers"
)
AGES = words(
    "شبه شب شبانه نوبت بار دفعه مرتبه ضلع طبقه درجه night nights times o'clock pm floor th storey story "
    "ساله سالشه سالش سالست ماهه ماهشه ماهش سالگی روزه روز ساعت ساعته متر متری کیلومتر کیلو years year months "
    "month yr yrs days day "
    "hours hour weeks km meters metres meter sale mahe roze ruz saate saat metr salash salashe سال ماه هفته "
    "درصد درجه ریشتر percent "
    "تخته دقیقه minutes old"
)
BEFORE_SKIP = words(
    "چادر تنت tent tents چادرهای سن سنش age aged سال ساعت کد plate شماره خیابان کوچه پلاک بلوک طبقه km کیلومتر"
)
SUBSET = words(
    "که شامل تاش تاشون تاشان ازشون بینشون including include includes among whom them ke azashun azشون منجمله "
    "جمله بین ازاین بینشان "
    "اعم beyneshun shamel tash tashun"
)
SELF = words("خودش خودمم khodam khodamam من خودم me i myself منم man")
KIN = words(
    "زنی مادری خانمی خانومی زنه بیوه‌زنی پیرزنی پیرمردی مردی خدایی عمه خاله ننه بابا مامان داداش "
    "آبجی نامزدم عروسم دامادم "
    "woman mom mum granny grandad granddad aunty auntie "
    "همسرم زنم شوهرم مادرم پدرم برادرم خواهرم خانمم مادربزرگم پدربزرگم wife husband mother father brother "
    "sister grandmother "
    "عمو عموم عمه عمم خاله خالم دایی داییم داداشم آبجیم بابام مامانم ننم زنعموم "
    "uncle aunt cousin mom mum dad "
    "grandma grandpa babam mamanam dadasham khaharam baradaram khanumam khanomam amum khalam "
    "grandfather hamsaram zanam shoharam madaram pedaram همسر شوهر مادر پدر"
)
FAMILY = words("family group خانواده")
DENIED = words("نه not na")
NOW = words("اشتباه اشتباها eshtebah mistake miscounted wrong correction درستش الان now alan شدیم حالا")
A_FAMILY = words("خانواده خانوار خونواده khanevade")
STATES = words("on in stuck trapped here stranded at sleeping outside under left now waiting")
WE_VERB = frozenset({("ve", "are"), ("they", "are")})
WE_ONE_WORD = words("we're were they're")
AND = words("و and o va با with ba")
TOTAL_FIRST = words("ما we جمعا جمعاً مجموعا کلا total ma روهم همگی all there")
HOUSES = words("خانه خونه منزل khune khone khane houses homes")
TENTS = words("چادر سیاهچادر tents tent chador")
NOMADS = words("عشایر عشایری nomad nomads nomadic سیاه ashayer")
COUNTER = words("تا ta")
HEAD_TOTAL = words("نفره nafare us")
WE_ARE = words("هستیم hastim بودیم")
SENT = tuple(words("بفرست اعزام لازم نیاز بیاد بیان send need befrest niaz lazem کمک کم"))
FILLERS = words("his her their م ام مون my our the پیرم پیر مریضم old sick elderly")
HANDS = words("جوون جوان مرد پسر کارگر نیرو javun mard pesar men lads workers worker boys guys مترجم آشپز")
ASKING = tuple(words("میخوا لازم نیاز بفرست بیاد بیان بیاین need send want mikha lazem biad bian"))
PUPIL = words("اموز اموزان")
WIFE = words("زن wife husband")
HUSBAND = words("شوهر husband wife")
OLD = words("old elderly aged young")
OTHERS = words("دیگه دیگر other others more همسایه همراه")
OF_US = words("us them")
DENIED_NUMBERS = words("not نه")
TOLLS = words("injured dead wounded missing trapped casualties زخمی کشته مجروح مصدوم مفقود فوتی")
BECAME = words("شدن شده شدند حالا hala shodan shode now")
ROLES = words("راننده معلم معلممون مربی استاد خلبان driver teacher guide nurse pilot captain imam coach priest carer")
CHILDREN = words(
    "پسرش دخترش بچش نوش نوزادش نوه‌اش نوه‌ش بچه‌ش بچه‌اش پسرک infant newborn grandson granddaughter "
    "toddler بچم پسرم دخترم نوزادم نوم دوقلوهام kid son daughter baby child bacham pesaram dokhtaram"
)
BESIDES = words(
    "alone here am is are just only all together now left still تنها اینجا هستم موندم موندیم هستیم "
    "مونده گیر همراه هم plus"
)
WIVES = words("زن خانم خانومم عیال zan wife hubby missus")
TWINS = {
    fold_key(word): count
    for word, count in (
        ("دوقلو", 2),
        ("دوقلوها", 2),
        ("دوقلوهام", 2),
        ("دوقلوهای", 2),
        ("دوقلوی", 2),
        ("twins", 2),
        ("dogholu", 2),
        ("dogholuha", 2),
        ("dogholuhaye", 2),
        ("سه‌قلو", 3),
        ("triplets", 3),
        ("جفتمون", 2),
        ("جفتشون", 2),
        ("هردومون", 2),
        ("هردوشون", 2),
        ("دوتاییمون", 2),
    )
}
STRENGTH = words("جمعیت نفرات تعدادمون تعدادشون population pop headcount jamiat tedademun")
SUMMING = words("میشیم میشن جمعا مجموعا روهم کلا هستیم total mishim jaman")
OUT_OF = words("از az")
YOUNG = words("نوه بچه پسر دختر نوزاد خواهرزاده برادرزاده")
HIS = words("ش اش شون اشون م ام مون")
