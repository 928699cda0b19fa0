"""What a volunteer's page says by itself: refusals of plain forms, and the few sentences of its modules."""

from typing import Any, Final

from server.pages.gate import View
from server.pages.i18n import catalogue
from server.pages.rendering import page_config

#: The sentences that the page's own modules say: a phone on a slow link is not sent the words of the whole house.
SAID: Final = (
    "Close",
    "Live",
    "Loading",
    "No words came with it.",
    "Not now: {why}",
    "Offline for {span}",
    "Please sign in again",
    "Seen {span} ago",
    "Somebody changed this while you were looking",
    "Something new has come: show it",
    "That you read this is written in the audit.",
    "The server answered with error {status}",
    "The server cannot be reached",
    "The way to the exact place",
    "This is no longer there",
    "This device does not tell where it is.",
    "This device may not tell where it is: allow it in the browser's settings.",
    "Nothing waits here now: somebody was quicker.",
    "Not sent: the server cannot be reached. Try again when the network is back.",
    "You may not see this",
    "Your centre sees roughly where you are, for a while.",
    "just now",
    "time is up",
    "{n} d ago",
    "{n} h",
    "{n} h ago",
    "{n} min",
    "{n} min ago",
    "{n} min left",
    "{n} s",
    "{n} s left",
)

PROBLEMS: Final[dict[str, tuple[str, str]]] = {
    "lease.lost": (
        "این مأموریت دیگر با شما نیست: زمان آن گذشت یا به دیگری سپرده شد.",
        "This task is no longer yours: its time ran out or it was given to somebody else.",
    ),
    "queue.empty": (
        "چیزی در این صف نماند: دیگری زودتر برداشت.",
        "Nothing waits here now: somebody was quicker.",
    ),
    "claim.cap": (
        "پیش از برداشتن مأموریت تازه، آنچه برداشته‌اید بپذیرید یا برگردانید.",
        "Accept or give back what you have claimed before you take more.",
    ),
    "volunteer.not_active": ("شما اکنون در استراحت یا غایب ثبت شده‌اید.", "You are marked as resting or away."),
    "stock.short": (
        "موجودی برای این بار کافی نیست: بنویسید چه بار زده‌اید.",
        "There is not enough in stock for this load: write what you really loaded.",
    ),
    "volunteer.rests": (
        "نخست باید استراحتی که قانون می‌خواهد تمام شود.",
        "The rest that the rules ask for is not over yet.",
    ),
    "volunteer.not_vetted": ("مرکز هنوز ثبت‌نام شما را ندیده است.", "Your centre has not confirmed you yet."),
    "offer.too_late": (
        "سپاس که خواستید. دیگری زودتر پذیرفت یا دیگر نیازی نیست.",
        "Thank you for wanting to. Somebody else was first, or it is no longer needed.",
    ),
    "task.taken": ("همین حالا کس دیگری این مأموریت را برداشت.", "Somebody else has just taken this task."),
    "task.skills": (
        "این مأموریت مهارت‌هایی می‌خواهد که برای او ثبت نشده است.",
        "This task takes skills that are not named there.",
    ),
    "task.team_required": ("این مأموریت گروه می‌خواهد.", "This task takes a team."),
    "task.woman_required": ("این مأموریت برای داوطلب زن است.", "This task is for a woman volunteer."),
    "task.women_first": (
        "این مأموریت در دقیقه‌های نخست برای داوطلبان زن نگه داشته می‌شود.",
        "For the first minutes this task is kept for women volunteers.",
    ),
    "not_found": ("کسی با این کد پیدا نشد.", "Nobody with this code was found."),
    "shift.overlaps": ("در آن زمان نوبت دیگری دارید.", "You have another shift at that time."),
    "shift.rest": (
        "میان این نوبت و نوبت دیگر استراحت کافی نیست.",
        "There is too little rest between this shift and another.",
    ),
    "shift.over": ("این نوبت به پایان رسیده یا لغو شده است.", "This shift is over or was called off."),
    "other": ("این کار انجام نشد. دوباره تلاش کنید.", "That did not work. Please try again."),
}
"""code of a refused form → (Persian, English)."""


def words(lang: str) -> dict[str, Any]:
    """The page's configuration with its few words."""
    known = catalogue(lang)
    return {"lang": lang, "zone": "Asia/Tehran", "words": {one: known[one] for one in SAID if one in known}}


def config(view: View) -> dict[str, Any]:
    """The few words of a volunteer's phone; all of them for who is called by alarms too."""
    return words(view.lang) if view.frame()["alarms"] is None else page_config(view.lang)
