"""What can go wrong with incidents and needs, in both languages."""

from server.kernel.errors import Problem


def not_alike() -> Problem:
    """409: two records that are not of one kind cannot be merged."""
    return Problem(
        409,
        "merge.not_alike",
        "Only two open records of the same emergency and category can be merged.",
        "تنها دو مورد باز از یک بحران و یک دسته را می‌توان یکی کرد.",
    )


def same_record() -> Problem:
    """409: merged with itself."""
    return Problem(409, "merge.same", "A record cannot be merged with itself.", "یک مورد را نمی‌توان با خودش یکی کرد.")


def not_linked() -> Problem:
    """409: the report has no part in it."""
    return Problem(
        409, "split.not_linked", "This report is not part of that record.", "این گزارش بخشی از آن مورد نیست."
    )


def last_report() -> Problem:
    """409: nothing would be left."""
    return Problem(
        409,
        "split.last",
        "It is the only report of this record: there is nothing to split.",
        "این تنها گزارش این مورد است؛ چیزی برای جداکردن نیست.",
    )


def has_live_task() -> Problem:
    """409: someone is on the way for the record that would vanish."""
    return Problem(
        409,
        "merge.tasked",
        "The other record has a live task: merge the other way round.",
        "مورد دیگر کار در جریان دارد؛ وارونه ادغام کنید.",
    )


def unknown_category(code: str) -> Problem:
    """422: not in the taxonomy."""
    return Problem(
        422,
        "category.unknown",
        f"No such category: {code}.",
        f"چنین دسته‌ای نیست: {code}.",
        fields=[{"field": "category", "code": "unknown", "message": code}],
    )
