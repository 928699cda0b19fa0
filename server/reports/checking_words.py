"""Why a record is confirmed or refuted, and what makes it worth checking: codes with their words in both languages."""

from collections.abc import Mapping
from typing import Final, Literal

Reason = Literal[
    "seen_by_us",
    "field_report",
    "called_back",
    "official",
    "many_sources",
    "rumour",
    "old_news",
    "wrong_place",
    "misread",
    "hoax",
    "not_found",
    "no_longer",
    "new_facts",
    "other",
]
REASONS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "seen_by_us": ("نیروی خودمان دیده است", "Our own people saw it", ("confirmed", "refuted")),
    "field_report": ("گزارش تیم میدانی", "A team in the field reports it", ("confirmed", "likely", "refuted")),
    "called_back": ("با فرستنده تماس گرفتیم", "The sender was called back", ("confirmed", "likely", "refuted")),
    "official": ("نهاد رسمی گفته است", "An authority says so", ("confirmed", "refuted")),
    "many_sources": ("چند منبع مستقل", "Several independent sources", ("confirmed", "likely")),
    "rumour": ("شایعه است", "It is a rumour", ("refuted",)),
    "old_news": ("خبر کهنه است", "It is old news", ("refuted",)),
    "wrong_place": ("جای دیگری است", "It is somewhere else", ("refuted",)),
    "misread": ("برداشت نادرست از پیام", "The message was misread", ("refuted",)),
    "hoax": ("دروغ یا شوخی", "A hoax", ("refuted",)),
    "not_found": ("در محل چیزی نبود", "Nothing was found there", ("refuted",)),
    "no_longer": ("دیگر چنین نیست", "It is no longer so", ("refuted",)),
    "new_facts": ("آگاهی تازه", "New facts", ("unverified", "likely", "confirmed")),
    "other": ("دلیل دیگر", "Another reason", ("unverified", "likely", "confirmed", "refuted")),
}
"""code → (Persian, English, the states it is offered for)."""
UNDONE: Final = "undone"
"""The reason of a line that takes another back."""

WHY: Final[Mapping[str, tuple[str, str]]] = {
    "people": ("چند نفر", "How many people"),
    "urgency": ("فوریت", "Urgency"),
    "vulnerable": ("گروه‌های آسیب‌پذیر", "Vulnerable groups"),
    "verification": ("چند صدا آن را محتمل کرده", "Voices have made it likely"),
    "alone": ("تنها یک فرستنده", "One sender alone"),
    "voices": ("چند فرستندهٔ مستقل", "Several independent senders"),
    "channel": ("راه رسیدن پیام", "The way it came"),
    "channels": ("از چند راه رسیده", "It came in several ways"),
    "nameless": ("فرستنده ناشناس", "Sender unknown"),
    "silence": ("مدتی است کسی نگفته", "Nobody has spoken of it for a while"),
    "numbers_differ": ("شمارها با هم نمی‌خوانند", "The numbers differ"),
    "impossible_place": ("مختصات ناممکن", "Impossible coordinates"),
    "one_storm": ("رگبار پیام یک فرستنده", "A storm of one sender"),
    "near_rumour": ("نزدیک شایعه‌ای رد شده", "Near a refuted rumour"),
    "unlocated": ("جای آن روشن نیست", "Nobody knows where"),
    "rumour_persists": ("شایعهٔ رد شده تکرار می‌شود", "A refuted rumour is repeated"),
    "new_details": ("جزئیات تازه دربارهٔ خطر جانی", "New details of a danger to life"),
    "tasks": ("کارهایی که به آن بسته‌اند", "Tasks that hang on it"),
    "needs": ("نیازهایی که به آن بسته‌اند", "Needs that hang on it"),
    "closes_way": ("راهی را می‌بندد", "It closes a way"),
}
"""A reason of `checking.worth` → (Persian, English)."""
