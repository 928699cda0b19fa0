"""What android-sms-gateway (capcom6) posts, as what we keep. Pure.

`{deviceId, event, id, payload, webhookId}`; the payload of an incoming message is {messageId, message, sender (older
versions: phoneNumber), recipient, simNumber, receivedAt}.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from server.kernel.ids import uuid7
from server.reports.intake import Incoming
from server.reports.rules import in_order
from server.reports.schemas import claim, parse_object

DELIVERIES: Final = {"sms:sent": "sent", "sms:delivered": "delivered", "sms:failed": "failed"}
_MESSAGES: Final = {"sms:received", "sms:data-received", "mms:received", "mms:downloaded"}
_BEATS: Final = {"system:ping", "app:started", "sms:cancelled"}
_OWN: Final = frozenset({"message", "data", "sender", "phoneNumber", "recipient", "body"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one of our messages: `reference` is the id under which the phone took it."""

    reference: str
    state: str


@dataclass(frozen=True, slots=True)
class Ping:
    """The phone is there; nothing else to keep."""


def event_of(raw: bytes, content_type: str, caller_id: UUID) -> Incoming | Delivery | Ping:
    """What a webhook says. What cannot be understood is kept whole, flagged `malformed`."""
    parsed = parse_object(raw)
    data = parsed.data or {}
    event, payload = _text(data.get("event")), data.get("payload")
    source = f"sms:android:{caller_id}"
    if event in _BEATS:
        return Ping()
    if isinstance(payload, dict) and event in DELIVERIES and _text(payload.get("messageId")):
        return Delivery(_text(payload["messageId"]) or "", DELIVERIES[event])
    if not isinstance(payload, dict) or event not in _MESSAGES:
        key = _text(data.get("id"))
        flags = ["malformed", "no_sender"] + ([] if key else ["no_id"])
        return Incoming("sms", source, key or str(uuid7()), raw, content_type=content_type, flags=in_order(flags))
    body, kind, flags = _body(event, payload, parsed.bytes_of)
    key = _identity(data, payload)
    sender = _text(payload.get("sender")) or _text(payload.get("phoneNumber"))
    flags += ([] if key else ["no_id"]) + ([] if sender else ["no_sender"])
    beside = {name: value for name, value in payload.items() if name not in _OWN}
    return Incoming(
        "sms",
        source,
        key or str(uuid7()),
        body,
        sender,
        _text(payload.get("recipient")),
        kind,
        {"event": event, "webhook": data.get("id"), "device": data.get("deviceId"), **beside},
        occurred_at=claim(payload.get("receivedAt")),
        flags=in_order(flags),
    )


def _body(event: str, payload: Mapping[str, Any], bytes_of: Any) -> tuple[bytes, str, list[str]]:
    """Body, content type, flags."""
    if event == "sms:data-received":
        try:
            return base64.b64decode(str(payload.get("data")), validate=True), "application/octet-stream", []
        except (binascii.Error, ValueError):
            return str(payload.get("data")).encode("utf-8", "surrogatepass"), "text/plain; charset=utf-8", ["malformed"]
    names = ("message",) if event == "sms:received" else ("body", "subject")
    text = next((payload[name] for name in names if isinstance(payload.get(name), str)), "")
    flags = [] if event == "sms:received" else ["media"]
    if event == "sms:received" and not isinstance(payload.get("message"), str):
        flags.append("malformed")
    return bytes_of(text), "text/plain; charset=utf-8", flags


def _identity(data: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    """What makes the message this one.

    The webhook's `id` is the same in all its retries, but the app often posts one message as two webhooks, with two
    ids. `messageId` is a 32-bit hash that other messages may share. The two together with the moment at which the
    phone received it stay the same through retries and doubles, and differ for the same words sent hours later.
    """
    message, received = _text(payload.get("messageId")), _text(payload.get("receivedAt"))
    if message and received:
        return f"{_text(data.get('deviceId')) or ''}:{message}:{received}"
    return _text(data.get("id"))


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**40 else None
    return value if isinstance(value, str) and value.strip() else None
