"""Kannel's `sendsms` (user guide of 1.4.5, "SMS-push"): GET with the text, answered 202, reports to `dlr-url`.

Settings: `send_url` (`http://127.0.0.1:13013/cgi-bin/sendsms`), `username`, `from`, `smsc`. Secret: `password`.
Kannel knows no id of ours, so an attempt without an answer is never repeated here.
"""

from typing import Final

import httpx

from server.messaging.adapters.shapes import Accepted, Adapter, NotSent, Outcome, Outgoing
from server.messaging.adapters.wire import meaning
from server.messaging.gateways import Gateway
from server.messaging.segments import is_gsm7

REPORTS: Final[dict[str, str]] = {"1": "delivered", "2": "failed", "4": "sent", "8": "sent", "16": "failed"}
"""`%d` of a delivery report → state: 1 on the phone, 2 not; 4 and 8 with the SMSC; 16 refused by it."""
_ALL_REPORTS: Final = "31"


class Kannel(Adapter):
    """One `sendsms` user."""

    def __init__(self, gateway: Gateway) -> None:
        self._settings, self._secrets = gateway.settings, gateway.secrets

    async def send(self, client: httpx.AsyncClient, message: Outgoing) -> Outcome:
        """0 and 3 ("accepted", "queued") come as 202. "Not routable" is final; no password, no room are not."""
        query = {
            "username": str(self._settings.get("username", "")),
            "password": self._secrets.get("password", ""),
            "from": str(self._settings.get("from", "")),
            "to": message.to,
            "text": message.text,
            "coding": "0" if is_gsm7(message.text) else "2",
            "charset": "UTF-8",
        }
        if smsc := self._settings.get("smsc"):
            query["smsc"] = str(smsc)
        if message.report_url:
            query |= {"dlr-mask": _ALL_REPORTS, "dlr-url": f"{message.report_url}&state=%d"}
        if message.lives_s:
            query["validity"] = str(max(1, message.lives_s // 60))
        response = await client.get(str(self._settings["send_url"]), params=query)
        if response.status_code == httpx.codes.FORBIDDEN and "routable" in response.text:
            return NotSent("refused", final=True)
        return meaning(response.status_code) or Accepted(str(message.id))
