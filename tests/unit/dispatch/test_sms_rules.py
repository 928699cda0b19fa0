"""Why a task failed, from a volunteer's own words."""

import pytest

from server.dispatch.rules import FAIL_REASONS
from server.dispatch.sms_rules import fail_reason


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("جاده بسته بود", "unreachable"),
        ("road is blocked", "unreachable"),
        ("کسی را پیدا نکردیم", "not_found"),
        ("قبلا کمک رسیده بود", "already_served"),
        ("ماشین خراب شد", "no_vehicle"),
        ("کالا نبود", "no_stock"),
        ("خطرناک است", "unsafe"),
        ("نپذیرفتند", "refused"),
        ("not found", "not_found"),
        ("", "other"),
        ("خسته‌ام", "other"),
    ],
)
def test_reasons(words: str, code: str) -> None:
    assert fail_reason(words) == code
    assert code in FAIL_REASONS
