"""HTTP to gateways: limits of time, and what each failure means for a message that must not go out twice."""

import logging
import re
from typing import Any, Final

import httpx
import orjson
import structlog

from server.messaging.adapters.shapes import Adapter, NotSent, Outcome, Outgoing, Unknown

log = structlog.get_logger("outbox")
TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
MOST_CONNECTIONS: Final = 64
ANSWER_CHARS: Final = 10_000
_BUSY: Final = frozenset({408, 425, 429, 503})
_MESSAGE: Final = frozenset({400, 413, 414, 422})

# httpx tells every address at INFO, and an address may hold the number and the words.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def open_client() -> httpx.AsyncClient:
    """A client for all gateways. No connection is kept: one that its server closed meanwhile would leave a message
    in doubt. No proxy of the environment, no redirect: numbers go where the gateway's settings say, and nowhere else.
    """
    limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=0)
    return httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False, follow_redirects=False)


async def handing_over(adapter: Adapter, client: httpx.AsyncClient, message: Outgoing) -> Outcome:
    """Hand over; a failure before the request could be sent is certain, any later one is not.

    Adapters read their settings before they send, so a mistake in those is certain too.
    """
    try:
        return await adapter.send(client, message)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        return NotSent("unreachable")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, KeyError, ValueError, re.error):
        return NotSent("settings")
    except httpx.TimeoutException:
        return Unknown("no_answer")
    except httpx.HTTPError:
        return Unknown("cut")
    except Exception as error:  # noqa: BLE001 - whatever it was, the gateway may have the message by now
        log.warning("gateway.fault", kind=type(error).__name__)
        return Unknown("fault")


def meaning(status: int) -> Outcome | None:
    """What a status says of the message; None: the gateway took it.

    A gateway that is busy, unknown or badly set up took nothing. 400 and its kin are about the message itself. Any
    other 5xx leaves open how far it got.
    """
    if httpx.codes.is_success(status):
        return None
    if status in _BUSY:
        return NotSent("busy")
    if status in _MESSAGE:
        return NotSent("refused", final=True)
    if httpx.codes.is_server_error(status):
        return Unknown(f"http_{status}")
    return NotSent(f"http_{status}")


def json_of(response: httpx.Response) -> dict[str, Any]:
    """The answer as a JSON object; empty when it is none."""
    try:
        data = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return data if isinstance(data, dict) else {}


def reference_of(value: object) -> str | None:
    """A gateway's own name for a message, as it may be kept: short and not empty."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text[:120] or None
