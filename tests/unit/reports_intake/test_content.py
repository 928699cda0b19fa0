"""Raw bytes to readable text, and what is odd in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reports.content import content_flags, declared_charset, text_of

FA = "کمک می‌خواهیم، پل شکسته"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (FA.encode(), "text/plain", FA),
        (FA.encode(), 'text/plain; charset="UTF-8"', FA),
        (FA.encode(), "text/plain; charset=ascii", FA),
        (FA.encode("utf-16-be"), "text/plain; charset=UTF-16BE", FA),
        (FA.encode("utf-16-be"), "text/plain", FA),
        (FA.encode("utf-16-le"), "application/octet-stream", FA),
        (FA.encode("utf-16"), "text/plain", FA),
        ("آب آب".encode("utf-16-be"), "application/octet-stream", "آب آب"),
        ("\u00e9t\u00e9".encode("utf-16"), "text/plain", "\u00e9t\u00e9"),
        ("آب نداريم".encode("cp1256"), "text/plain", "آب نداريم"),
        ("caf\u00e9".encode("latin-1"), "text/plain", "caf\u00e9"),
        (FA.encode()[:-1], "text/plain", FA[:-1] + "\ufffd"),
        ("a\ud83d\ude00b".encode("utf-8", "surrogatepass"), "text/plain", "a\U0001f600b"),
        ("a\ud83db".encode("utf-8", "surrogatepass"), "text/plain", "a\ufffdb"),
        (b"a\x00b\x07c\n", "text/plain", "abc\n"),
        (b"a &quot;b&quot; &amp; c", "text/plain", "a &quot;b&quot; &amp; c"),
        (b"a &quot;b&quot; &amp; c", "text/plain; charset=utf-8; entities=html", 'a "b" & c'),
        ('{"message": "سلام", "x": 1}'.encode(), "application/json", "سلام"),
        (b'{"x": 1}', "application/json", '{"x": 1}'),
        (b"{broken", "application/json", "{broken"),
        ("<data><a>سیل</a><b>&amp; آب</b></data>".encode(), "text/xml; charset=utf-8", "سیل\n& آب"),
    ],
)
def test_text(body: bytes, content_type: str, text: str) -> None:
    assert text_of(body, content_type) == text


@given(
    st.binary(max_size=300),
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                "text/plain; charset=hex",
                "application/json",
                "text/xml",
                "text/plain; charset=utf-16",
                "text/plain; charset=\0",
                ";",
                "text/plain; charset=idna",
                "text/plain; charset=utf-7",
                "text/plain; charset=unicode_escape",
                "a/b; charset=punycode",
            ]
        ),
    ),
)
def test_reading_never_raises_and_is_always_writable(body: bytes, content_type: str) -> None:
    text = text_of(body, content_type)
    assert "\0" not in text
    text.encode()
    content_flags(body, content_type)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x06")))
def test_text_that_is_well_formed_stays_itself(text: str) -> None:
    flags = content_flags(text.encode(), "text/plain")
    assert "not_utf8" not in flags
    assert "lone_surrogate" not in flags
    kept = "".join(s for s in text if s in "\t\n\r" or (s >= " " and s != "\x7f"))
    assert text_of(text.encode(), "text/plain") == kept


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/plain", None),
        ("text/plain; charset=UTF-16BE", "utf-16-be"),
        ("text/plain; charset=nonsense", None),
        ("text/plain; charset=zlib", None),
        ("", None),
        ("text/plain; charset=", None),
    ],
)
def test_only_charsets_of_text_count(content_type: str, charset: str | None) -> None:
    assert declared_charset(content_type) == charset
