"""Why, in words: reasons of a ranking, bars of who may not go, shortfalls of a task nobody takes. One place for all.

Entries are data ({"code", …figures}); templates are Persian and English, `{figure}` is put in as people of that
language read it: skills and languages by name, moments as times of the clock of the house, digits Persian in Persian.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from server.kernel import clock
from server.volunteers.rules import VEHICLES
from server.volunteers.skills import LANGUAGES, SKILLS

Words = tuple[str, str]
HOME: Final = ZoneInfo("Asia/Tehran")

REASONS: Final[Mapping[str, Words]] = {
    "priority": ("{urgency}؛ {hours} ساعت در انتظار", "{urgency}; waiting for {hours} h"),
    "distance": ("{km} کیلومتر فاصله", "{km} km away"),
    "distance_centre": ("{km} کیلومتر از مرکز", "{km} km from the centre"),
    "road": ("{min} دقیقه راه، {km} کیلومتر", "{min} min by road, {km} km"),
    "place_unknown": ("فاصله دانسته نیست", "Distance not known"),
    "on_foot": ("بدون وسیلهٔ نقلیه", "Without a vehicle"),
    "vehicle": ("وسیلهٔ مناسب: {vehicle}", "Fitting vehicle: {vehicle}"),
    "capacity": ("بار {load_kg} کیلوگرم است و ظرفیت {kg} کیلوگرم", "The load is {load_kg} kg, the capacity {kg} kg"),
    "own_centre": ("از همین مرکز", "Of this centre"),
    "skills": ("مهارت لازم را دارد: {skills}", "Has the skills: {skills}"),
    "helps": ("مهارتی که کمک می‌کند: {skills}", "A skill that helps: {skills}"),
    "scarce": ("مهارت کمیابش جای دیگری لازم است: {skills}", "Rare skill, better kept for others: {skills}"),
    "language": ("زبان محل: {languages}", "Speaks the language of the place: {languages}"),
    "language_lacking": ("زبان محل ثبت نشده است: {languages}", "Language of the place not named: {languages}"),
    "woman": ("این کار برای زنان است", "A woman, as this task asks"),
    "woman_preferred": ("زن بودن در این کار بهتر است", "A woman, as is better here"),
    "load": ("{n} مأموریت دیگر در دست", "Holds {n} other tasks"),
    "waited": ("{hours} ساعت آماده و بی‌مأموریت", "Ready without a task for {hours} h"),
    "tired": ("{hours} ساعت سر کار", "On duty for {hours} h"),
    "declined": ("این مأموریت را پیش‌تر نپذیرفت", "Declined this task before"),
    "in_team": ("عضو گروه {team}", "Is in team {team}"),
    "team": ("با گروه {team}: {people} نفر، {women} زن", "With team {team}: {people} people, {women} women"),
    "crew": ("{people} نفر با هم، {women} زن", "{people} people together, {women} women"),
    "by_hand": ("به انتخاب هماهنگ‌کننده", "Chosen by a coordinator"),
    "hand_over": ("به درخواست همکار", "Asked by a colleague"),
}
"""What speaks for or against somebody: code → (Persian, English)."""

BARS: Final[Mapping[str, Words]] = {
    "not_vetted": ("مرکز هنوز تأیید نکرده است", "Not yet confirmed by the centre"),
    "resting": ("تا {until} در استراحت", "Rests until {until}"),
    "rests": ("در استراحت", "Rests"),
    "away": ("در دسترس نیست", "Away"),
    "inactive": ("دیگر فعال نیست", "No longer active"),
    "silent": ("از {since} خبری نیست", "Silent since {since}"),
    "cap": ("{held} مأموریت نپذیرفته در دست دارد", "Holds {held} tasks not yet accepted"),
    "team_required": ("گروهی {people} نفره با {women} زن می‌خواهد", "Takes a team of {people}, {women} of them women"),
    "woman_required": ("این کار برای زنان است", "This task is for women"),
    "women_first": ("تا {until} نخست برای زنان", "Kept for women until {until}"),
    "skills": ("این مهارت ثبت نشده است: {lacking}", "Skills not named: {lacking}"),
    "too_far": ("دور است: {km} کیلومتر (بیش از {reach_km})", "Too far: {km} km (more than {reach_km})"),
    "busy": ("مأموریت دیگری در دست دارد", "Has another task"),
    "in_team": ("در گروه دیگری است", "Is in another team"),
    "too_few": ("{have} نفر از {need} نفر", "{have} of {need} people"),
    "too_few_women": ("{have} زن از {need} زن", "{have} of {need} women"),
}
"""Why somebody may not go now: code → (Persian, English)."""

SHORTFALLS: Final[Mapping[str, Words]] = {
    "nobody": ("تا {km} کیلومتری هیچ داوطلبی نیست", "No volunteer within {km} km"),
    "no_skill": ("تا {km} کیلومتری کسی نیست با مهارت {skill}", "Nobody with {skill} within {km} km"),
    "skill_far": (
        "تا {km} کیلومتری کسی نیست با مهارت {skill}؛ نزدیک‌ترین در {nearest_km} کیلومتری",
        "Nobody with {skill} within {km} km; the nearest is {nearest_km} km away",
    ),
    "not_in_one": ("کسی همهٔ این مهارت‌ها را با هم ندارد: {skills}", "Nobody has all of these: {skills}"),
    "no_woman": ("تا {km} کیلومتری زن داوطلبی برای این کار نیست", "No woman who can do this within {km} km"),
    "too_few": ("{have} نفر از {need} نفر لازم در دسترس است", "{have} of the {need} people it takes are there"),
    "too_few_women": ("{have} زن از {need} زن لازم در دسترس است", "{have} of the {need} women it takes are there"),
    "team_to_form": (
        "باید گروهی {people} نفره با {women} زن تشکیل شود",
        "A team of {people}, {women} of them women, has to be formed",
    ),
    "teams_resting": ("{n} گروه تا {until} در استراحت", "{n} teams resting until {until}"),
    "resting": ("{n} نفر در استراحت، نخستین تا {until}", "{n} resting, the first until {until}"),
    "rests": ("{n} نفر در استراحت", "{n} resting"),
    "away": ("{n} نفر در دسترس نیستند", "{n} away"),
    "silent": ("از {n} نفر خبری نیست", "{n} silent"),
    "cap": ("{n} نفر مأموریت نپذیرفتهٔ زیادی دارند", "{n} hold too many tasks they have not accepted"),
    "busy": ("{n} نفر سرگرم کار دیگرند", "{n} busy with another task"),
    "not_vetted": ("{n} نفر در انتظار تأیید مرکزند", "{n} waiting to be confirmed by their centre"),
    "women_first": ("تا {until} نخست برای زنان نگه داشته می‌شود", "Kept for women until {until}"),
    "not_taken": (
        "{n} نفر می‌توانند؛ {min} دقیقه است کسی نپذیرفته",
        "{n} could take it; nobody has for {min} min",
    ),
}
"""Why nobody takes a task: code → (Persian, English)."""

_URGENCY: Final[Mapping[str, Words]] = {
    "life": ("خطر جانی", "Danger to life"),
    "high": ("فوری", "Urgent"),
    "normal": ("عادی", "Normal"),
    "none": ("بدون فوریت", "Not urgent"),
}
_NAMES: Final[Mapping[str, Mapping[str, Words]]] = {
    "skill": SKILLS,
    "skills": SKILLS,
    "lacking": SKILLS,
    "languages": LANGUAGES,
    "vehicle": VEHICLES,
    "urgency": _URGENCY,
}
_MOMENTS: Final = frozenset({"until", "since"})
_DIGITS: Final = str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫")
_DAYS: Final[tuple[Words, ...]] = (
    ("دوشنبه", "Monday"),
    ("سه‌شنبه", "Tuesday"),
    ("چهارشنبه", "Wednesday"),
    ("پنجشنبه", "Thursday"),
    ("جمعه", "Friday"),
    ("شنبه", "Saturday"),
    ("یکشنبه", "Sunday"),
)


def say(entry: Mapping[str, Any], lang: str, *, zone: tzinfo = HOME, now: datetime | None = None) -> str:
    """An entry in words of `lang` (`fa`, else English). A code nobody knows is its own word, so nothing is hidden.

    A reason has points; a count (`n`) tells a shortfall from a bar of the same code.
    """
    code = str(entry.get("code", ""))
    tables = (REASONS, BARS, SHORTFALLS) if "points" in entry else (SHORTFALLS, BARS, REASONS)
    words = next((table[code] for table in tables if _told(table.get(code), entry)), None)
    if words is None:
        return code
    template = words[0 if lang == "fa" else 1]
    said = {key: _said(key, value, lang, zone, now) for key, value in entry.items()}
    text = template.format_map(said)
    # Those who are counted are counted among the able: "2 resting until 14:00 (Midwifery)".
    return f"{text} ({said['skills']})" if said.get("skills") and "{skills}" not in template else text


def say_all(entries: Iterable[Mapping[str, Any]], lang: str, **how: Any) -> list[str]:
    """Each entry in words, in order."""
    return [say(entry, lang, **how) for entry in entries]


def in_words(entries: Iterable[Mapping[str, Any]], **how: Any) -> list[dict[str, Any]]:
    """The entries as answers carry them: with their words `fa` and `en` beside the figures."""
    return [{**entry, "fa": say(entry, "fa", **how), "en": say(entry, "en", **how)} for entry in entries]


def _told(words: Words | None, entry: Mapping[str, Any]) -> bool:
    """Whether the entry brings every figure that the words put in."""
    if words is None:
        return False
    figures = {part.split("}")[0] for part in words[0].split("{")[1:]}
    return figures <= entry.keys()


def _said(key: str, value: Any, lang: str, zone: tzinfo, now: datetime | None) -> str:
    column = 0 if lang == "fa" else 1
    if key in _MOMENTS:
        return _clock(value, lang, zone, now or clock.now())
    if key in _NAMES:
        codes = [value] if isinstance(value, str) else list(value or ())
        return ("، " if lang == "fa" else ", ").join(_NAMES[key].get(c, (c, c))[column] for c in codes)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    # A code (T-, V-) stays as it is typed; a figure is read.
    return text.translate(_DIGITS) if lang == "fa" and isinstance(value, int | float) else text


def _clock(value: Any, lang: str, zone: tzinfo, now: datetime) -> str:
    """Hours and minutes; of another day with its name, or tomorrow."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    column = 0 if lang == "fa" else 1
    time = f"{local:%H:%M}".translate(_DIGITS) if lang == "fa" else f"{local:%H:%M}"
    days = (local.date() - today).days
    if days == 0:
        return time
    named = {1: ("فردا", "tomorrow"), -1: ("دیروز", "yesterday")}.get(days, _DAYS[local.weekday()])[column]
    return f"{named} {time}"
