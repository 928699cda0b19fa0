"""Why an encrypted submission is not open, in words. Pure."""

from collections.abc import Mapping
from typing import Final

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "encrypted.no_key": (
        "رمزشده است و هیچ کلیدی در اینجا آن را باز نمی‌کند. کلید مرکز را بیفزایید.",
        "Encrypted, and no key here opens it. Add the centre's key.",
    ),
    "encrypted.file_missing": (
        "رمزشده است و یکی از پرونده‌هایش هنوز نرسیده است.",
        "Encrypted, and one of its files has not come yet.",
    ),
    "encrypted.file_damaged": (
        "رمزشده است و یکی از پرونده‌هایش آسیب دیده است. از گوشی دوباره بفرستید.",
        "Encrypted, and one of its files is damaged. Send it from the phone again.",
    ),
    "encrypted.seal_broken": (
        "رمزشده است و پرونده‌هایش با مهر آن نمی‌خوانند.",
        "Encrypted, and its files are not those that it was sealed with.",
    ),
    "encrypted.malformed": (
        "فهرست پرونده‌های رمزشده‌اش درست نیست؛ نگه داشته شده است.",
        "Its manifest of encrypted files is not right; it is kept.",
    ),
    "encrypted.other_form": (
        "آنچه در آن رمز شده پاسخ فرم دیگری است؛ نگه داشته شده است.",
        "What is encrypted in it answers another form; it is kept.",
    ),
    "encrypted.known": (
        "همین پاسخ‌ها یک بار دیگر هم رمز و فرستاده شده و از آنجا خوانده شده است.",
        "The same answers were encrypted and sent once more, and are read there.",
    ),
    "encrypted.too_large": (
        "پرونده‌های رمزشده‌اش بیش از آن بزرگ است که باز شود؛ نگه داشته شده است.",
        "Its encrypted files are too large to be opened; they are kept.",
    ),
    "encrypted.too_costly": (
        "باز کردنش چند بار ناتمام ماند. با افزودن کلید یا پرونده دوباره آزموده می‌شود.",
        "Opening it broke off several times. It is tried again when a key or a file is added.",
    ),
    "encrypted.unreadable": (
        "آنچه نگه داشته شده در این دستگاه باز نمی‌شود.",
        "What is kept of it does not open on this machine.",
    ),
}
"""By `submissions.reason`: Persian, English."""
