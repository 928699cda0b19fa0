"""Any panel that takes a GET or POST with parameters of its own names.

Settings:
- `send_url`, `method` (`GET` or `POST`), `encoding` of a POST (`form` or `json`), `headers` {name: template}
- `params` {name: template}; a template holds `{to}`, `{text}`, `{id}`, `{from}`, `{secret.NAME}`
- `from`; `number`: how it wants numbers, `plus` (+98912…), `digits` (98912…), `national` (0912…)
- `ok`: an expression that must be found in the answer's body, where the panel says 200 to everything
- `reference`: the name in a JSON answer under which its own id of the message stands (`data.id`)
Secrets: as `params` names them.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import httpx

from server.messaging.adapters.shapes import Accepted, Adapter, NotSent, Outcome, Outgoing
from server.messaging.adapters.wire import ANSWER_CHARS, json_of, meaning, reference_of
from server.messaging.gateways import Gateway

_SLOT: Final = re.compile(r"\{(to|text|id|from|secret\.[A-Za-z0-9_]+)\}")


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its slots filled, in one pass: what a value holds is never taken for a slot."""
    return _SLOT.sub(lambda slot: values.get(slot[1], ""), template)


def spelled(number: str, style: str) -> str:
    """`+98912…` as the panel wants it."""
    if style == "digits":
        return number.removeprefix("+")
    return re.sub(r"^\+98(?=9)", "0", number) if style == "national" else number


class Generic(Adapter):
    """One panel."""

    def __init__(self, gateway: Gateway) -> None:
        self._settings, self._secrets = gateway.settings, gateway.secrets

    async def send(self, client: httpx.AsyncClient, message: Outgoing) -> Outcome:
        """Any 2xx, where `ok` is not set or found."""
        settings = self._settings
        values = {f"secret.{name}": value for name, value in self._secrets.items()} | {
            "to": spelled(message.to, str(settings.get("number", "plus"))),
            "text": message.text,
            "id": str(message.id),
            "from": str(settings.get("from", "")),
        }
        params = {str(name): filled(str(t), values) for name, t in dict(settings.get("params") or {}).items()}
        headers = {str(name): filled(str(t), values) for name, t in dict(settings.get("headers") or {}).items()}
        url, wanted = str(settings["send_url"]), re.compile(str(settings.get("ok") or ""))
        if str(settings.get("method", "GET")).upper() == "GET":
            response = await client.get(url, params=params, headers=headers)
        elif settings.get("encoding") == "json":
            response = await client.post(url, json=params, headers=headers)
        else:
            response = await client.post(url, data=params, headers=headers)
        return meaning(response.status_code) or self._read(response, wanted)

    def _read(self, response: httpx.Response, wanted: re.Pattern[str]) -> Outcome:
        if not wanted.search(response.text[:ANSWER_CHARS]):
            return NotSent("panel_refused")
        value: Any = json_of(response)
        for name in str(self._settings.get("reference") or "").split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return Accepted(reference_of(value))
