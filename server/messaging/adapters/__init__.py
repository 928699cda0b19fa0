"""How a message is handed to each kind of gateway. In a drill nothing ever leaves the machine: see `adapter_for`."""

from collections.abc import Callable, Mapping
from typing import Final

from server.messaging.adapters.android import Android
from server.messaging.adapters.fake import Fake
from server.messaging.adapters.generic import Generic
from server.messaging.adapters.kannel import Kannel
from server.messaging.adapters.shapes import Adapter
from server.messaging.adapters.twilio import Twilio
from server.messaging.gateways import Gateway

_KINDS: Final[Mapping[str, Callable[[Gateway], Adapter]]] = {
    "kannel": Kannel,
    "android": Android,
    "twilio": Twilio,
    "generic": Generic,
}


def adapter_for(gateway: Gateway | None, *, drill: bool) -> Adapter | None:
    """What hands a message over to a gateway; None: this gateway sends nothing here.

    The one place where a drill is kept on its machine: whatever gateway it has, or none, `Fake` takes the message.
    In a real instance a fake gateway sends nothing, or messages would seem delivered that nobody gets.
    """
    if drill:
        return Fake(gateway.settings if gateway else {})
    if gateway is None or gateway.kind not in _KINDS:
        return None
    return _KINDS[gateway.kind](gateway)
