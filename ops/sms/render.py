"""kannel.conf from a plan. Pure: no disk, no network.

Kannel's user guide, chapters 3 and 6, names the settings; a blank line inside a group would end the group.
"""

from collections.abc import Iterable
from pathlib import Path

from ops.sms.plan import Link, Plan

RETRIES = 1_000_000_000
"""Asking again without end: with ten seconds between, three hundred years."""
ANSWER_S = 600
"""How long smsbox waits for our answer. Long, since a request that waits holds its message among `pending`, while one
that fails goes to smsbox' own queue, which has no bound."""

LOOPBACK = "127.0.0.1"
Setting = tuple[str, str | int | bool]


def render(plan: Plan, *, door: str | None = None) -> str:
    """The configuration of bearerbox and smsbox both. `door`: our address, where the plan leaves it open."""
    groups = [_core(plan)]
    groups += [_link(plan, link) for link in plan.links]
    groups += [_smsbox(plan), _service(plan, door or plan.door), _user(plan)]
    return "\n".join(_group(group) for group in groups)


def _core(plan: Plan) -> list[Setting]:
    spool = Path(plan.spool)
    return [
        ("group", "core"),
        ("admin-interface", _interface(plan)),
        ("admin-port", plan.ports["admin"]),
        ("admin-password", plan.admin_password),
        ("status-password", plan.status_password),
        ("admin-deny-ip", "*.*.*.*"),
        ("admin-allow-ip", _allowed(plan)),
        ("smsbox-interface", LOOPBACK),
        ("smsbox-port", plan.ports["box"]),
        ("box-deny-ip", "*.*.*.*"),
        ("box-allow-ip", LOOPBACK),
        # One file a message, both ways: what bearerbox holds outlives it.
        ("store-type", "spool"),
        ("store-location", str(spool / "store")),
        # Which message a delivery report is about, on disk too; `internal` forgets it with the process.
        ("dlr-storage", "spool"),
        ("dlr-spool", str(spool / "dlr")),
        # No more on the way to smsbox than it may have in hand: the rest stays in the store, counted by its page.
        ("smsbox-max-pending", plan.pending),
        # A part is handed over as it comes; it is we who wait for the others, where it lies safe and can be seen.
        ("sms-combine-concatenated-mo", False),
        ("unified-prefix", f"+{code},00{code},0;+,00" if (code := plan.country_code) else "+,00"),
        # A message that a network refuses for the moment goes out again for a day.
        ("sms-resend-freq", 60),
        ("sms-resend-retry", 1440),
    ]


def _interface(plan: Plan) -> str:
    return "0.0.0.0" if plan.host else LOOPBACK  # noqa: S104 - the operator named a private network


def _allowed(plan: Plan) -> str:
    return "*.*.*.*" if plan.host else LOOPBACK


def _link(plan: Plan, link: Link) -> list[Setting]:
    if link.fake:
        return [
            ("group", "smsc"),
            ("smsc", "fake"),
            ("smsc-id", link.id),
            ("port", plan.ports["fake"]),
            ("connect-allow-ip", LOOPBACK),
        ]
    found: list[Setting] = [
        ("group", "smsc"),
        ("smsc", "smpp"),
        ("smsc-id", link.id),
        ("host", link.host),
        ("port", link.port),
        ("transceiver-mode", True),
        ("smsc-username", link.system_id),
        ("smsc-password", link.password),
        ("system-type", link.system_type),
        ("interface-version", "34"),
        ("enquire-link-interval", 15),
        ("reconnect-delay", 5),
        # An unanswered submit breaks the link off and is sent again over the next one.
        ("wait-ack", 60),
        ("wait-ack-expire", 0),
        ("source-addr-autodetect", True),
    ]
    if link.tls:
        found.append(("use-ssl", True))
    if link.throughput:
        found.append(("throughput", link.throughput))
    return found


def _smsbox(plan: Plan) -> list[Setting]:
    found: list[Setting] = [
        ("group", "smsbox"),
        ("bearerbox-host", LOOPBACK),
        ("bearerbox-port", plan.ports["box"]),
        ("sendsms-interface", _interface(plan)),
        ("sendsms-port", plan.ports["sendsms"]),
        ("mo-recode", True),
        ("http-request-retry", RETRIES),
        ("http-queue-delay", plan.retry_s),
        ("http-timeout", ANSWER_S),
        ("max-pending-requests", plan.pending),
        # Nothing goes back to the sender on Kannel's own account.
        ("reply-requestfailed", ""),
        ("reply-couldnotfetch", ""),
        ("reply-couldnotrepresent", ""),
        ("reply-emptymessage", ""),
    ]
    if plan.sender:
        found.append(("global-sender", plan.sender))
    return found


def _service(plan: Plan, door: str) -> list[Setting]:
    return [
        ("group", "sms-service"),
        ("keyword", "default"),
        ("catch-all", True),
        ("max-messages", 0),
        ("accept-x-kannel-headers", True),
        ("send-sender", True),
        # POST: a GET would put the words into the address.
        ("post-url", f"{door}?id=%I&smsc=%i&token={plan.token}"),
    ]


def _user(plan: Plan) -> list[Setting]:
    return [
        ("group", "sendsms-user"),
        ("username", "hamyar"),
        ("password", plan.send_password),
        ("user-deny-ip", "*.*.*.*"),
        ("user-allow-ip", _allowed(plan)),
        ("max-messages", 10),
        ("concatenation", True),
    ]


def _group(settings: Iterable[Setting]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in settings)


def _value(value: str | int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or value in {"core", "smsc", "smsbox", "sms-service", "sendsms-user", "default"}:
        return str(value)
    return f'"{value}"'
