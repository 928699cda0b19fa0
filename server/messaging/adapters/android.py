"""android-sms-gateway's send API (docs.sms-gate.app, "Sending messages"), on the phone itself or through its cloud.

Settings: `send_url` (`http://PHONE:8080/message`, or `https://…/3rdparty/v1/messages`), `username`, `sim`. Secret:
`password`. The id is ours, so before an unanswered attempt is repeated the gateway is asked whether it has it: the
cloud answers 409 to a known id, what the phone does with one differs between its versions.
"""

from typing import Any, ClassVar, Final

import httpx

from server.messaging.adapters.shapes import Accepted, Adapter, Outcome, Outgoing
from server.messaging.adapters.wire import meaning
from server.messaging.gateways import Gateway

LIFE_PRIORITY: Final = 100
"""From here on the phone's own limits and delays are passed."""


class Android(Adapter):
    """One phone, or one account of its cloud."""

    asks: ClassVar[bool] = True

    def __init__(self, gateway: Gateway) -> None:
        self._settings, self._secrets = gateway.settings, gateway.secrets

    async def send(self, client: httpx.AsyncClient, message: Outgoing) -> Outcome:
        """202 Accepted; 409: it has this id already."""
        url, known = str(self._settings["send_url"]).rstrip("/"), message.name
        auth = httpx.BasicAuth(str(self._settings.get("username", "")), self._secrets.get("password", ""))
        if message.again:
            asked = await client.get(f"{url}/{known}", auth=auth)
            if asked.is_success:
                return Accepted(known)
            if asked.status_code != httpx.codes.NOT_FOUND:
                return meaning(asked.status_code) or Accepted(known)
        body: dict[str, Any] = {
            "id": known,
            "textMessage": {"text": message.text},
            "phoneNumbers": [message.to],
            "withDeliveryReport": True,
            "priority": LIFE_PRIORITY if message.life else 0,
        }
        if message.lives_s:
            body["ttl"] = message.lives_s
        if sim := self._settings.get("sim"):
            body["simNumber"] = int(sim)
        response = await client.post(url, json=body, auth=auth)
        if response.status_code == httpx.codes.CONFLICT:
            return Accepted(known)
        return meaning(response.status_code) or Accepted(known)
