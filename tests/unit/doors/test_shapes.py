"""Signatures, headers of parts, addresses, and what strangers' requests say."""

import json
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.messaging.gateway_rules import address_allowed, is_back, is_silent, networks_wrong
from server.reports.content import text_of
from server.reports.doors import panel_shape, twilio
from server.reports.doors.android_shape import Delivery, Ping, event_of
from server.reports.doors.forms import body_pairs, pairs_of
from server.reports.doors.signatures import (
    android_signature,
    android_signed,
    is_time,
    twilio_signature,
    twilio_signed,
)
from server.reports.intake import Incoming
from server.reports.sms_routes import generic_message
from server.reports.udh import Concat, as_meta, concat_of, from_meta, header_of

ME = UUID(int=7)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


class TestSignatures:
    def test_the_example_of_twilios_documentation(self) -> None:
        url = "https://mycompany.com/myapp.php?foo=1&bar=2"
        form = {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+14158675309",
            "Digits": "1234",
            "From": "+14158675309",
            "To": "+18005551212",
        }
        assert twilio_signature("12345", url, form.items()) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        assert twilio_signed("12345", url, form.items(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
        with_port = url.replace(".com/", ".com:443/")
        assert twilio_signed("12345", with_port, form.items(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
        assert not twilio_signed("12345", url.replace("https", "http"), form.items(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
        assert not twilio_signed("12346", url, form.items(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
        assert not twilio_signed("12345", url, form.items(), "")

    def test_a_phone_signs_its_body_and_its_time(self) -> None:
        # RFC 4231's second vector, split into body and time.
        key, whole = "Jefe", b"what do ya want for nothing?"
        known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        assert android_signature(key, whole[:-4], whole[-4:].decode()) == known
        assert android_signed(key, whole[:-4], whole[-4:].decode(), known.upper())
        for body, time, signature in ((whole, "", "x"), (whole[:-4], "ing!", known), (b"", "", ""), (b"", "", "é")):
            assert not android_signed(key, body, time, signature)

    @pytest.mark.parametrize(
        ("stamp", "possible"),
        [("1763800000", True), ("", False), ("yesterday", False), ("-5", False), ("99999999999", False), ("۱۷", False)],
    )
    def test_a_time_is_possible_or_not(self, stamp: str, *, possible: bool) -> None:
        assert is_time(stamp) is possible


class TestHeaders:
    @pytest.mark.parametrize(
        ("header", "part"),
        [
            ("050003CC0201", Concat(0xCC, 2, 1)),
            ("060804ABCD0303", Concat(0xABCD, 3, 3)),
            ("0B05040B8423F0" + "0003CC0202", Concat(0xCC, 2, 2)),
            ("050003CC0101", None),
            ("050003CC0200", None),
            ("050003CC0203", None),
            ("050003CC0001", None),
            ("050003CC02", None),
            ("06050400000000", None),
            ("", None),
            ("00", None),
        ],
    )
    def test_which_part_of_how_many(self, header: str, part: Concat | None) -> None:
        assert concat_of(bytes.fromhex(header)) == part
        assert from_meta({"x-kannel-udh": header}) == part

    @given(st.binary(max_size=60))
    def test_no_header_breaks_it(self, raw: bytes) -> None:
        part = concat_of(raw)
        assert part is None or 1 <= part.number <= part.total <= 255 >= part.total > 1

    @given(
        reference=st.integers(0, 65535),
        total=st.integers(2, 255),
        data=st.data(),
        other=st.binary(max_size=20),
        long=st.booleans(),
    )
    def test_a_part_is_found_behind_other_elements(
        self, reference: int, total: int, data: st.DataObject, other: bytes, *, long: bool
    ) -> None:
        number = data.draw(st.integers(1, total))
        reference = reference if long else reference & 0xFF
        element = b"\x08\x04" + reference.to_bytes(2) if long else b"\x00\x03" + bytes([reference])
        elements = b"\x70" + bytes([len(other)]) + other + element + bytes([total, number])
        part = Concat(reference, total, number)
        assert concat_of(bytes([len(elements)]) + elements) == part
        assert from_meta({"part": as_meta(part)}) == part

    def test_octets_and_hexadecimal_are_the_same_header(self) -> None:
        assert header_of("050003CC0201") == header_of(bytes.fromhex("050003CC0201"))

    @given(st.dictionaries(st.sampled_from(["part", "udh", "x-kannel-udh"]), st.none() | st.text() | st.integers()))
    def test_any_meta_is_a_part_or_none(self, meta: dict[str, Any]) -> None:
        from_meta(meta)


class TestAddresses:
    def test_networks(self) -> None:
        allowed = ["192.0.2.0/24", "2001:db8::/32", "203.0.113.7"]
        assert networks_wrong([*allowed, "", "10.0.0.0/33"]) == ["", "10.0.0.0/33"]
        for address in ("192.0.2.9", "2001:db8::1", "203.0.113.7", "::ffff:192.0.2.9"):
            assert address_allowed(address, allowed)
        for stranger in ("192.0.3.1", "::1", "", None, "testclient"):
            assert not address_allowed(stranger, allowed)
            assert address_allowed(stranger, [])

    @given(st.floats(0, 1e6), st.integers(5, 86400))
    def test_nobody_is_silent_and_back_at_once(self, quiet_s: float, beat_s: int) -> None:
        assert not (is_silent(quiet_s, beat_s) and is_back(quiet_s, beat_s))
        assert is_back(quiet_s, None)
        assert not is_silent(quiet_s, None)


def phone(event: str = "sms:received", **payload: Any) -> bytes:
    said = {
        "messageId": "83be51e4",
        "message": "کمک",
        "sender": "+989121234567",
        "recipient": None,
        "simNumber": 1,
        "receivedAt": "2026-11-22T10:00:00+03:30",
    } | payload
    return orjson.dumps({"deviceId": "d1", "event": event, "id": "w1", "webhookId": "h1", "payload": said})


class TestAndroid:
    def test_identity_outlives_retries_and_doubles_and_tells_repeated_words_apart(self) -> None:
        def key(raw: bytes) -> str:
            item = event_of(raw, "application/json", ME)
            assert isinstance(item, Incoming)
            return item.source_key

        assert key(phone()) == key(phone().replace(b'"w1"', b'"w2"'))
        assert key(phone()) != key(phone(receivedAt="2026-11-22T13:00:00+03:30"))
        assert key(phone(receivedAt=None)) == "w1"

    def test_older_versions_and_other_events(self) -> None:
        old = event_of(phone(sender=None, phoneNumber="0912"), "", ME)
        assert isinstance(old, Incoming)
        assert (old.sender, old.body.decode(), old.meta["simNumber"]) == ("0912", "کمک", 1)
        assert event_of(phone("sms:delivered"), "", ME) == Delivery("83be51e4", "delivered")
        assert event_of(orjson.dumps({"event": "system:ping", "payload": {}}), "", ME) == Ping()
        data = event_of(phone("sms:data-received", data="AAEC"), "", ME)
        assert isinstance(data, Incoming)
        assert data.body == b"\0\1\2"
        picture = event_of(phone("mms:received", subject="پل", message=None), "", ME)
        assert isinstance(picture, Incoming)
        assert (picture.body.decode(), picture.flags) == ("پل", ["media"])

    @pytest.mark.parametrize("event", [["sms:received"], {"a": 1}, 5, None, "sms:unheard"])
    def test_an_event_that_is_none_is_kept_whole(self, event: Any) -> None:
        raw = as_json({"event": event, "id": "w1", "payload": {"message": "کمک"}})
        item = event_of(raw, "application/json", ME)
        assert isinstance(item, Incoming)
        assert (item.body, item.flags) == (raw, ["malformed", "no_sender"])

    @given(st.binary(max_size=100) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(as_json))
    def test_whatever_comes_is_kept(self, raw: bytes) -> None:
        item = event_of(raw, "application/json", ME)
        assert isinstance(item, Incoming)
        assert item.body == raw


class TestPanels:
    def test_the_usual_names_and_a_map(self) -> None:
        pairs = pairs_of(b"to=3000&body=%DA%A9%D9%85%DA%A9+%DA%A9&from=09121234567")
        item, numbered = panel_shape.message_of(b"", "", pairs, {}, ME)
        assert (item.body.decode(), item.sender, item.recipient, numbered) == ("کمک ک", "09121234567", "3000", False)
        said = pairs_of(b"s=1&t=hi&n=77&at=1763800000&r=5&p=2&of=3")
        names = {"from": "s", "text": ["x", "t"], "id": "n", "time": "at", "to": None, "ref": "r", "part": "p"}
        item, numbered = panel_shape.message_of(b"", "", said, {"map": names | {"total": "of"}}, ME)
        assert (item.body, item.source_key, numbered, item.flags) == (b"hi", "77", True, ["part"])
        assert from_meta(item.meta) == Concat(5, 3, 2)
        assert item.occurred_at is not None
        assert panel_shape.message_of(b"", "", pairs_of(b"text=x&time=14050901"), {}, ME)[0].occurred_at is None

    def test_other_charsets_and_no_text(self) -> None:
        item, _ = panel_shape.message_of(b"", "", pairs_of(b"text=%C7%C8"), {"charset": "windows-1256"}, ME)
        assert (item.body, item.content_type) == (b"\xc7\xc8", "text/plain; charset=windows-1256")
        # A panel whose addresses are in an old charset still posts JSON in UTF-8; a form may name its charset itself.
        raw = '{"text": "سیل"}'.encode()
        posted = body_pairs(raw, "application/json")
        item, _ = panel_shape.message_of(raw, "application/json", posted, {"charset": "windows-1256"}, ME)
        assert text_of(item.body, item.content_type) == "سیل"
        kind = "application/x-www-form-urlencoded; charset=windows-1256"
        item, _ = panel_shape.message_of(b"text=%D3%ED%E1", kind, pairs_of(b"text=%D3%ED%E1"), {}, ME)
        assert text_of(item.body, item.content_type) == "سيل"
        item, _ = panel_shape.message_of(b"a=b", "text/plain", pairs_of(b"a=b"), {}, ME)
        assert (item.body, item.flags) == (b"a=b", ["malformed", "no_id", "no_sender"])
        item, _ = panel_shape.message_of(b"text=", "text/plain", pairs_of(b"text="), {}, ME)
        assert (item.body, item.flags) == (b"", ["no_id", "no_sender"])

    def test_json_at_the_generic_door_is_read_like_the_rest(self) -> None:
        def said(**fields: Any) -> Incoming:
            item, _ = generic_message(as_json(fields), "application/json", f"sms:generic:{ME}")
            assert item.source == f"sms:generic:{ME}"
            return item

        other = said(message="کمک", sender="+989121234567", message_id="m1")
        assert (other.body.decode(), other.sender, other.source_key, other.flags) == (
            "کمک",
            "+989121234567",
            "m1",
            [],
        )
        cut = said(text="x", id="1", ref=5, part="2", total=3)
        assert (from_meta(cut.meta), cut.flags) == (Concat(5, 3, 2), ["no_sender", "part"])
        for ref, part, total in ((5, 4, 3), (5, 1, 1), ("a", 1, 2), (None, 1, 2)):
            assert from_meta(said(text="x", ref=ref, part=part, total=total).meta) is None
        form, _ = panel_shape.message_of(b"", "", pairs_of(b"text=x&ref=5&part=2&total=3"), {}, ME)
        assert from_meta(form.meta) == Concat(5, 3, 2)
        assert said(message=" ").flags[0] == "malformed"

    def test_bodies_of_every_kind(self) -> None:
        parts = b'--B\r\nContent-Disposition: form-data; name="text"\r\n\r\nhi\r\n--B--\r\n'
        assert body_pairs(parts, "multipart/form-data; boundary=B") == [("text", b"hi")]
        assert body_pairs(b'{"m": {"text": "hi", "n": 5}}', "") == [("m.text", b"hi"), ("m.n", b"5")]
        assert body_pairs(b"text=hi", "application/x-www-form-urlencoded") == [("text", b"hi")]
        assert body_pairs(b"no form", "text/plain") == []

    @given(st.binary(max_size=80), st.sampled_from(["", "multipart/form-data; boundary=B", "multipart/form-data", "x"]))
    def test_no_body_breaks_it(self, raw: bytes, kind: str) -> None:
        body_pairs(raw, kind)


def test_twilio_keeps_what_it_says_beside_the_words() -> None:
    raw = b"MessageSid=SM1&Body=Help+us&From=%2B98912&To=%2B1&NumMedia=1&MediaUrl0=https%3A%2F%2Fx"
    pairs = [(name, value.decode()) for name, value in pairs_of(raw)]
    item, numbered = twilio.message_of(raw, pairs, ME)
    assert (item.body, item.sender, item.source_key, numbered) == (b"Help us", "+98912", "SM1", True)
    assert (item.flags, item.meta["MediaUrl0"]) == (["media"], "https://x")
