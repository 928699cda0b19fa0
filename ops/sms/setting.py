"""`hamyar sms kannel`: a link added or removed; the gateway's row, the plan and kannel.conf brought in line."""

import os
from dataclasses import dataclass, replace

from ops.localstack.layout import Layout
from ops.localstack.problem import Problem
from ops.sms.parts import DOOR, choose_box_owner, find_box, find_fakesmsc, write_config
from ops.sms.plan import FIRST_PORT, PORTS, Link, Plan, free_ports, write_plan

SEND_USER = "hamyar"
HOST_VARIABLE, WEB_VARIABLE = "HAMYAR_KANNEL_HOST", "HAMYAR_KANNEL_WEB"


@dataclass(frozen=True)
class Wish:
    """What this call changes; None and empty leave what is there."""

    add: Link | None = None
    remove: str = ""
    sender: str = ""
    spool: str = ""
    pending: int = 0
    first_port: int = FIRST_PORT


def next_plan(layout: Layout, old: Plan | None, wish: Wish, country_code: str) -> Plan:
    """The plan as wished. Pure but for the look for free ports when there was none. Raises Problem."""
    if old is None:
        ports = free_ports(first=wish.first_port)
        spool = str(layout.kannel / "spool")
        # In containers (docker-compose.yml): by which name this one is reached, and where web is.
        host, web = os.environ.get(HOST_VARIABLE, ""), os.environ.get(WEB_VARIABLE, "")
        door = web.rstrip("/") + DOOR if web else ""
        old = Plan("", door, "", spool=spool, country_code=country_code, host=host, ports=ports)
    if set(old.ports) != set(PORTS):
        old = replace(old, ports=free_ports(first=wish.first_port))
    new = replace(
        old,
        sender=wish.sender or old.sender,
        spool=wish.spool or old.spool,
        pending=wish.pending or old.pending,
    )
    if wish.remove:
        new = new.without_link(wish.remove)
    return new.with_link(wish.add) if wish.add else new


def check_programs(plan: Plan) -> None:
    """Raise Problem, saying what to install, when a program that the plan needs is not on this machine."""
    for name in ("bearerbox", "smsbox"):
        find_box(name)
    if any(link.fake for link in plan.links):
        find_fakesmsc()


def gateway_settings(plan: Plan, port: int) -> tuple[dict[str, str], dict[str, str]]:
    """The settings and the secrets of the gateway's row: where the outbox sends, where the pulse asks.

    Delivery reports come by the loopback and `port`, ours, even where the world knows us by a public address.
    """
    host = plan.host or "127.0.0.1"
    own = plan.door.removesuffix(DOOR) if plan.door else f"http://127.0.0.1:{port}"
    settings = {
        "send_url": f"http://{host}:{plan.ports['sendsms']}/cgi-bin/sendsms",
        "status_url": f"http://{host}:{plan.ports['admin']}/status.xml",
        "username": SEND_USER,
        "from": plan.sender,
        "callback_url": own,
    }
    return settings, {"password": plan.send_password, "status_password": plan.status_password}


def keep(layout: Layout, plan: Plan) -> None:
    """Write configuration and plan; a supervisor that runs follows the plan's file within its next tick."""
    write_config(layout, plan)
    write_plan(layout, plan)


def refuse_fake(link: Link | None, *, drill: bool) -> None:
    """A played network belongs into drills: on a real instance anybody on the machine could speak as anybody."""
    if link is not None and link.fake and not drill:
        raise Problem(
            "kannel.fake_real",
            fa="شبکهٔ ساختگی تنها برای سامانهٔ تمرینی است.",
            en="The played network is for drill instances only.",
        )


def describe(layout: Layout, plan: Plan) -> dict[str, object]:
    """What may be shown of the plan: no password, no token."""
    return {
        "gateway": plan.gateway,
        "links": [
            {"id": link.id, "fake": link.fake, "host": link.host, "port": link.port, "tls": link.tls}
            for link in plan.links
        ],
        "sender": plan.sender,
        "pending": plan.pending,
        "spool": plan.spool,
        "ports": plan.ports,
        "config": str(layout.kannel / "kannel.conf"),
        "user": choose_box_owner(layout).name,
    }
