"""Duty and rest: how long one may serve, and how long one then rests. Pure; docs/volunteers.md has the same figures.

Eleven hours of rest in each day: Directive 2003/88/EC, article 3. Twelve hours as the most, and the eight hours after a
shorter long duty, are the house's own choice, on the safe side of the thirteen that the directive leaves.
"""

from datetime import datetime, timedelta
from typing import Final

DUTY_MOST_H: Final = 12
"""Hours of one stretch of duty; then a rest begins by itself."""
DUTY_LONG_H: Final = 8
"""After so many hours comes the shorter rest."""
REST_H: Final = 11
REST_SHORT_H: Final = 8
BREAK_H: Final = 4
"""A pause shorter than this counts into the stretch: three times five hours are a long duty too."""
REST_OWN_MOST_H: Final = 72
CHECK_EVERY_S: Final = 3600
"""How often a sign of life is due when nothing else was said, in seconds."""
CHECK_LEAST_S: Final = 60
CHECK_MOST_S: Final = 86_400
EARLY_H: Final = 1
"""So long before a shift one may check in for it."""


def rest_after(began: datetime, ended: datetime) -> timedelta:
    """The rest that the rules ask for after a stretch of duty."""
    served = ended - began
    if served >= timedelta(hours=DUTY_MOST_H):
        return timedelta(hours=REST_H)
    return timedelta(hours=REST_SHORT_H) if served >= timedelta(hours=DUTY_LONG_H) else timedelta()


def stretch(now: datetime, began: datetime | None, ended: datetime | None) -> datetime:
    """When the stretch began to which a check-in now belongs; `began`, `ended`: the last one, if there was one."""
    if began and ended and now - ended < timedelta(hours=BREAK_H) and not rest_after(began, ended):
        return began
    return now


def too_long(starts: datetime, ends: datetime) -> bool:
    """Whether a shift is longer than one may serve."""
    return ends - starts > timedelta(hours=DUTY_MOST_H)


def too_close(a: tuple[datetime, datetime], b: tuple[datetime, datetime]) -> bool:
    """Whether two shifts of one person that do not overlap leave no rest between them."""
    first, second = sorted((a, b))
    pause, served = second[0] - first[1], (first[1] - first[0]) + (second[1] - second[0])
    if pause < timedelta(hours=BREAK_H):
        return served > timedelta(hours=DUTY_MOST_H)
    return pause < rest_after(*first)
