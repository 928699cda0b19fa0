"""What is decided about gateways without a database: addresses, silence, doors. Pure."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

DEFAULT_BEAT_S: Final[dict[str, int | None]] = {
    "kannel": 40,
    "fake": None,
    "android": 900,
    "twilio": None,
    "generic": None,
}
"""Seconds of silence that raise an alarm. Kannel is asked every few seconds. A phone is silent while nobody writes, and
its ping comes as often as its owner set it: a quarter of an hour. Twilio, panels and a drill's own gateway say nothing
of themselves; they are watched only when somebody gives them a number of seconds and lets something call the beat."""
DOORS: Final[dict[str, str]] = {
    "kannel": "/intake/sms/kannel",
    "fake": "/intake/sms/generic",
    "android": "/intake/sms/android",
    "twilio": "/intake/sms/twilio",
    "generic": "/intake/sms/generic",
}
PATH_DOOR: Final = "/intake/sms/p/"


def door_path(kind: str, *, token: str = "", path: str = "") -> str:
    """The path, with its secret, that a gateway of this kind calls."""
    if path:
        return PATH_DOOR + path
    query = "id=%I&smsc=%i&" if kind == "kannel" else ""
    return f"{DOORS[kind]}?{query}token={token}"


def networks_wrong(networks: Sequence[str]) -> list[str]:
    """Those of the texts that are no network (CIDR) or address."""
    wrong = []
    for text in networks:
        try:
            ip_network(text, strict=False)
        except ValueError:
            wrong.append(text)
    return wrong


def address_allowed(address: str | None, networks: Sequence[str]) -> bool:
    """Whether a client's address lies in one of the networks; no networks: any address does.

    An IPv4 address that came through an IPv6 socket (`::ffff:192.0.2.1`) counts as what it is. What is no address
    (a unix socket's peer) lies in no network.
    """
    if not networks:
        return True
    try:
        client = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(client, IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped
    return any(client in ip_network(text, strict=False) for text in networks)


def is_silent(quiet_s: float | None, beat_s: int | None) -> bool:
    """Whether a watched gateway has been quiet for longer than it may."""
    return beat_s is not None and quiet_s is not None and quiet_s > beat_s


def is_back(quiet_s: float | None, beat_s: int | None) -> bool:
    """Whether its silence is over for certain: heard within half the time.

    The gap between the two is what keeps one at the edge of its time from flapping. One that is no longer watched is
    back as well.
    """
    return beat_s is None or (quiet_s is not None and quiet_s * 2 < beat_s)
