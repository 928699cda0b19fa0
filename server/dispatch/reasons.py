"""The words of reasons and shortfalls: what matching says in codes, in both languages. Pure."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from server.volunteers.skills import LANGUAGES, SKILLS

Words = tuple[str, str]
HOME: Final = ZoneInfo("Asia/Tehran")
REASONS: Final[Mapping[str, Words]] = {
    "skills": ("{skills} می‌داند", "Can do {skills}"),
    "no_skill_needed": ("مهارت ویژه‌ای نمی‌خواهد", "Takes no special skill"),
    "helpful": ("{skill} هم می‌داند", "Knows {skill} as well"),
    "distance": ("{km} کیلومتر دور", "{km} km away"),
    "unplaced": ("جایش دانسته نیست", "Nobody knows where"),
    "seen": ("همین تازگی جایش را گفته", "Place told a short while ago"),
    "language": ("زبان محل: {languages}", "Speaks {languages}, as people there do"),
    "vehicle": ("وسیله دارد", "Has a vehicle"),
    "carries": ("{kg} کیلو می‌برد", "Carries {kg} kg"),
    "woman": ("زن است", "Is a woman"),
    "load": ("{held} مأموریت در دست دارد", "Has {held} tasks in hand"),
    "duty": ("{hours} ساعت سر کار است", "On duty for {hours} h"),
    "people": ("{people} نفر، {women} زن", "{people} people, {women} of them women"),
    "brings": ("{volunteer}: {skill}", "{volunteer} brings {skill}"),
}
"""Why somebody is proposed: code → (Persian, English)."""
BARS: Final[Mapping[str, Words]] = {
    "not_vetted": ("مرکز هنوز تأیید نکرده", "Not yet vetted by the centre"),
    "away": ("در دسترس نیست", "Not available"),
    "resting": ("تا {until} استراحت می‌کند", "Resting until {until}"),
    "silent": ("مدتی است خبری از او نیست", "Has fallen silent"),
    "full": ("{held} مأموریت در دست دارد", "Has {held} tasks in hand"),
    "declined": ("گفته است نمی‌تواند", "Has said no"),
    "needs_team": ("گروه {people} نفری می‌خواهد", "Takes a team of {people}"),
    "lacks": ("{skill} نمی‌داند", "Lacks: {skill}"),
    "women_only": ("تنها برای زنان", "For women alone"),
    "women_first": ("نخست برای زنان", "For women first"),
    "far": ("{km} کیلومتر دور است", "Is {km} km away"),
}
"""Why somebody is not."""
SHORTFALLS: Final[Mapping[str, Words]] = {
    "nobody": ("این مرکز داوطلبی ندارد", "The centre has no volunteer"),
    "none_near": ("کسی تا {km} کیلومتری نیست", "Nobody within {km} km"),
    "no_skill": ("{skill}: کسی تا {km} کیلومتری نیست", "{skill}: nobody within {km} km"),
    "no_woman": ("زنی تا {km} کیلومتری نیست", "No woman within {km} km"),
    "resting": ("{people} نفر{of} تا {until} استراحت می‌کنند", "{people}{of} resting until {until}"),
    "away": ("{people} نفر{of} در دسترس نیستند", "{people}{of} not available"),
    "unvetted": ("{people} نفر{of} در انتظار تأیید مرکز", "{people}{of} waiting to be vetted"),
    "full": ("{people} نفر{of} دستشان پر است", "{people}{of} with their hands full"),
    "silent": ("از {people} نفر{of} خبری نیست", "{people}{of} fallen silent"),
    "declined": ("{people} نفر{of} نپذیرفته‌اند", "{people}{of} said no"),
    "too_few": ("{need} نفر می‌خواهد، {have} نفر آزادند", "Takes {need}, {have} are free"),
    "too_few_women": ("{need} زن می‌خواهد، {have} زن آزادند", "Takes {need} women, {have} are free"),
    "all_barred": ("هیچ‌یک از {people} نفر نمی‌تواند برود", "None of {people} people can go"),
}
"""Why a task finds nobody. `of`: the skill it is about, where it is about one."""
_PERSIAN: Final = str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫")


def say(entry: Mapping[str, Any], lang: str, table: Mapping[str, Words], zone: tzinfo = HOME) -> str:
    """An entry in words of `fa` or `en`, with that language's digits and clock times; an unknown code as it is."""
    words = table.get(entry["code"])
    if words is None:
        return str(entry["code"])
    at = 0 if lang == "fa" else 1
    told = {"of": ""} | {key: _said(key, value, at, zone) for key, value in entry.items()}
    if "skill" in entry:
        told["of"] = f" ({told['skill']})"
    return words[at].format_map(told)


def _said(key: str, value: Any, at: int, zone: tzinfo) -> str:
    if key == "skill":
        return _named(value, SKILLS, at)
    if key == "skills":
        return _joined([_named(one, SKILLS, at) for one in value], at)
    if key == "languages":
        return _joined([_named(one, LANGUAGES, at) for one in value], at)
    if key == "until":
        moment = datetime.fromisoformat(value).astimezone(zone)
        return _digits(f"{moment:%H:%M}", at)
    if isinstance(value, float):
        return _digits(f"{value:g}", at)
    return _digits(str(value), at) if isinstance(value, int) else str(value)


def _named(code: str, table: Mapping[str, Words], at: int) -> str:
    found = table.get(code)
    return found[at] if found else code


def _joined(names: list[str], at: int) -> str:
    return ("، " if at == 0 else ", ").join(names)


def _digits(text: str, at: int) -> str:
    return text.translate(_PERSIAN) if at == 0 else text
