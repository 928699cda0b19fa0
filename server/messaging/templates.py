"""Every message that Hamyar writes by itself, in Persian and English. Pure.

Whoever looks over the receiver's shoulder, or reads the network, learns nothing: no place, no name, no category, no
word of a report, not even who writes. A template holds codes, words for a state, and counts; a test holds each,
with the longest parameters, to two segments (`segments.count`), most fit into one. Every line
of Persian begins with a Persian letter, so phones set it from right to left; codes stay in Latin signs between the
words: by UAX #9 a run of Latin letters and digits keeps its order there without any control character.
"""

from collections.abc import Mapping
from typing import Any, Final

LANGUAGES: Final = ("fa", "en")
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "received": ("رسیده", "received"),
    "reading": ("در حال خواندن", "being read"),
    "seen": ("دیده شد", "seen by us"),
    "assigned": ("کسی مأمور شد", "someone is assigned"),
    "on_way": ("در راه", "on its way"),
    "done": ("انجام شد", "done"),
    "person": ("نزد همکار ما", "with a person of ours"),
    "closed": ("بسته شد", "closed"),
    "read": ("خوانده شد", "read"),
    "queued": ("در نوبت کمک", "waiting its turn"),
    "part": ("بخشی انجام شد", "partly done"),
    "unknown": ("شناخته نشد", "not known"),
}
"""What STATUS may answer: the state's name → its words in Persian and English."""

TEMPLATES: Final[Mapping[str, tuple[str, str]]] = {
    "receipt": (
        "پیام شما رسید. کد {code}\nپیگیری: وضعیت {code}",
        "Your message was received. Code {code}\nTo ask: STATUS {code}",
    ),
    "receipt.many": (
        "{count} پیام دیگر شما هم رسید. کد {code}\nپیگیری: وضعیت {code}",
        "More of your messages were received: {count}. Code {code}\nTo ask: STATUS {code}",
    ),
    "status": ("کد {code}: {state}", "Code {code}: {state}"),
    "fix.done": ("اصلاح شما برای {code} رسید.", "Your correction of {code} was received."),
    "fix.unknown": (
        "کد {code} شناخته نشد. پیام شما نگه داشته شد و خوانده می‌شود.",
        "Code {code} is not known. Your message was kept and will be read.",
    ),
    "fix.asked": (
        "کد {code}: پیام شما رسید و همکار ما آن را می‌بیند.",
        "{code}: your message was received; a person of ours will see it.",
    ),
    "stop.code": ("کد {code} پس گرفته شد.", "{code} was taken back."),
    "start.done": ("باز هم به شما پیام می‌دهیم.", "You will get messages again."),
    "stop.done": (
        "دیگر پیامی نمی‌فرستیم، مگر پاسخ پیام خودتان یا برای جان شما.",
        "No more messages, except answers to your own and what concerns your life.",
    ),
    "task.new": (
        "کار تازه‌ای برای شماست.\nپاسخ: قبول {code} یا ناموفق {code}",
        "A new task for you.\nReply: ACCEPT {code} or FAIL {code}",
    ),
    "offer.offer": (
        "کاری هست که به شما می‌خورد. می‌آیید؟\nپاسخ: قبول {code} یا نه {code}",
        "There is a task that fits you. Can you?\nReply: ACCEPT {code} or NO {code}",
    ),
    "offer.hand_over": (
        "همکاری کارش را به شما می‌سپارد. می‌پذیرید؟\nپاسخ: قبول {code} یا نه {code}",
        "A colleague hands a task over to you. Can you?\nReply: ACCEPT {code} or NO {code}",
    ),
    "offer.declined": ("باشد. سپاس که گفتید.", "All right. Thank you for telling us."),
    "offer.too_late": (
        "سپاس که خواستید؛ دیگری زودتر پذیرفته است. باز هم خبرتان می‌کنیم.",
        "Thank you for wanting to; somebody else was first. We will ask you again.",
    ),
    "offer.unfit": (
        "اکنون نمی‌توانیم این کار را به شما بدهیم. با مرکز خود تماس بگیرید.",
        "We cannot give you this task just now. Please call your centre.",
    ),
    "task.accepted": (
        "پذیرفتید. سپاس.\nدر پایان: انجام {code} یا ناموفق {code}",
        "Accepted. Thank you.\nAt the end: DONE {code} or FAIL {code}",
    ),
    "task.done": ("کد {code}: پایان کار ثبت شد. سپاس.", "{code}: recorded as done. Thank you."),
    "task.failed": ("کد {code}: ثبت شد؛ به دیگری سپرده می‌شود.", "{code}: recorded; it goes to somebody else."),
    "task.passed_on": ("کد {code}: دیگر با شما نیست.", "{code}: no longer yours."),
    "task.code_unknown": (
        "این کد شناخته نشد. پیام شما به همکار ما نشان داده می‌شود.",
        "This code is not known. Your message is shown to a person of ours.",
    ),
    "task.code_missing": (
        "کد کار را هم بنویسید، مانند: انجام کد. پیام شما به همکار ما نشان داده می‌شود.",
        "Write the task's code too, like: DONE code. Your message is shown to a person of ours.",
    ),
    "task.code_old": (
        "زمان این کد گذشته است. پیام شما به همکار ما نشان داده می‌شود.",
        "This code is too old. Your message is shown to a person of ours.",
    ),
    "task.code_used": (
        "این کد پیش‌تر به کار رفته است. پیام شما به همکار ما نشان داده می‌شود.",
        "This code was used before. Your message is shown to a person of ours.",
    ),
    "alarm.life": (
        "فوری: {count} پیام هنوز دیده نشده. نخستین: {code}\nصفحه را باز کنید.",
        "Urgent: {count} not looked at yet. First: {code}\nOpen the page.",
    ),
    "help": (
        "پیام خود را به هر زبانی بنویسید.\nپیگیری: وضعیت کد\nاصلاح: اصلاح کد متن\nپایان پیام‌ها: لغو",
        "Write in your own words.\nTo ask: STATUS code\nTo correct: FIX code words\nTo end: STOP",
    ),
    "check.ask": (
        "پیام {code} شما را بررسی می‌کنیم. لطفا به همین شماره بنویسید: اکنون چگونه است، کجا، چند نفر؟",
        "We are checking your message {code}. Please write back: how is it now, where exactly, how many people?",
    ),
    "test": ("پیام آزمایشی {code}", "Test message {code}"),
}
"""name → (Persian, English). Parameters: `code` (Latin signs), `state` (a name of STATES), `count` (a whole number)."""
SECRET: Final = frozenset({"task.new", "task.accepted", "offer.offer", "offer.hand_over"})
"""Templates whose code is a key while it lives: the outbox keeps them rendered and sealed."""
LONGEST: Final[Mapping[str, Any]] = {"code": "M" * 12, "count": 100_000, "state": "person"}
"""The longest parameters that a test renders each template with."""
_PERSIAN: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def render(name: str, lang: str, params: Mapping[str, Any]) -> str:
    """A message's words. Counts come in the language's own numerals. Raises KeyError for what it does not know."""
    column = LANGUAGES.index(lang) if lang in LANGUAGES else 0
    return TEMPLATES[name][column].format_map({key: _shown(key, value, column) for key, value in params.items()})


def _shown(key: str, value: Any, column: int) -> str:
    if key == "state":
        return STATES[value][column]
    if key == "count":
        text = str(int(value))
        return text.translate(_PERSIAN) if LANGUAGES[column] == "fa" else text
    return str(value)
