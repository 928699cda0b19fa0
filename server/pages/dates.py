"""Dates, times and numbers as people read them: Jalali with Persian digits in Persian, Gregorian in
English.
"""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDateTime

HOME: Final = ZoneInfo("Asia/Tehran")
_PERSIAN: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_STEPS: Final = (
    (86_400, "{n} d ago", "{n} روز پیش"),
    (3_600, "{n} h ago", "{n} ساعت پیش"),
    (60, "{n} min ago", "{n} دقیقه پیش"),
)


def digits(value: object, lang: str) -> str:
    """`value` as text with the digits of `lang`."""
    text = str(value)
    return text.translate(_PERSIAN) if lang == "fa" else text


def number(value: float, lang: str) -> str:
    """A number with thousands separated, whole numbers without a fraction."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    if lang != "fa":
        return text
    return text.replace(",", "٬").replace(".", "٫").translate(_PERSIAN)


def date(moment: datetime, lang: str, zone: tzinfo = HOME) -> str:
    """The day of an aware `moment` in `zone`: «۲ آذر ۱۴۰۵» or «23 Nov 2026»."""
    local = _local(moment, zone)
    if lang != "fa":
        return f"{local.day} {local:%b %Y}"
    day = JalaliDateTime.to_jalali(local)  # type: ignore[no-untyped-call]
    return digits(f"{day.day} {day.strftime('%B', locale='fa')} {day.year}", lang)


def both_days(moment: datetime, lang: str, zone: tzinfo = HOME) -> str:
    """The day in the other calendar: «23 Nov 2026» beside Persian, "2 Azar 1405" beside English."""
    if lang == "fa":
        return date(moment, "en", zone)
    day = JalaliDateTime.to_jalali(_local(moment, zone))  # type: ignore[no-untyped-call]
    return f"{day.day} {day.strftime('%B', locale='en')} {day.year}"


def time(moment: datetime, lang: str, zone: tzinfo = HOME) -> str:
    """Hours and minutes of an aware `moment` in `zone`, on a 24-hour clock."""
    return digits(f"{_local(moment, zone):%H:%M}", lang)


def date_time(moment: datetime, lang: str, zone: tzinfo = HOME) -> str:
    """Day and time together."""
    comma = "،" if lang == "fa" else ","
    return f"{date(moment, lang, zone)}{comma} {time(moment, lang, zone)}"


def ago(moment: datetime, lang: str, now: datetime | None = None) -> str:
    """How long ago an aware `moment` was, in its largest whole unit; under a minute, and in the future, it
    is just now.
    """
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for size, english, persian in _STEPS:
        if seconds >= size:
            return (persian if lang == "fa" else english).replace("{n}", digits(int(seconds // size), lang))
    return "همین حالا" if lang == "fa" else "just now"


def _local(moment: datetime, zone: tzinfo) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone cannot be shown")
    return moment.astimezone(zone)
