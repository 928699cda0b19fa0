"""Twilio's Messages resource, and whatever speaks like it: a form POST with basic authentication, answered 201.

Settings: `account_sid`, `from` (a number, or a service's id `MG…`), `send_url` (the API's address: we name no host).
Secret: `auth_token`. It takes no id of ours, so an attempt without an answer is never repeated here.
"""

from typing import Final

import httpx

from server.messaging.adapters.shapes import Accepted, Adapter, NotSent, Outcome, Outgoing
from server.messaging.adapters.wire import json_of, meaning, reference_of
from server.messaging.gateways import Gateway

REPORTS: Final[dict[str, str]] = {
    "accepted": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""`MessageStatus` of a status callback → state."""
_REFUSED: Final = frozenset({21211, 21214, 21217, 21408, 21610, 21612, 21614, 21617})
"""Error codes that speak of this number or text; any other 400 speaks of the account or the sender's number."""


class Twilio(Adapter):
    """One account."""

    def __init__(self, gateway: Gateway) -> None:
        self._settings, self._secrets = gateway.settings, gateway.secrets

    async def send(self, client: httpx.AsyncClient, message: Outgoing) -> Outcome:
        """201 with the message's `sid`."""
        account = str(self._settings["account_sid"])
        base = str(self._settings["send_url"]).rstrip("/")
        sender = str(self._settings["from"])
        form = {"To": message.to, "Body": message.text}
        form["MessagingServiceSid" if sender.startswith("MG") else "From"] = sender
        if message.report_url:
            form["StatusCallback"] = message.report_url
        response = await client.post(
            f"{base}/2010-04-01/Accounts/{account}/Messages.json",
            data=form,
            auth=httpx.BasicAuth(account, self._secrets.get("auth_token", "")),
        )
        answer = json_of(response)
        if response.status_code == httpx.codes.BAD_REQUEST:
            return NotSent("refused", final=answer.get("code") in _REFUSED)
        return meaning(response.status_code) or Accepted(reference_of(answer.get("sid")))
