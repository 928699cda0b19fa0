"""What the instance's Kannel is told: links to the networks, ports, passwords. Kept in one private file of the home.

The whole of it is secret (SMPP passwords, the token of our own door), so it is 0600 like what is rendered from it.
"""

import json
import re
import secrets
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ops.localstack.layout import Layout
from ops.localstack.problem import Problem
from ops.localstack.state import write_whole

PORTS = ("admin", "box", "sendsms", "fake")
FIRST_PORT = 13000
LINK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
PLAIN = re.compile(r"[^\x00-\x1f\x7f\"\\]*")
"""What may stand between quotes in kannel.conf: no control sign, quote or backslash, which would end the value."""


@dataclass(frozen=True)
class Link:
    """One link to a network: an SMPP account, or the network played by Kannel's own fakesmsc (`fake`).

    `host`, `port`, `system_id`, `password`, `system_type` as the operator's contract names them; `throughput` in
    messages a second, 0 for no limit.
    """

    id: str
    fake: bool = False
    host: str = ""
    port: int = 2775
    system_id: str = ""
    password: str = ""
    system_type: str = ""
    tls: bool = False
    throughput: int = 0

    def check(self) -> None:
        """Raise Problem for what Kannel could not take."""
        if not LINK_ID.fullmatch(self.id):
            raise _bad("id", self.id)
        for name in ("host", "system_id", "password", "system_type"):
            if not PLAIN.fullmatch(getattr(self, name)):
                raise _bad(name, "")
        if not self.fake and not (self.host and self.system_id and 0 < self.port < 1 << 16):
            raise _bad("host, port, system-id", "")


@dataclass(frozen=True)
class Plan:
    """Everything rendered into kannel.conf.

    `door`: the intake address, without a query; empty: this instance's own, whichever port it has. `spool`: where
    Kannel keeps what waits, in the clear. `country_code`: in front of numbers that begin with one zero; empty: none is.
    `host`: by which name other machines of a private network (containers) reach it; empty: the loopback alone.
    `pending`: how many messages smsbox may hold that bearerbox no longer does: what a kill of smsbox can lose.
    """

    gateway: str
    door: str
    token: str
    links: tuple[Link, ...] = ()
    sender: str = ""
    country_code: str = "98"
    host: str = ""
    spool: str = ""
    pending: int = 5
    retry_s: int = 10
    ports: dict[str, int] = field(default_factory=dict)
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    status_password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    send_password: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def with_link(self, link: Link) -> "Plan":
        """The plan with one more link, or the link of that id in new words."""
        link.check()
        return replace(self, links=(*(known for known in self.links if known.id != link.id), link))

    def without_link(self, link_id: str) -> "Plan":
        """The plan without that link; Problem when there is none."""
        if all(known.id != link_id for known in self.links):
            raise Problem(
                "kannel.link_unknown", fa=f"پیوندی به نام {link_id} نیست.", en=f"There is no link named {link_id}."
            )
        return replace(self, links=tuple(known for known in self.links if known.id != link_id))


def _bad(name: str, value: str) -> Problem:
    return Problem(
        "kannel.setting",
        fa=f"{name} برای Kannel پذیرفتنی نیست: {value}",
        en=f"Kannel cannot take this {name}: {value}",
    )


def plan_file(layout: Layout) -> Path:
    """Where the plan is kept."""
    return layout.kannel / "plan.json"


def config_file(layout: Layout) -> Path:
    """Where the rendered configuration is kept."""
    return layout.kannel / "kannel.conf"


def read_plan(layout: Layout) -> Plan | None:
    """The plan, None when no Kannel is configured here."""
    try:
        raw = json.loads(plan_file(layout).read_text(encoding="utf-8"))
        return Plan(**{**raw, "links": tuple(Link(**link) for link in raw["links"])})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Problem(
            "kannel.plan_unreadable",
            fa=f"پروندهٔ {plan_file(layout)} خوانده نمی‌شود.",
            en=f"{plan_file(layout)} cannot be read.",
        ) from error


def write_plan(layout: Layout, plan: Plan) -> None:
    """Keep the plan, in one step, for its owner only."""
    write_whole(plan_file(layout), json.dumps(asdict(plan), indent=1))


def free_ports(taken: Iterable[int] = (), first: int = FIRST_PORT) -> dict[str, int]:
    """Four ports of the loopback that nobody listens on now, from `first` on."""
    found: dict[str, int] = {}
    refused = set(taken)
    for port in range(first, min(first + 400, 1 << 16)):
        if len(found) == len(PORTS):
            break
        if port not in refused and _free(port):
            found[PORTS[len(found)]] = port
    if len(found) < len(PORTS):
        raise Problem("kannel.ports", fa="درگاه آزادی نماند.", en="No free ports are left.")
    return found


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
