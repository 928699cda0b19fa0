"""A message as each kind of gateway would hand it over, signed as it would sign. Pure."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson

from server.messaging.gateways import Gateway
from server.reports.doors.signatures import android_signature, twilio_signature

SENDER = "hamyar-test"
"""A name, not a number: no receipt goes out to anybody."""
RECIPIENT = "3000"


@dataclass(frozen=True)
class Sample:
    """One request."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def sample(gateway: Gateway, url: str, key: str, words: str) -> Sample:
    """The request for `url`, the address of the door with its secret. `key`: the message's id at the gateway."""
    if gateway.kind == "android":
        return _android(gateway, key, words)
    if gateway.kind == "twilio":
        pairs = [("MessageSid", key), ("From", SENDER), ("To", RECIPIENT), ("Body", words)]
        signed = twilio_signature(gateway.secrets.get("auth_token", ""), url, pairs)
        form = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signed}
        return Sample(urlencode(pairs).encode(), form)
    if gateway.kind == "kannel":
        return Sample(words.encode(), {"Content-Type": 'text/plain; charset="UTF-8"', "X-Kannel-From": SENDER})
    names = gateway.settings.get("map") or {}
    values = {"id": key, "from": SENDER, "to": RECIPIENT, "text": words}
    sent = {_named(names, name): value for name, value in values.items()}
    if names:
        return Sample(urlencode(sent).encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    return Sample(orjson.dumps(sent), {"Content-Type": "application/json"})


def _named(names: Mapping[str, object], ours: str) -> str:
    found = names.get(ours, ours)
    return str(found[0] if isinstance(found, list) and found else found)


def _android(gateway: Gateway, key: str, words: str) -> Sample:
    received = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    payload = {"messageId": key, "message": words, "sender": SENDER, "simNumber": 1, "receivedAt": received}
    event = {"deviceId": "test", "event": "sms:received", "id": key, "payload": payload, "webhookId": "test"}
    body, stamp = orjson.dumps(event), str(int(time.time()))
    signed = android_signature(gateway.secrets.get("signing_key", ""), body, stamp)
    return Sample(body, {"Content-Type": "application/json", "X-Signature": signed, "X-Timestamp": stamp})
